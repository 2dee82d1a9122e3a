import { describe, expect, it, vi } from 'vitest';
import type { IncrementalState } from '../../src/model/incremental-state.ts';
import type { Chunk, ChunkReport } from '../../src/model/chunk.ts';
import type { EpochFacts } from '../../src/model/epoch.ts';
import type { PlanProgress } from '../../src/model/plan.ts';
import type { CheckpointStore, NewRun } from '../../src/checkpoint/store.ts';

/** A state that can be closed and opened again. */
export interface StoreUnderTest {
  /** Opens the state; the one before was disposed. */
  open(): CheckpointStore;
}

export const FACTS: EpochFacts = {
  takenAt: '2026-11-21T04:15:02.000Z',
  label: 'snapshot 00000003-0000001B-1',
  shared: true,
  proof: { xmin: '742' },
};

export const COMPLETE: PlanProgress = { complete: true, coveredTo: null, nextPart: 0, nextBlock: 0 };

export function newRun(runId: string): NewRun {
  return {
    runId,
    runKey: 'monday',
    fingerprint: { table: 'public.users', 'column id': 'bigint' },
    folder: '/out/public.users/run',
    commandLine: 'sqlextract extract --table users',
    toolVersion: '0.1.0',
    planBasis: { kind: 'key', key: ['id'], nullable: false, why: 'the primary key' },
    window: null,
  };
}

export function chunk(ordinal: number): Chunk {
  return { ordinal, range: { kind: 'between', from: [String(ordinal)], to: [String(ordinal + 1)] }, limit: null };
}

export function report(ordinal: number, rows = 10): ChunkReport {
  const file = (number: number, fileRows: number) => ({
    path: `part-${ordinal}-${number}.csv`,
    rows: fileRows,
    bytes: 2 ** 40 + fileRows,
    sha256: 'ab'.repeat(32),
    nullCounts: [0, ordinal],
    maxBytes: [0, 12],
  });
  return {
    ordinal,
    rows,
    files: [{ ...file(1, rows - 1), digits: [null, { integer: 12, scale: 2 }] }, file(2, 1)],
    epoch: 1,
    startedAt: '2026-11-21T04:15:02.000Z',
    finishedAt: '2026-11-21T04:15:03.000Z',
    replacedCells: { born: 2, __proto__x: 1 },
    nullMarkerCells: 2,
  };
}

/** What every store must do (checkpoint/store.ts). `make` gives a new, empty state each time. */
export function checkpointSuite(kind: string, make: () => StoreUnderTest): void {
  describe(`${kind} keeps the contract of a checkpoint store`, () => {
    describeRuns(make);
    describeChunks(make);
    describeIncremental(make);
    describeRefusals(make);
  });
}

function describeRuns(make: () => StoreUnderTest): void {
  it('knows no run at first', () => {
    using store = make().open();
    expect(store.currentRun()).toBeNull();
    expect(store.runs()).toEqual([]);
  });

  it('remembers a run with everything it was begun with', () => {
    const place = make();
    {
      using store = place.open();
      const begun = store.beginRun(newRun('r1'));
      expect(store.currentRun()).toEqual(begun);
      expect(store.beginEpoch('r1', FACTS, { pid: '77' })).toEqual({ epoch: 1, facts: FACTS, lease: { pid: '77' } });
      expect(store.beginEpoch('r1', { ...FACTS, shared: false, spread: 'each has its own' }, null).epoch).toBe(2);
      store.savePlan('r1', { complete: false, coveredTo: ['a\u0000"é😀'], nextPart: 2, nextBlock: 99 }, [chunk(1)]);
    }
    using store = place.open();
    const { commandLine: _command, toolVersion: _version, ...given } = newRun('r1');
    expect(store.currentRun()).toEqual({
      ...given,
      status: 'running',
      progress: { complete: false, coveredTo: ['a\u0000"é😀'], nextPart: 2, nextBlock: 99 },
      epochs: [
        { epoch: 1, facts: FACTS, lease: { pid: '77' } },
        { epoch: 2, facts: { ...FACTS, shared: false, spread: 'each has its own' }, lease: null },
      ],
      startedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      finishedAt: null,
      level: null,
    });
  });

  it('goes by the newest run that is not discarded', () => {
    using store = make().open();
    finish(store, 'r1');
    store.beginRun(newRun('r2'));
    expect(store.currentRun()?.runId).toBe('r2');
    store.discardRun('r2', '--fresh');
    expect(store.currentRun()).toMatchObject({ runId: 'r1', status: 'complete', level: 'snapshot' });
    expect(store.currentRun()?.finishedAt).not.toBeNull();
    // An id that sorts before the others: the order is that of beginning.
    store.beginRun(newRun('r0'));
    expect(store.currentRun()?.runId).toBe('r0');
    expect(store.runs().map((run) => [run.runId, run.status])).toEqual([
      ['r1', 'complete'],
      ['r2', 'discarded'],
      ['r0', 'running'],
    ]);
  });
}

