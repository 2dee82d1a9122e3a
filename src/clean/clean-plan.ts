import type { TableName } from '../model/table.ts';

/** What is to be cleaned. Leftovers of killed processes always are; the rest is asked for. */
export interface CleanOptions {
  /** Absolute. */
  readonly stateDir: string;
  wants(table: TableName): boolean;
  /** Of each job, finished runs but the newest so many (≥ 1); null: none. */
  readonly keep: number | null;
  /** Runs (for `keep`, `loaded`, `abandoned`) that ended, or began, at least so long ago; null: of any age. */
  readonly olderThanMs: number | null;
  /** The data files of finished runs; their manifests stay. */
  readonly loaded: boolean;
  /** With `keep`: windows that one after another make up what targets have, too. */
  readonly windows: boolean;
  /** Runs that were killed and will not be finished. */
  readonly abandoned: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type CleanKind =
  | 'temporary files'
  | 'discarded run'
  | 'old run'
  | 'loaded files'
  | 'abandoned run'
  | 'scratch folder'
  | 'unloaded run'
  | 'run marker'
  | 'owner file'
  | 'holder socket';

/** One thing to remove. Plain data; `--json` prints it as it is. */
export interface CleanItem {
  readonly kind: CleanKind;
  readonly job: string | null;
  readonly table: string | null;
  readonly run: string | null;
  /** Absolute. */
  readonly folder: string;
  /** Names in the folder, all ours, all regular files or sockets; of a scratch folder, which goes as a whole, paths. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

export interface CleanPlan {
  readonly items: readonly CleanItem[];
  /** What is left alone and why: jobs that are worked on, folders that hold something that is not ours. */
  readonly remarks: readonly string[];
}

export interface CleanReport extends CleanPlan {
  readonly status: 'nothing to clean' | 'dry run' | 'cleaned';
  /** Removed; with `dry run`: what would be. */
  readonly files: number;
  readonly bytes: number;
}

export function sameItem(a: CleanItem, b: CleanItem): boolean {
  return a.kind === b.kind && a.job === b.job && a.run === b.run && a.folder === b.folder;
}

export function amountsOf(items: readonly CleanItem[]): { readonly files: number; readonly bytes: number } {
  const files = items.flatMap((item) => item.files);
  return { files: files.length, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
}
