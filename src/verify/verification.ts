import type { Problem } from '../model/problem.ts';

/** What a file, a table or the source has another way than the manifest says. Plain data; `--json` prints it as it is. */
export interface Difference {
  readonly kind:
    | 'missing'
    | 'size'
    | 'sha256'
    | 'unreadable'
    | 'schema'
    | 'rows'
    | 'nulls'
    | 'cells'
    | 'source schema'
    | 'source rows'
    | 'source hash';
  /** A name in the run's folder; null: the table as a whole. */
  readonly file: string | null;
  readonly column: string | null;
  readonly expected: string;
  readonly found: string;
}

/** The comparison with the table in the database. */
export interface SourceComparison {
  /** 'impossible': no rows of the source are what was to be extracted, see the sentence. */
  readonly verdict: 'equal' | 'different' | 'impossible';
  /**
   * run: inside the snapshot of the run; unchanged: now, and the source proved that it is what it was then; later: now, and the source
   * may be another than it was then.
   */
  readonly when: 'run' | 'unchanged' | 'later';
  /** In words, with times. */
  readonly sentence: string;
  readonly files: { readonly rows: bigint; readonly sum: bigint } | null;
  readonly source: { readonly rows: bigint; readonly sum: bigint } | null;
}

export interface TableVerification {
  readonly table: string;
  readonly run: string;
  /** Absolute path. */
  readonly manifest: string;
  /** removed: all its files were removed after loading, so that nothing could be compared. */
  readonly status: 'equal' | 'different' | 'removed';
  /** As the manifest says. */
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  /** Files that `clean --loaded` removed. */
  readonly removedFiles: number;
  readonly removedAt: string | null;
  readonly differences: readonly Difference[];
  /** Null when it was not asked for. */
  readonly source: SourceComparison | null;
  /** What a person should know and what is no difference: files that the manifest does not name. */
  readonly remarks: readonly string[];
}

export interface VerifyReport {
  readonly status: 'equal' | 'different' | 'incomplete';
  readonly tables: readonly TableVerification[];
  /** Manifests that could not be used, and tables that could not be compared. */
  readonly failed: readonly { readonly table: string; readonly manifest: string; readonly problem: Problem }[];
  /** Of the files that were read. */
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Why the exit code is not 0; null when it is. */
  readonly problem: Problem | null;
}