function describeIncremental(make: () => StoreUnderTest): void {
  const state: IncrementalState = {
    watermark: {
      column: { name: 'at', kind: 'time', nativeType: 'timestamptz', nullable: true },
      from: { value: '2026-11-21 04:15:02+00', ties: { kind: 'except', key: ['id'], tuples: [['7'], ['8']] } },
      run: 'r1',
      movedAt: '2026-11-21T04:15:02.000Z',
    },
    ...{ strategy: 'merge', selectionHash: 'a', configurationHash: 'b', columns: ['id bigint'], run: 'r1' },
  };

  it('moves the watermark with the end of the run, and by hand', () => {
    const place = make();
    {
      using store = place.open();
      expect(store.incremental()).toBeNull();
      store.beginRun(newRun('r1'));
      expect(() => store.completeRun('r1', 'snapshot', state)).toThrow(/not all/);
      expect(store.incremental()).toBeNull();
      store.savePlan('r1', COMPLETE, []);
      store.completeRun('r1', 'snapshot', state);
    }
    using store = place.open();
    expect(store.incremental()).toEqual(state);
    store.setIncremental({ ...state, watermark: null }, 'reset');
    expect(store.incremental()).toEqual({ ...state, watermark: null });
  });

  it('says of a later run that it is later, also when the clock stepped back', () => {
    using store = make().open();
    finish(store, 'r1');
    vi.useFakeTimers({ now: new Date('2001-01-01T00:00:00Z'), toFake: ['Date'] });
    try {
      store.beginRun(newRun('r2'));
    } finally {
      vi.useRealTimers();
    }
    const [first, second] = store.runs().map(({ startedAt }) => startedAt);
    expect((second ?? '') > (first ?? '')).toBe(true);
  });
}

function describeChunks(make: () => StoreUnderTest): void {
  it('keeps every kind of range exactly', () => {
    const place = make();
    const chunks: Chunk[] = [
      { ordinal: 1, range: { kind: 'all' }, limit: 5 },
      { ordinal: 2, range: { kind: 'null' }, limit: null },
      { ordinal: 3, range: { kind: 'between', from: null, to: ['9007199254740993', "o'\n"] }, limit: null },
      { ordinal: 4, range: { kind: 'physical', relation: '"a"."b"', fromBlock: 0, toBlock: null }, limit: null },
    ];
    {
      using store = place.open();
      store.beginRun(newRun('r1'));
      store.savePlan('r1', COMPLETE, chunks);
    }
    using store = place.open();
    expect(store.chunks('r1')).toEqual(
      chunks.map((chunk) => ({ chunk, status: 'planned', attempts: 0, report: null, lastProblem: null })),
    );
  });

  it('has a chunk done with all its files, as they were reported', () => {
    const place = make();
    {
      using store = place.open();
      begin(store, 3);
      store.started('r1', 2, 1);
      expect(store.chunks('r1')[1]).toMatchObject({ status: 'started', attempts: 1, report: null });
      store.done('r1', report(2));
      store.started('r1', 3, 1);
      store.done('r1', { ...report(3), rows: 0, files: [] });
    }
    using store = place.open();
    const [one, two, three] = store.chunks('r1');
    expect(one).toMatchObject({ status: 'planned', report: null });
    expect(two).toEqual({ chunk: chunk(2), status: 'done', attempts: 1, report: report(2), lastProblem: null });
    expect(three?.report).toEqual({ ...report(3), rows: 0, files: [] });
  });

  it('puts a failed chunk back and remembers why', () => {
    using store = make().open();
    begin(store, 1);
    const problem = { code: 'SOURCE_GONE', message: 'gone', fault: 'source', verdict: 'reconnect' } as const;
    store.started('r1', 1, 1);
    store.failed('r1', 1, problem);
    expect(store.chunks('r1')[0]).toMatchObject({ status: 'planned', attempts: 1, lastProblem: problem });
    store.started('r1', 1, 2);
    store.done('r1', report(1));
    expect(store.chunks('r1')[0]).toMatchObject({ status: 'done', attempts: 2 });
  });

  it('cuts a planned chunk in two, and remembers both', () => {
    const place = make();
    const kept: Chunk = { ordinal: 1, range: { kind: 'between', from: ['1'], to: ['x'] }, limit: null };
    const rest: Chunk = { ordinal: 3, range: { kind: 'between', from: ['x'], to: ['2'] }, limit: null };
    {
      using store = place.open();
      begin(store, 2);
      store.started('r1', 1, 1);
      expect(() => store.cut('r1', kept, rest, 'QUERY_TOO_LONG')).toThrow(/not planned/);
      const problem = { code: 'QUERY_TOO_LONG', message: 'x', fault: 'source', verdict: 'smaller' } as const;
      store.failed('r1', 1, problem);
      expect(() => store.cut('r1', kept, { ...rest, ordinal: 2 }, 'QUERY_TOO_LONG')).toThrow(/UNIQUE|twice/);
      expect(store.chunks('r1')[0]?.chunk).toEqual(chunk(1));
      store.cut('r1', kept, rest, 'QUERY_TOO_LONG');
    }
    using store = place.open();
    expect(store.chunks('r1').map((one) => [one.chunk, one.status, one.attempts])).toEqual([
      [kept, 'planned', 1],
      [chunk(2), 'planned', 0],
      [rest, 'planned', 0],
    ]);
    expect(() => store.completeRun('r1', 'snapshot')).toThrow(/not all/);
  });

  it('puts what a killed process had started back, and keeps its attempts', () => {
    const place = make();
    {
      using store = place.open();
      begin(store, 2);
      store.started('r1', 1, 1);
      store.started('r1', 2, 1);
      store.done('r1', report(2));
    }
    using store = place.open();
    expect(store.chunks('r1').map((one) => [one.status, one.attempts])).toEqual([
      ['planned', 1],
      ['done', 1],
    ]);
  });

  it('reopens done chunks, which then have no files', () => {
    using store = make().open();
    begin(store, 2);
    for (const ordinal of [1, 2]) {
      store.started('r1', ordinal, 1);
      store.done('r1', report(ordinal));
    }
    store.reopen('r1', [2], 'part-2-1.csv is missing');
    expect(store.chunks('r1').map((one) => [one.status, one.report?.files.length ?? null])).toEqual([
      ['done', 2],
      ['planned', null],
    ]);
    store.started('r1', 2, 2);
    store.done('r1', report(2, 7));
    expect(store.chunks('r1')[1]?.report).toEqual(report(2, 7));
  });
}

