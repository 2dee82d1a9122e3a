import { describe, expect, test } from 'vitest';
import { describeHeld, describeTableLoad } from '../../src/cli/load-text.ts';
import { duckdbTarget } from '../../src/ingest/targets/duckdb.ts';
import type { LoadOutcome } from '../../src/load/load-table.ts';
import { loadTable } from '../../src/load/load-table.ts';
import type { TableLoad } from '../../src/ingest/ingest-plan.ts';
import type { LoadMode } from '../../src/ingest/load-mode.ts';
import { ledgerRun } from '../../src/ingest/plan-window.ts';
import { planned, planOf } from '../ingest/load-example.ts';
import { FakeSession } from './fake-session.ts';

async function loaded(
  session: FakeSession,
  mode: LoadMode,
  incremental: TableLoad['incremental'] = null,
): Promise<LoadOutcome> {
  const load = { ...planned(), mode, incremental };
  const plan = planOf(load);
  const place = { displayUrl: 'target', identity: () => Promise.resolve(null) };
  const context = {
    session,
    target: duckdbTarget,
    place,
    plan,
    evolve: 'fail',
    stop: new AbortController().signal,
  } as const;
  return loadTable({ ...context, onBytes: () => undefined, onRemark: () => undefined }, load);
}

function text(outcome: LoadOutcome): string {
  const table = { table: 'win', into: 'main.win', run: 'r1', mode: 'append', sourceRows: 7, files: 1 } as const;
  return describeTableLoad({ ...table, outcome, seconds: 1 }).join('\n');
}

describe('a run that the ledger has', () => {
  test('is left as it is, and said with what was done', async () => {
    const session = new FakeSession();
    const first = await loaded(session, 'append');
    expect(first.kind).toBe('loaded');
    const again = await loaded(session, 'append');
    expect(again.kind).toBe('already-loaded');
    expect(text(again)).toMatch(/^✓ main\.win: run r1 is loaded already \(appended\), \S+ records?$/);
    expect(session.calls.filter((call) => call.startsWith('publish'))).toHaveLength(1);
  });

  test('is refused where another mode is asked for', async () => {
    const session = new FakeSession();
    await loaded(session, 'append');
    const other = await loaded(session, 'replace');
    expect(other).toMatchObject({
      kind: 'failed',
      problem: {
        code: 'LOAD_REFUSED',
        message: expect.stringMatching(/: run \S+ was loaded by append, not by replace; nothing was done$/),
        hint: 'with --mode append there is nothing to do; to have it by replace, extract anew',
      },
    });
    expect(session.calls.filter((call) => call.startsWith('publish'))).toHaveLength(1);
  });
});

test('windows that wait behind one that failed are one line a table', () => {
  const table = { table: 'win', into: 'main.win', mode: 'append', sourceRows: 7, files: 1, seconds: 0 } as const;
  const waits = ['r2', 'r3'].map((run) => ({ ...table, run, outcome: { kind: 'stopped' } as const }));
  expect(waits.flatMap(describeTableLoad)).toEqual([]);
  expect(describeHeld(waits)).toEqual(['✗ main.win: 2 runs not begun, and loaded by the same command later']);
});

test('a file that is gone is told of as that, whatever the target made of it', async () => {
  const session = new FakeSession();
  session.fails = planned().files[0]?.name ?? '';
  expect(await loaded(session, 'append')).toMatchObject({
    kind: 'failed',
    problem: {
      code: 'LOAD_FILE',
      message: expect.stringMatching(/ of run \S+ (?:is|and .* are) gone$/),
      causes: ['the connection was lost'],
    },
  });
});

describe('a window', () => {
  const window = { takesPlace: false, appends: false, keepsVersions: false, from: '1', to: '2' };

  test('that a run of another job stands before says so; one that windows are missing before, that', async () => {
    const session = new FakeSession();
    const previous = { run: 'r1', ledger: 'r1-00000000' };
    const hint = async (newest: readonly string[]): Promise<unknown> => {
      session.newestRuns = newest;
      const outcome = await loaded(session, 'merge', { ...window, previous });
      return outcome.kind === 'failed' ? outcome.problem.hint : outcome.kind;
    };
    expect(await hint([])).toMatch(/^load the windows between first/);
    const { job } = planned().source;
    expect(await hint([ledgerRun(job, 'r0')])).toMatch(/^load the windows between first/);
    expect(await hint([ledgerRun(job, 'r2')])).toMatch(/^the target is ahead of the state .* older copy; begin anew: /);
    expect(await hint(['r9-12345678'])).toMatch(
      /^the newest run is of another job .*; begin anew: sqlextract watermark reset/,
    );
  });

  test('is not taken for the whole of a table that is gone', async () => {
    const session = new FakeSession();
    session.newestRuns = ['r0-00000000'];
    const previous = { run: 'r0', ledger: 'r0-00000000' };
    expect(await loaded(session, 'merge', { ...window, previous })).toMatchObject({
      kind: 'failed',
      problem: {
        code: 'LOAD_GAP',
        message: expect.stringMatching(/ is not there, though the ledger says that run r0 was loaded into it; /),
      },
    });
    expect(session.calls).toEqual([]);
    session.newestRuns = [];
    expect(await loaded(session, 'replace', { ...window, previous: null })).toMatchObject({ kind: 'loaded' });
  });
});
