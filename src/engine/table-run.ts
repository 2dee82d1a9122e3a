import type { CheckpointStore, ConsistencyLevel, EpochRecord, RunRecord } from '../checkpoint/store.ts';
import type { Chunk, ChunkReport } from '../model/chunk.ts';
import type { PlanBasis, PlanProgress } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { TableSchema } from '../model/table.ts';
import type { Increment } from './increment.ts';
import type { TableSettings } from './request.ts';

/**
 * One table's part of a run, while it runs. The store is the truth; this mirrors what the main thread has read from and written
 * to it.
 *
 *   planning/running ──all chunks done──▶ read ──manifest──▶ complete
 *          └── a fatal problem ──▶ failed (its state stays for the rerun)
 */
export interface TableRun {
  /** Counts from 0 within the command. */
  readonly number: number;
  readonly name: string;
  readonly table: TableSchema;
  readonly settings: TableSettings;
  readonly jobId: string;
  /** Of the source, as the job was opened with it; a source that answers later and is another one ends the run. */
  readonly identity: Readonly<Record<string, string>>;
  /** The person's own condition; `settings.where` holds that of the window as well. */
  readonly askedWhere: string | null;
  /** Null: all rows, every time. */
  readonly increment: Increment | null;
  readonly store: CheckpointStore;
  readonly runId: string;
  readonly runKey: string | null;
  readonly folder: string;
  readonly basis: PlanBasis;
  readonly key: readonly string[];
  readonly startedAt: string;
  readonly resumed: boolean;
  readonly resumedRows: number;
  progress: PlanProgress;
  nextOrdinal: number;
  /** Rows in ranges cut so far, as far as the cuts know. */
  plannedRows: number;
  /** Rows of saved chunks by their ordinal, as far as the cuts of this process know. */
  readonly rowsOf: Map<number, number>;
  /** A range of more rows was too much for the source; Infinity while none was. */
  largestRange: number;
  /** Saved and not yet given out. */
  readonly pending: Chunk[];
  /** Given out and not yet answered. */
  readonly inHand: Set<number>;
  /** Every saved chunk by its ordinal. */
  readonly chunks: Map<number, Chunk>;
  readonly done: Map<number, ChunkReport>;
  /** Sums over `done`. */
  totals: Totals;
  readonly attempts: Map<number, number>;
  /** The epoch that chunks are read in now; 0 before the first. */
  epoch: number;
  readonly epochs: EpochRecord[];
  problem: Problem | null;
  /** Set when the manifest is durable. */
  finished: Consistency | null;
}

export interface Totals {
  readonly rows: number;
  readonly bytes: number;
  readonly files: number;
}

export const NO_TOTALS: Totals = { rows: 0, bytes: 0, files: 0 };

export function addReport(totals: Totals, report: ChunkReport): Totals {
  const bytes = report.files.reduce((sum, file) => sum + file.bytes, 0);
  return { rows: totals.rows + report.rows, bytes: totals.bytes + bytes, files: totals.files + report.files.length };
}

/** Cells that a policy wrote as NULL, by column; columns without any are left out. */
export function replacedCells(run: TableRun): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const report of run.done.values())
    for (const [column, cells] of Object.entries(report.replacedCells))
      sums.set(column, (sums.get(column) ?? 0) + cells);
  return Object.fromEntries(sums);
}

/** Every row is in a saved range and every range is done. */
export function isRead(run: TableRun): boolean {
  return run.progress.complete && run.done.size === run.chunks.size;
}

/** Something is to be read, or chunks of several epochs are to be compared inside a new one. */
export function needsEpoch(run: TableRun): boolean {
  if (run.problem !== null || run.finished !== null) return false;
  // Where the watermark goes is asked inside the snapshot of the files.
  return (
    !isRead(run) || run.increment !== null || new Set([...run.done.values()].map((report) => report.epoch)).size > 1
  );
}

/** What the files of a finished table are, as a state of the table. */
export interface Consistency {
  readonly level: ConsistencyLevel;
  /** One sentence for the report and the manifest. */
  readonly sentence: string;
  readonly epochs: readonly (EpochRecord & { readonly chunks: number })[];
}

/** A table whose run was complete before this command began. */
export interface AlreadyDone {
  readonly name: string;
  readonly run: RunRecord;
  readonly jobId: string;
}
