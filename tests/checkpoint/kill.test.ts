import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { jobIdOf } from '../../src/checkpoint/job.ts';
import { jobFilesOf } from '../../src/checkpoint/job-files.ts';
import { openForReading } from '../../src/checkpoint/list-jobs.ts';
import { chunk, report } from '../conformance/checkpoint.suite.ts';
import { jobOver } from './job-example.ts';

const CHILD = join(import.meta.dirname, 'children', 'walk-run.ts');
const root = mkdtempSync(join(tmpdir(), 'sqlextract-kill-'));
const CHUNKS = 6;
/** beginRun, beginEpoch, three plans, started and done of six chunks, completeRun. */
const CALLS = 18;

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a state whose process is killed', () => {
  it.each(Array.from({ length: CALLS }, (_, index) => index + 1))(
    'before call %i keeps all that returned and goes on',
    (killAt) => {
      const stateDir = join(root, `call-${killAt}`);
      expect(walk(stateDir, killAt, '')).toBe('SIGKILL');
      // The first call makes the run; each kind of call that returned before the kill is to be found.
      if (killAt > 1) requireSound(stateDir, killAt);
      expect(walk(stateDir, 0, '')).toBe('finished');
      requireFinished(stateDir);
    },
  );

  it.each([
    'before-plan:1',
    'after-plan:1',
    'before-plan:3',
    'after-plan:3',
    'before-state-commit:1',
    'after-state-commit:1',
  ])('at %s, and again while it goes on, ends whole', (fault) => {
    const stateDir = join(root, fault.replace(':', '-'));
    expect(walk(stateDir, 0, fault)).toBe('SIGKILL');
    expect(walk(stateDir, 3, '')).toBe('SIGKILL');
    expect(walk(stateDir, 0, 'after-state-commit:2')).toMatch(/SIGKILL|finished/);
    expect(walk(stateDir, 0, '')).toBe('finished');
    requireFinished(stateDir);
  });

  it('never loses what a passed fault point says is committed', () => {
    const stateDir = join(root, 'committed');
    expect(walk(stateDir, 0, 'after-state-commit:4')).toBe('SIGKILL');
    expect(doneIn(stateDir)).toEqual([1, 2, 3, 4]);
    expect(walk(stateDir, 0, 'before-state-commit:1')).toBe('SIGKILL');
    expect(doneIn(stateDir)).toEqual([1, 2, 3, 4]);
  });
});

function walk(stateDir: string, killAt: number, fault: string): string {
  const result = spawnSync(process.execPath, [CHILD, stateDir, String(killAt), fault], { encoding: 'utf8' });
  expect(result.stderr).toBe('');
  return result.signal ?? result.stdout.trim();
}

function statePath(stateDir: string): string {
  return jobFilesOf(stateDir, jobIdOf(jobOver('users'))).state;
}

function doneIn(stateDir: string): readonly number[] {
  using state = openForReading(statePath(stateDir));
  const done = state.chunks('r1').filter((one) => one.status === 'done');
  return done.map((one) => one.chunk.ordinal);
}

/** Read as `status` reads it, before anything repaired it: calls 1, 2 begin; then a plan, and two calls a chunk, two chunks a plan. */
function requireSound(stateDir: string, killAt: number): void {
  using state = openForReading(statePath(stateDir));
  const returned = killAt - 1;
  const afterBegin = Math.max(0, Math.min(returned - 2, 15));
  const plans = Math.ceil(afterBegin / 5);
  const calls = afterBegin - plans;
  const chunks = state.chunks('r1');
  expect(state.currentRun()?.epochs).toHaveLength(returned >= 2 ? 1 : 0);
  expect(chunks.map((one) => one.chunk)).toEqual(Array.from({ length: plans * 2 }, (_, index) => chunk(index + 1)));
  expect(chunks.filter((one) => one.status === 'done')).toHaveLength(Math.floor(calls / 2));
  expect(chunks.filter((one) => one.status === 'started')).toHaveLength(calls % 2);
  for (const one of chunks) expect(one.report).toEqual(one.status === 'done' ? report(one.chunk.ordinal) : null);
}

function requireFinished(stateDir: string): void {
  using state = openForReading(statePath(stateDir));
  expect(state.runs()).toMatchObject([{ runId: 'r1', status: 'complete', level: 'snapshot' }]);
  expect(state.currentRun()?.epochs).toHaveLength(1);
  expect(state.chunks('r1').map((one) => [one.chunk, one.report])).toEqual(
    Array.from({ length: CHUNKS }, (_, index) => [chunk(index + 1), report(index + 1)]),
  );
  expect(state.totals('r1')).toEqual({
    chunks: { planned: 0, started: 0, done: CHUNKS },
    rows: CHUNKS * 10,
    files: CHUNKS * 2,
    bytes: CHUNKS * (2 ** 41 + 10),
  });
}
