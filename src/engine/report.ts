import type { ConsistencyLevel } from '../checkpoint/store.ts';
import type { IncrementalWindow } from '../model/cursor.ts';
import type { Problem } from '../model/problem.ts';

/** What a finished (or incomplete) run reports; `--json` prints it as it is. */
export interface RunReport {
  readonly status: 'complete' | 'already-done' | 'incomplete' | 'stopped';
  readonly tables: readonly TableReport[];
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly workers: number;
  /** The weakest level of its tables; null when none is complete. */
  readonly level: ConsistencyLevel | null;
  /** All tables are complete in one and the same snapshot. */
  readonly sameInstant: boolean;
  /** Failed tries of chunks, those that made a range smaller among them. */
  readonly retries: number;
  /** Peak resident memory of the process, bytes. */
  readonly peakMemory: number;
  /** "batches were shrunk from 65536 to 16384 rows under memory pressure", "1 of 2 workers, because of --max-connections 3" */
  readonly remarks: readonly string[];
  /** What was remarked while it ran, the table's name before it; the text report does not repeat it. */
  readonly said: readonly string[];
}

export interface TableReport {
  readonly table: string;
  readonly status: 'complete' | 'already-done' | 'failed' | 'stopped';
  readonly runId: string;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  /** Rows of chunks that an earlier, killed run had already done. */
  readonly resumedRows: number;
  readonly level: ConsistencyLevel | null;
  /** The level in a sentence, with times when it is mixed. */
  readonly consistency: string;
  /** Cells that a policy wrote as NULL, by column; columns without any are left out. */
  readonly replacedCells: Readonly<Record<string, number>>;
  readonly folder: string;
  readonly manifest: string | null;
  readonly problem: Problem | null;
  /** The window of an incremental run; null: all rows. */
  readonly window: IncrementalWindow | null;
  /** Keys of rows that are gone, behind that window; null: none, or not asked for. */
  readonly deletes: DeletesReport | null;
}

export interface DeletesReport {
  readonly run: string;
  /** Keys that are gone, and keys that targets should have had before. */
  readonly rows: number;
  readonly known: number;
  readonly folder: string;
  readonly manifest: string;
}

/** What `plan` and `extract --dry-run` report. */
export interface PlanReport {
  readonly source: string;
  readonly tables: readonly TablePlan[];
  readonly isolation: string;
  readonly workers: number;
  readonly remarks: readonly string[];
}

export interface TablePlan {
  readonly table: string;
  readonly key: readonly string[];
  /** Why this key, or why none. */
  readonly why: string;
  /** The first ranges as they would be cut now; at most 20. */
  readonly ranges: readonly string[];
  readonly rangesComplete: boolean;
  readonly estimatedRows: number | null;
  readonly estimatedBytes: number | null;
  readonly unfinishedRun: string | null;
  /** What is not parallel, and why; what resume costs. */
  readonly remarks: readonly string[];
}
