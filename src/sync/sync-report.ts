import type { RunReport } from '../engine/report.ts';
import type { LoadMode } from '../ingest/load-mode.ts';
import type { LoadReport } from '../load/load-report.ts';
import type { Problem } from '../model/problem.ts';

/** What `sync` reports; `--json` prints it as it is. */
export interface SyncReport {
  readonly status: 'complete' | 'incomplete' | 'stopped' | 'different';
  readonly extract: RunReport;
  /** Null when there was nothing to load. */
  readonly load: LoadReport | null;
  readonly verification: readonly TableVerdict[];
  /** Tables that were extracted and cannot be loaded as asked. */
  readonly refused: readonly { readonly table: string; readonly problem: Problem }[];
  readonly seconds: number;
}

/** The counts of one table that was loaded, beside each other. */
export interface TableVerdict {
  readonly table: string;
  /** Its name in the target. */
  readonly into: string;
  readonly run: string;
  readonly mode: LoadMode;
  /**
   * equal: all counts fit; moved: files and target do, and the source has another number now, after the run's snapshot; different: files and
   * target do not fit, or the source did not have as many rows in the very snapshot.
   */
  readonly verdict: 'equal' | 'moved' | 'different';
  /** Null: not compared, see `sentence`. */
  readonly source: { readonly rows: number; readonly when: 'run' | 'later' } | null;
  readonly fileRows: number;
  readonly target: {
    /** Null: not counted before (the run was loaded already, or there was no table). */
    readonly before: number | null;
    readonly after: number;
    /** What `after` has to be; null when only the ledger can say what was done. */
    readonly expected: number | null;
  };
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly rejected: number;
  /** How the counts stand to each other, in words. */
  readonly sentence: string;
  readonly seconds: number;
}
