import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RowBatch } from '../../src/model/row-batch.ts';
import { withinTime } from '../../src/workers/time-limit.ts';

const BATCH: RowBatch = { rowCount: 1, columns: [] };

/** A source that lets each batch wait; aborted, it throws what a driver throws. */
async function* source(batches: number, ms: number, signal: AbortSignal, ended: () => void): AsyncGenerator<RowBatch> {
  try {
    for (let index = 0; index < batches; index += 1) {
      await sleep(ms, undefined, { signal });
      yield BATCH;
    }
  } finally {
    ended();
  }
}

async function read(batches: number, ms: number, limitMs: number | null, pauseMs = 0) {
  const abort = new AbortController();
  let ended = 0;
  let rows = 0;
  const startedAt = performance.now();
  try {
    const from = source(batches, ms, abort.signal, () => (ended += 1));
    for await (const batch of withinTime(from, { limitMs, abort, what: 'chunk 3 of users' })) {
      rows += batch.rowCount;
      if (pauseMs > 0) await sleep(pauseMs);
    }
  } catch (error) {
    return { rows, ended, error, ms: performance.now() - startedAt };
  }
  return { rows, ended, error: null, ms: performance.now() - startedAt };
}

describe('the time limit of a read', () => {
  it('aborts the source in the middle of a wait, and says what was too long', async () => {
    const { error, ended, ms } = await read(1, 10_000, 100);
    expect(error).toMatchObject({ problem: { code: 'QUERY_TOO_LONG', verdict: 'smaller', fault: 'source' } });
    expect(String(error)).toContain('chunk 3 of users: the source needed longer than the 0.1 s');
    expect(ended).toBe(1);
    expect(ms).toBeLessThan(5000);
  });

  it('is over the sum of all waits', async () => {
    const { error, rows } = await read(100, 20, 800);
    expect(error).toMatchObject({ problem: { code: 'QUERY_TOO_LONG' } });
    expect(rows).toBeGreaterThan(3);
    expect(rows).toBeLessThan(43);
  });

  it('does not count what is done with the batches, nor pauses', async () => {
    expect(await read(5, 10, 1000, 300)).toMatchObject({ rows: 5, ended: 1, error: null });
  });

  it('is none when none is set', async () => {
    expect(await read(3, 50, null)).toMatchObject({ rows: 3, ended: 1, error: null });
  });
});