function describeRefusals(make: () => StoreUnderTest): void {
  it('changes nothing at all when a step of a transaction fails', () => {
    using store = make().open();
    begin(store, 2);
    expect(() => store.savePlan('r1', { ...COMPLETE, complete: false, nextBlock: 5 }, [chunk(3), chunk(2)])).toThrow(
      /UNIQUE|twice/,
    );
    expect(store.chunks('r1').map((one) => one.chunk.ordinal)).toEqual([1, 2]);
    expect(store.currentRun()?.progress).toEqual(COMPLETE);
    store.started('r1', 1, 1);
    const [first, second] = report(1).files;
    if (first === undefined || second === undefined) throw new Error('two files');
    expect(() => store.done('r1', { ...report(1), files: [first, { ...second, path: first.path }] })).toThrow(
      /UNIQUE|twice/,
    );
    expect(() => store.done('r1', { ...report(1), rows: 11 })).toThrow(/its files have 10/);
    expect(store.chunks('r1')[0]).toMatchObject({ status: 'started', report: null });
    store.done('r1', report(1));
    expect(() => store.reopen('r1', [1, 99], 'lost')).toThrow(/99/);
    expect(store.chunks('r1')[0]?.status).toBe('done');
  });

  it('refuses steps that no state machine has', () => {
    using store = make().open();
    begin(store, 2);
    expect(() => store.beginRun(newRun('r2'))).toThrow(/r1 is not finished/);
    expect(() => store.done('r1', report(1))).toThrow(/not started/);
    expect(() => store.done('r1', report(9))).toThrow(/not started/);
    expect(() => store.completeRun('r1', 'snapshot')).toThrow(/not all/);
    store.started('r1', 1, 1);
    store.done('r1', report(1));
    expect(() => store.started('r1', 1, 2)).toThrow(/not to be started/);
    expect(() => store.done('r1', report(1))).toThrow(/not started/);
    store.started('r1', 2, 1);
    expect(() => store.completeRun('r1', 'snapshot')).toThrow(/not all/);
    store.done('r1', report(2));
    store.completeRun('r1', 'snapshot');
    expect(() => store.completeRun('r1', 'snapshot')).toThrow(/not running/);
    expect(() => store.savePlan('r1', COMPLETE, [chunk(3)])).toThrow(/not running/);
    expect(() => store.discardRun('nobody', 'x')).toThrow(/nobody/);
  });

  it('completes no run whose plan does not cover the table', () => {
    using store = make().open();
    store.beginRun(newRun('r1'));
    store.savePlan('r1', { ...COMPLETE, complete: false, coveredTo: ['2'] }, [chunk(1)]);
    store.started('r1', 1, 1);
    store.done('r1', report(1));
    expect(() => store.completeRun('r1', 'snapshot')).toThrow(/not all/);
    expect(store.currentRun()?.status).toBe('running');
  });
}

function begin(store: CheckpointStore, chunks: number): void {
  store.beginRun(newRun('r1'));
  store.beginEpoch('r1', FACTS, null);
  store.savePlan(
    'r1',
    COMPLETE,
    Array.from({ length: chunks }, (_, index) => chunk(index + 1)),
  );
}

function finish(store: CheckpointStore, runId: string): void {
  store.beginRun(newRun(runId));
  store.beginEpoch(runId, FACTS, null);
  store.savePlan(runId, COMPLETE, [chunk(1)]);
  store.started(runId, 1, 1);
  store.done(runId, report(1));
  store.completeRun(runId, 'snapshot');
}
