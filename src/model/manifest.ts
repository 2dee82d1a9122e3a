import type { IncrementalWindow } from './cursor.ts';
import type { ColumnDigits } from './digits.ts';
import type { CountedNulTexts } from './nul-texts.ts';
import type { ColumnSchema, TableName, TableRef } from './table.ts';
import type { ValuePolicies } from './value-policies.ts';
import type { KeyRange, KeyTuple } from './key-range.ts';

export const MANIFEST_VERSION = 1;

/**
 * `manifest.json` of one finished run of one table: what readers of the files go by, never a glob. Plain JSON; its JSON Schema is
 * schema/manifest.schema.json. Holds no secret; the paths of its files are names in its own folder.
 */
export interface Manifest {
  readonly version: typeof MANIFEST_VERSION;
  readonly tool: { readonly name: 'sqlextract'; readonly version: string };
  readonly run: string;
  readonly job: string;
  readonly source: {
    /** Without password. */
    readonly url: string;
    readonly identity: Readonly<Record<string, string>>;
  };
  readonly table: TableName & {
    readonly kind: TableRef['kind'];
    /** As the server writes it, quoted where it must be. */
    readonly nativeName: string;
  };
  /** Only for kind `query`. */
  readonly query?: {
    readonly sql: string;
    /** Of `sql` as UTF-8, lower-case hex. */
    readonly sha256: string;
    /** The result column that the files were cut by; null: one stream. */
    readonly splitBy: string | null;
  };
  readonly schema: { readonly columns: readonly ColumnSchema[]; readonly primaryKey: readonly string[] };
  readonly selection: {
    /** Null: all columns. */
    readonly columns: readonly string[] | null;
    readonly where: string | null;
    readonly limit: number | null;
    /** What was done with values that no file type holds; missing in manifests of versions that had no choice: the defaults. */
    readonly policies?: ValuePolicies;
  };
  readonly format: ManifestFormat;
  readonly consistency: ManifestConsistency;
  readonly totals: ManifestTotals;
  /** In the order of the chunks. */
  readonly files: readonly ManifestFile[];
  /** ISO 8601, of the run's first command. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Only for incremental runs: the window of the table that the files hold. */
  readonly incremental?: IncrementalWindow;
  /** The files hold keys only: of rows that targets have from earlier windows, and that the source no longer has. */
  readonly deletes?: ManifestDeletes;
  /** Only behind a plain run whose files are of several instants: a part of what brings them to one. */
  readonly catchUp?: ManifestCatchUp;
}

export interface ManifestCatchUp {
  /** The run that is caught up: the first of the chain. */
  readonly run: string;
  /** With this part the chain stands for one snapshot. Written last. */
  readonly last: boolean;
}

export interface ManifestDeletes {
  /** Columns of the source; the files have no others. */
  readonly key: readonly string[];
  /** Keys that earlier windows had delivered and not taken back, these among them: what a target should have. */
  readonly known: number;
}

export interface ManifestFormat {
  readonly name: 'parquet' | 'csv';
  readonly compression: 'zstd' | 'snappy' | 'gzip' | 'none';
  /** How to read the text; only for formats that have such choices. Opaque here; plain JSON. */
  readonly dialect?: Readonly<Record<string, unknown>>;
  /** The text of NULL; null where the format knows NULL by itself. */
  readonly nullMarker: string | null;
}

export interface ManifestConsistency {
  /**
   * snapshot – all files are one state; unchanged – several, proven equal; mixed – several, see `epochs`;
   * chunk – each file is the state at its own moment, as was asked for.
   */
  readonly level: 'snapshot' | 'unchanged' | 'mixed' | 'chunk';
  /** The same in words, with times when it is mixed. */
  readonly sentence: string;
  readonly epochs: readonly ManifestEpoch[];
}

export interface ManifestEpoch {
  readonly epoch: number;
  /** ISO 8601. */
  readonly takenAt: string;
  readonly label: string;
  readonly shared: boolean;
  /** How many of the manifest's files were read in it. */
  readonly files: number;
}

export interface ManifestTotals extends CountedNulTexts {
  readonly rows: number;
  readonly bytes: number;
  readonly files: number;
  /** NULLs per column, in column order. */
  readonly nullCounts: readonly number[];
  /** Largest encoded value in bytes per column (0 for fixed-width kinds), in column order. */
  readonly maxBytes: readonly number[];
  /** Most digits of the values, in column order; null where they are no plain numbers. Missing in older manifests, and where an older version wrote a file. */
  readonly digits?: ColumnDigits;
  /** Cells that a policy wrote as NULL, by column; columns without any are left out. Missing in older manifests. */
  readonly replacedCells?: Readonly<Record<string, number>>;
  /** Text cells that are equal to the CSV NULL marker and stand quoted; not every loader can tell. Missing in older manifests. */
  readonly markerCells?: number;
}

export interface ManifestFile extends CountedNulTexts {
  /** A name in the manifest's own folder. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly keyRange: ManifestKeyRange;
  readonly epoch: number;
  readonly nullCounts: readonly number[];
  readonly maxBytes: readonly number[];
  readonly digits?: ColumnDigits;
}

/** What the file's chunk covers. Several files of one chunk have the same. */
export interface ManifestKeyRange {
  readonly kind: KeyRange['kind'];
  /** For people (`describeRange`). */
  readonly text: string;
  /** Inclusive; null: open, or not a range of keys. */
  readonly from: KeyTuple | null;
  /** Exclusive; null: open, or not a range of keys. */
  readonly to: KeyTuple | null;
}

/** `latest.json` in the table's folder: the last finished run. */
export interface Latest {
  readonly version: typeof MANIFEST_VERSION;
  readonly run: string;
  /** Relative to the folder of `latest.json`. */
  readonly manifest: string;
  readonly finishedAt: string;
}
