import { describe, expect, it } from 'vitest';
import { decideRetry } from '../../src/engine/retry.ts';
import type { Problem } from '../../src/model/problem.ts';

const LOST: Problem = { code: 'X', message: 'x', fault: 'source', verdict: 'reconnect' };

describe('retry', () => {
  it('waits longer each time, up to a minute, and never in step', () => {
    const delays = [1, 2, 3, 4, 5].map((attempt) =>
      decideRetry(LOST, attempt, 0, { attemptsPerChunk: 99, failuresPerRun: 99 }),
    );
    delays.forEach((decision, index) => {
      const ceiling = 500 * 2 ** index;
      expect(decision.again && decision.delayMs >= ceiling / 2 && decision.delayMs <= ceiling).toBe(true);
    });
    const late = decideRetry(LOST, 30, 0, { attemptsPerChunk: 99, failuresPerRun: 99 });
    expect(late.again && late.delayMs <= 60_000).toBe(true);
  });

  it('ends with the budget of the chunk and of the run, and at once for what is fatal', () => {
    const budget = { attemptsPerChunk: 6, failuresPerRun: 200 };
    expect(decideRetry(LOST, 5, 199, budget).again).toBe(true);
    expect(decideRetry(LOST, 6, 0, budget)).toEqual({ again: false, spent: 'given up after 6 tries, --retries 5' });
    const run = { again: false, spent: 'given up after 200 failures, --max-failures 200' };
    expect(decideRetry(LOST, 1, 200, budget)).toEqual(run);
    expect(decideRetry({ ...LOST, verdict: 'fatal' }, 1, 0, budget)).toEqual({ again: false, spent: null });
    expect(decideRetry({ ...LOST, verdict: 'smaller' }, 1, 0, budget).again).toBe(true);
  });
});
