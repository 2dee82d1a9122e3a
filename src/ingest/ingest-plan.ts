import type { ColumnSchema, TableName } from '../model/table.ts';
import type { Manifest } from '../model/manifest.ts';
import type { LoadMode } from './load-mode.ts';
import type { LoadWindow } from './load-window.ts';

/**
 * What is to be loaded into what, decided: the scripts are made of it, and `load` runs it. Plain JSON (`plan.json` beside the scripts,
 * without the paths of this machine); holds no secret.
 */
export interface IngestPlan {
  readonly version: 1;
  readonly tool: { readonly name: 'sqlextract'; readonly version: string };
  readonly target: string;
  /** One of the target's flavors (`mariadb` of mysql); null where it has none. */
  readonly flavor: string | null;
  readonly tables: readonly TableLoad[];
  readonly options: IngestOptions;
}

export interface IngestOptions {
  /** Loads at the same time, ≥ 1. */
  readonly parallel: number;
  /** Bytes of files that one statement takes, for targets whose statements take several. */
  readonly chunkBytes: number;
  /** skip: rows that the target refuses are left out, up to `maxErrors` a table, and kept where the target can. */
  readonly onError: 'abort' | 'skip';
  readonly maxErrors: number;
  /** A missing schema or table is created. */
  readonly create: boolean;
  /** A run that is older than the newest one loaded may be loaded. */
  readonly allowOlder: boolean;
  /** Where the target finds the files, by the words of the target: see `Locations`. */
  readonly locations: Locations;
}

/** Places that only the person knows. A target says which it needs; null: not given. */
export interface Locations {
  /** Snowflake: a stage; default a stage of the schema. */
  readonly stage: string | null;
  /** BigQuery `gs://bucket/path`, Redshift `s3://bucket/path`, without `/` at the end. */
  readonly bucket: string | null;
  /** Databricks: `/Volumes/catalog/schema/volume[/path]`. */
  readonly volume: string | null;
  /** SQL Server: the folder of the files as the server sees it. */
  readonly serverPath: string | null;
  /** BigQuery: the project; Databricks: the catalog. */
  readonly catalog: string | null;
  /** Redshift: the role that reads the bucket. */
  readonly iamRole: string | null;
}

/** The load of one run of one table. */
export interface TableLoad {
  /** 1, 2, … in the plan. */
  readonly number: number;
  readonly source: {
    readonly table: TableName;
    readonly job: string;
    readonly run: string;
    /** ISO 8601, the run's beginning: which of two runs is older. */
    readonly extractedAt: string;
    readonly consistency: Manifest['consistency']['level'];
    /** Of the database that the rows were read from; left out as long as it is not known. */
    readonly identity?: Readonly<Record<string, string>>;
  };
  /** `schema` null: the target's default. */
  readonly target: { readonly schema: string | null; readonly name: string };
  /** What the ledger calls it: names that the target takes for one are one there, and each job has runs of its own. */
  readonly ledger: { readonly table: string; readonly run: string };
  readonly mode: LoadMode;
  readonly columns: readonly LoadColumn[];
  /** Names of the target; empty when the mode needs none and the source has none. */
  readonly key: readonly string[];
  /** The target's name of the column whose largest value wins where a key stands twice; null: a key that stands twice is an error. */
  readonly dedupeBy: string | null;
  /** Only for delete-insert: its rows are taken out. */
  readonly window: LoadWindow | null;
  /** Only for windows of incremental jobs. */
  readonly incremental: LoadIncrement | null;
  /** Only for mode delete. */
  readonly deletes: LoadDeletes | null;
  /** Only for windows: the target's column that says since when a row is gone in the source; null: such rows are taken out. */
  readonly deletedColumn: string | null;
  readonly format: Manifest['format'];
  /** U+0000 is taken out of texts on the way. */
  readonly removesNul?: true;
  readonly files: readonly LoadFile[];
  readonly rows: number;
  /** Short, for names of staging tables: same plan of the same run, same text. `[0-9a-f]{12}` */
  readonly tag: string;
  /** What a person should know before: shortened names, what a target cannot keep. */
  readonly remarks: readonly string[];
}

/** A window of an incremental job: what has to be there before it. */
export interface LoadIncrement {
  /** The run that has to be the newest one of the table in the ledger, and what the ledger calls it; null: nothing is needed. */
  readonly previous: { readonly run: string; readonly ledger: string } | null;
  /** A first window that replaces what is there without being told to: windows of another job must not go that way. */
  readonly takesPlace: boolean;
  /** By its strategy. */
  readonly appends: boolean;
  /** Each version of a row stays: the table that is made has no primary key. */
  readonly keepsVersions: boolean;
  /** Texts of the source, for the ledger; null: open. */
  readonly from: string | null;
  readonly to: string | null;
}

/** The files hold keys of rows that are gone. */
export interface LoadDeletes {
  /** Keys that the target should have, those of the files among them. */
  readonly known: number;
  /** Of the target's rows, and of `known`: more are not deleted. 0 to 1 */
  readonly maxFraction: number;
}

export interface LoadColumn {
  /** As the file has it, but for `inFile`. */
  readonly source: ColumnSchema;
  /** As the file has it, where `source` is a decimal that its texts were measured to be. */
  readonly inFile?: ColumnSchema;
  /** As the target has it. */
  readonly name: string;
  readonly isKey: boolean;
  /** Largest value in bytes of all files, when widths are to be measured; null: types as wide as the target has them. */
  readonly measuredBytes: number | null;
  /** The target's table lacks it, and it is to be left out (`--evolve ignore`): staged, not inserted. */
  readonly ignored: boolean;
}

export interface LoadFile {
  /** 1, 2, … in the table. */
  readonly number: number;
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  /** No row of it has more bytes as CSV; left out where it is not known. Not in plan.json. */
  readonly widestRow?: number;
}
