import type { IngestPlan, LoadFile, TableLoad } from '../ingest/ingest-plan.ts';
import type { LoadMode } from '../ingest/load-mode.ts';

/**
 * How `load` reaches one kind of target: the same steps as the target's scripts, from the same templates, through a driver. To add one:
 * a file `loaders/<name>.ts` with one of these, one line in registry.ts, and a test that runs `tests/conformance/loader.suite.ts` over it.
 */
export interface TargetLoader {
  /** The target's name in ingest/registry.ts. */
  readonly target: string;
  /** Connects. `connections` loads run at the same time. Throws TARGET_CONNECT, TARGET_URL, or what the driver's own config refuses. */
  open(place: TargetPlace, connections: number): Promise<LoadSession>;
}

/** What a load waits for, completes "table t …". */
export type OnWait = (text: string) => void;

export interface TargetPlace {
  /** May hold a password. */
  readonly url: string;
  readonly displayUrl: string;
  readonly flavor: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What a source there would be told apart by, if it is one of that driver; null: it is none. */
  identity(driver: string): Promise<Readonly<Record<string, string>> | null>;
  /** Absolute: a private folder for files of the moment (Parquet on its way as CSV); made when it is needed. */
  readonly scratch: string;
}

/**
 * One table after the other, the files of one at the same time:
 *
 *   entry ─▶ newest (windows) ─▶ columns ─▶ prepare ─▶ staged ─▶ stage (each file once) ─▶ publish ─▶ discard
 *     │ the ledger has the run: done                                     │ a guard stops it: discard, nothing was changed
 *
 * Killed anywhere and run again it ends exact: a file and its name in the list of staged files are one transaction; so are the rows and the
 * ledger's entry. Throws LOAD_… (fault data) for what a guard refuses, TARGET_… (fault source) for trouble with the target.
 */
export interface LoadSession extends AsyncDisposable {
  /** False: `publish` reads the files itself; `staged`, `stage` are not called. */
  readonly stages: boolean;
  /** The ledger's entry of this run of this table; null when there is none, or no ledger. */
  entry(load: TableLoad): Promise<LedgerEntry | null>;
  /** What the ledger calls the newest run of the table that a window can go on from (several: of one instant); empty when it has none. */
  newest(load: TableLoad): Promise<readonly string[]>;
  /** Rows that the table has by the ledger, which has a run of it: see `heldRows` in ingest/ledger-sql.ts. */
  held(load: TableLoad): Promise<number>;
  /** Columns of the table that is there, as its catalog names them; null when there is none. */
  columns(load: TableLoad): Promise<readonly ExistingColumn[] | null>;
  /** ALTER TABLE … ADD COLUMN, in their order, each NULL in the rows that are there. */
  addColumns(load: TableLoad, names: readonly string[], plan: IngestPlan): Promise<void>;
  /** `onWait`: what it waits for, as long as it does. */
  prepare(load: TableLoad, plan: IngestPlan, onWait?: OnWait): Promise<void>;
  /** Files that are in the staging table, by name, with their sha256. */
  staged(load: TableLoad): Promise<ReadonlyMap<string, string>>;
  /** All rows of the file and its entry in the list of staged files, or nothing. A file that is staged already is left as it is. */
  stage(load: TableLoad, file: LoadFile, onBytes: (bytes: number) => void): Promise<void>;
  publish(load: TableLoad, plan: IngestPlan, onWait?: OnWait): Promise<LedgerEntry>;
  /** The staging table and its list are gone. */
  discard(load: TableLoad, plan: IngestPlan): Promise<void>;
  /** Rows of the table. */
  count(load: TableLoad): Promise<number>;
  /**
   * What hangs on the table that is there and goes with it when it is made anew: `trigger stamp`, `grants to reporting`; empty when there is no
   * table. Left out: this target is not asked.
   */
  lost?(load: TableLoad): Promise<readonly string[]>;
}

export interface LedgerEntry {
  readonly run: string;
  readonly mode: LoadMode;
  readonly rows: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly rejected: number;
  /** As the target writes it. */
  readonly loadedAt: string;
}

export interface ExistingColumn {
  readonly name: string;
  /** As the catalog writes it, for messages. */
  readonly type: string;
  readonly nullable: boolean;
  /** It has a default, an identity or an expression: rows may be inserted without it. */
  readonly filled: boolean;
  /** Its value is made of others, and none of ours can be put into it. */
  readonly generated?: boolean;
}
