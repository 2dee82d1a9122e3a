import type { JobHandle } from '../checkpoint/open-job.ts';
import type { ChunkRecord, RunRecord } from '../checkpoint/store.ts';
import type { Increment } from './increment.ts';
import type { ResolvedTable } from './resolved-table.ts';
import type { TableRun } from './table-run.ts';
import { addReport, NO_TOTALS } from './table-run.ts';

interface RestoreRequest extends ResolvedTable {
  readonly handle: JobHandle;
  readonly identity: Readonly<Record<string, string>>;
  readonly record: RunRecord;
  readonly number: number;
  readonly resumed: boolean;
  /** `settings.where` before the window's condition was added. */
  readonly askedWhere: string | null;
  readonly increment: Increment | null;
}

/** A run as its state says it is; of a new run that is: nothing planned, nothing done. */
export function restoreRun(request: RestoreRequest): TableRun {
  const { record, handle, identity, table, settings, name, number, resumed, askedWhere, increment } = request;
  const saved = handle.store.chunks(record.runId);
  const done = saved.flatMap(({ report }) => (report === null ? [] : [report]));
  const totals = done.reduce(addReport, NO_TOTALS);
  return {
    number,
    name,
    table,
    settings,
    jobId: handle.jobId,
    identity,
    askedWhere,
    increment,
    store: handle.store,
    runId: record.runId,
    runKey: record.runKey,
    folder: record.folder,
    basis: record.planBasis,
    key: record.planBasis.kind === 'key' ? record.planBasis.key : [],
    startedAt: record.startedAt,
    resumed,
    resumedRows: totals.rows,
    progress: record.progress,
    nextOrdinal: Math.max(0, ...saved.map(({ chunk }) => chunk.ordinal)) + 1,
    plannedRows: totals.rows,
    rowsOf: new Map(),
    largestRange: Infinity,
    pending: saved.filter(({ report }) => report === null).map(({ chunk }) => chunk),
    inHand: new Set(),
    chunks: new Map(saved.map(({ chunk }) => [chunk.ordinal, chunk])),
    done: new Map(done.map((report) => [report.ordinal, report])),
    totals,
    attempts: new Map(saved.map((record) => [record.chunk.ordinal, attemptsOf(record)])),
    epoch: 0,
    epochs: [...record.epochs],
    problem: null,
    finished: null,
  };
}

/** An attempt that met somebody else's file wrote none: the next one must not take that file for its own and replace it. */
function attemptsOf({ attempts, lastProblem }: ChunkRecord): number {
  return lastProblem?.code === 'FILE_IN_THE_WAY' ? Math.max(0, attempts - 1) : attempts;
}
