import type { ChunkFile } from '../model/chunk.ts';
import type { Problem } from '../model/problem.ts';
import type { WorkerView } from '../model/worker-view.ts';
import type { ResolvedTable } from './resolved-table.ts';
import type { RunDraft } from './run-draft.ts';

/** What a run tells whoever watches it (cli/progress.ts). None of it is needed for correctness. */
export type RunEvent =
  | {
      readonly kind: 'table-planned';
      readonly table: string;
      readonly resumed: boolean;
      readonly estimatedRows: number | null;
      readonly doneRows: number;
    }
  | {
      readonly kind: 'chunk-done';
      readonly table: string;
      readonly ordinal: number;
      readonly rows: number;
      readonly bytes: number;
      /** Durable, under their final names. A later chunk-done of the same ordinal takes their place. */
      readonly files: readonly ChunkFile[];
    }
  /** A run was begun or gone on with: before any row of it is read. Not for a run that is complete already. */
  | { readonly kind: 'run-begun'; readonly table: string; readonly draft: RunDraft }
  /** Only where the request asks for it: the rows of the table, inside the run's snapshot or as they are now. */
  | {
      readonly kind: 'source-counted';
      readonly table: string;
      readonly rows: number;
      readonly when: 'run' | 'later';
    }
  | {
      readonly kind: 'chunk-retry';
      readonly table: string;
      readonly ordinal: number;
      readonly problem: Problem;
      readonly delayMs: number;
    }
  | { readonly kind: 'epoch'; readonly label: string; readonly resumed: boolean; readonly number: number }
  | {
      readonly kind: 'table-done';
      readonly table: string;
      readonly rows: number;
      readonly files: number;
      readonly bytes: number;
    }
  | { readonly kind: 'table-failed'; readonly table: string; readonly problem: Problem }
  /** A table that is no part of the run: what changed in it is found by comparing all rows, by who asked for the run. */
  | { readonly kind: 'set-aside'; readonly found: ResolvedTable }
  /** Things a person should know but that stop nothing: lost files read again, batches shrunk, a standby. */
  | { readonly kind: 'remark'; readonly table: string | null; readonly text: string };

export interface RunWatcher {
  event(event: RunEvent): void;
  /** Called once, before the first event: lets the watcher poll. */
  attach(view: () => readonly WorkerView[]): void;
}
