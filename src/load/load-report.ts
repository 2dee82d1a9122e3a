import type { LoadMode } from '../ingest/load-mode.ts';
import type { LoadOutcome } from './load-table.ts';

/** What `load` reports; `--json` prints it as it is. */
export interface LoadReport {
  readonly status: 'complete' | 'incomplete';
  /** Without password. */
  readonly target: string;
  readonly tables: readonly TableLoadReport[];
  readonly seconds: number;
}

export interface TableLoadReport {
  readonly table: string;
  /** Its name in the target. */
  readonly into: string;
  readonly run: string;
  readonly mode: LoadMode;
  /** Rows of the manifest. */
  readonly sourceRows: number;
  readonly files: number;
  readonly outcome: LoadOutcome;
  readonly seconds: number;
}
