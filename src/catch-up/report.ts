import type { RunReport } from '../engine/report.ts';
import type { Problem } from '../model/problem.ts';

/** What `extract --catch-up` reports; `--json` prints it as it is. */
export interface CatchUpReport {
  readonly status: 'complete' | 'incomplete' | 'stopped' | 'dry-run';
  readonly tables: readonly CaughtUpTable[];
  readonly seconds: number;
}

export interface CaughtUpTable {
  readonly table: string;
  /** The run that was to be caught up; null: there is only one that is not finished. */
  readonly run: string | null;
  readonly outcome: CatchUpOutcome;
}

export type CatchUpOutcome =
  /** Its files are one state already, by themselves or with the runs that caught them up. */
  | { readonly kind: 'nothing'; readonly sentence: string }
  | {
      readonly kind: 'caught-up';
      /** The chain's last run, and its manifest. */
      readonly by: string;
      readonly manifest: string;
      /** Rows that were written since, and keys that are gone. */
      readonly rows: number;
      readonly gone: number;
      /** What the chain stands for. */
      readonly consistency: string;
    }
  /** `report` null: it was not begun (dry run, or a stop). */
  | { readonly kind: 'again'; readonly why: string; readonly report: RunReport['tables'][number] | null }
  | { readonly kind: 'failed'; readonly problem: Problem }
  /** With `--dry-run`, or by a signal: it would have been caught up. */
  | { readonly kind: 'not-done' };
