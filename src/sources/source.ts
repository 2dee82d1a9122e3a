import type { ColumnType } from '../model/column-type.ts';
import type { Problem } from '../model/problem.ts';
import type { EpochFacts, SnapshotLease, SnapshotToken } from '../model/epoch.ts';
import type { KeyRange, KeyTuple } from '../model/key-range.ts';
import type { RowBatch } from '../model/row-batch.ts';
import type { TableName, TableRef, TableSchema } from '../model/table.ts';
import type { ValuePolicies } from '../model/value-policies.ts';
import type { SourceCursors } from './cursors.ts';

/**
 * The contract of a source.
 *
 * How to add one:
 * 1. make a folder `sources/<name>/` with the same file names as the others: index connect catalog types split read errors;
 * 2. write `types.ts`: every native type to one `ColumnType`, or a refusal that names the way out;
 * 3. write `catalog.ts`: names resolve through the catalog to an object id, never by lower-casing;
 * 4. write `read.ts`: pinned session settings, an explicit column list, completeness proven before the stream ends;
 * 5. write `errors.ts`: every driver error gets a verdict; unknown ones are fatal;
 * 6. add one line to `registry.ts`;
 * 7. add `tests/sources/<name>.test.ts`, which calls `tests/conformance/source.suite.ts`.
 *
 * Two rules: nothing outside the folder may know the database's name, and nothing in it may read the environment.
 */
export interface SourceDriver {
  readonly name: string;
  /** Without the colon: `postgres`, `postgresql`, `sqlite`, `file`. */
  readonly urlSchemes: readonly string[];
  readonly capabilities: SourceCapabilities;
  /** Every native type and what becomes of it, as the code decides it; TYPES.md and `inspect --types` are made from this. */
  typeLines(): readonly TypeLine[];
  /**
   * What nobody may overlook about all of this source, in one sentence that TYPES.md begins with and `inspect --types` shows: "not yet
   * run on SQL Server itself". Left out when there is nothing of that kind.
   */
  readonly caveat?: string;
  /** Turns what a person gave into a config; throws SqlextractError (fault configuration) when it cannot. */
  parse(input: SourceInput): SourceConfig;
  open(config: SourceConfig, role: SessionRole): Promise<SourceSession>;
  /** Names, codes and verdicts for anything that a session of this driver throws. */
  classify(error: unknown): Problem;
  /** Whether the holder of a killed (or living) run's snapshot is still there; null when it has gone. Only looks. */
  peekHolder(lease: SnapshotLease): Promise<HolderView | null>;
  /** Ends the holder of a snapshot that nobody will go on with; does nothing when it has gone. */
  endHolder(lease: SnapshotLease): Promise<void>;
}

export interface TypeLine {
  /** As the server writes it; a family in words where one rule serves many: `numeric(p,s), p ≤ 38`. */
  readonly native: string;
  /** Null: refused unless a flag that `note` names is given. */
  readonly type: ColumnType | null;
  /** In words, where the type depends on the declaration or on the cells: `decimal(p,s)`. */
  readonly becomes?: string;
  /** What a person should know: how it is written when that is not obvious, and the flag that changes it. */
  readonly note?: string;
}

export interface HolderView {
  readonly pid: number;
  /** attended: a run is connected to it. */
  readonly state: 'attended' | 'orphaned';
  /** Milliseconds until it ends by itself; null while it is attended. */
  readonly endsInMs: number | null;
}

export interface SourceCapabilities {
  /** Several sessions can read one snapshot. */
  readonly sharedSnapshot: boolean;
  /** A session can join a snapshot at any time of its life; false: only together with all others, before the first read. */
  readonly lateJoin: boolean;
  /** The snapshot of a killed run can still be there for the rerun. */
  readonly snapshotOutlivesRun: boolean;
  /** How many sessions a snapshot takes while it begins or lasts, besides those that coordinate and read. Left out: none. */
  extraSessions?(request: Pick<SnapshotRequest, 'mode' | 'required' | 'allowLocks'>): number;
  /**
   * What `--incremental-by` takes for the source's own version of every row, which tables without a suitable column have too. Left out: there
   * is none. A column that the server keeps (a rowversion) is no such thing: it is one of the table's.
   */
  readonly rowCursor?: string;
}

export interface SourceInput {
  /** May hold a password and options (`?sslmode=…`, `?copy=off`); may be a plain path for file sources. */
  readonly url: string;
  /** Environment variables the driver's own tools honour (PGPASSWORD, PGPASSFILE, HOME …), read by config/. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Plain data, handed to workers and the holder over memory or a pipe, never stored. */
export interface SourceConfig {
  readonly driver: string;
  /** For people, state and manifest: no password, no query string with secrets. */
  readonly displayUrl: string;
  /** Driver-specific; may hold secrets. Never logged, never stored. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** 'coordinator' describes, walks and holds; 'reader' reads ranges. */
export type SessionRole = 'coordinator' | 'reader';

export interface SourceSession extends AsyncDisposable {
  /** What makes this the same server and database tomorrow; goes into the fingerprint. Values are shown to people. */
  identity(): Promise<Readonly<Record<string, string>>>;
  listTables(): Promise<readonly TableRef[]>;
  /**
   * The table's columns, types and keys. Throws TABLE_NOT_FOUND, COLUMN_NOT_FOUND, SOURCE_PERMISSION,
   * TYPE_REFUSED. `selection.columns` null means all.
   */
  describe(table: TableName, selection: ColumnSelection): Promise<TableSchema>;
  /**
   * The columns of a `SELECT` as a table of kind `query`: no primary key, no parts, and at most one candidate key (`splitBy`). The
   * server is asked for the columns, without running the query. Throws QUERY_REFUSED (not one SELECT, `checkQuery`),
   * QUERY_DUPLICATE_COLUMN, QUERY_UNNAMED_COLUMN, COLUMN_NOT_FOUND (splitBy), TYPE_REFUSED, or what the server says of the text.
   */
  describeQuery(query: QueryRequest): Promise<TableSchema>;
  /**
   * The key that lies `step` rows (≥ 1) after `after` in key order (from the start when null), or null when fewer rows are left.
   * Always strictly greater than `after`: with more than `step` equal keys it is the next distinct value.
   * `before` ends the walk: null is answered when no key is left that is smaller than it.
   * Reads only key columns that are NOT NULL, inside the session's snapshot when it has one.
   */
  nextBoundary(request: BoundaryRequest): Promise<KeyTuple | null>;
  /** Coordinator: a snapshot will be asked for. What takes time and needs no table may begin now. */
  expectSnapshot?(): void;
  /** Coordinator: starts an epoch over these tables, or joins the one that `previous` still holds. */
  takeSnapshot(request: SnapshotRequest): Promise<Snapshot>;
  /** Reader: reads inside the epoch from now on (first call, or after a reconnect). Throws verdict epoch-lost when it is gone. */
  joinSnapshot(token: SnapshotToken): Promise<void>;
  /**
   * The rows of one range. Ends normally only when the source itself proved that the result was complete (row count of the
   * COPY tag, SQLITE_DONE) and it equals the rows given out; every other end throws.
   * A value that does not fit its planned type throws VALUE_DOES_NOT_FIT with table, key, column, value prefix and the flag.
   */
  readRange(request: ReadRequest): AsyncIterable<RowBatch>;
  /** Order-independent sum over all selected rows, inside the session's snapshot when it has one (see model/row-hash.ts). */
  checksum(request: ChecksumRequest): Promise<Checksum>;
  /** How many rows `checksum` would go over, without reading their cells. */
  countRows(request: ChecksumRequest): Promise<bigint>;
  /** Coordinator: whether the ranges, read in the epoch of `facts`, still hold the same rows now. 'unknown' when it cannot be told. */
  unchangedSince(
    facts: EpochFacts,
    table: TableSchema,
    ranges: readonly CountedRange[],
    where: string | null,
  ): Promise<'unchanged' | 'changed' | 'unknown'>;
  /** Windows over a column that grows, for incremental runs. */
  readonly cursors: SourceCursors;
}

export interface ColumnSelection {
  /** Names as typed; resolved without regard to case when unambiguous. Null: all. */
  readonly include: readonly string[] | null;
  readonly exclude: readonly string[];
  /** Columns to plan as text whatever their type (`--as-text`), names as typed. */
  readonly asText: readonly string[];
  readonly policies: ValuePolicies;
}

export interface QueryRequest {
  /** One SELECT, as typed. */
  readonly sql: string;
  /** What it is called in the state, the output folder and the manifest. */
  readonly name: string;
  /** A result column that ranges are cut from; null: one stream. */
  readonly splitBy: string | null;
  readonly selection: ColumnSelection;
}

export interface BoundaryRequest {
  readonly table: TableSchema;
  readonly key: readonly string[];
  readonly where: string | null;
  readonly after: KeyTuple | null;
  /** Null: to the end of the key. */
  readonly before: KeyTuple | null;
  readonly step: number;
}

export interface SnapshotRequest {
  readonly tables: readonly TableSchema[];
  /** 'shared': one snapshot for all sessions. 'none': every range reads what is committed when it starts. */
  readonly mode: 'shared' | 'none';
  /** How long the snapshot outlives a killed run, milliseconds; 0: not at all. */
  readonly holdMs: number;
  /** The lease that the state remembers of the killed run; null for a new epoch. */
  readonly previous: SnapshotLease | null;
  /** Files of two states are not wanted at all: when readers cannot share one state, allow one reader, or throw. */
  readonly required: boolean;
  /** Locks that keep others from writing may be taken for as long as it takes the readers to begin (`--allow-locks`). */
  readonly allowLocks: boolean;
  /** The last of several tries: readers that still could not be aligned read a snapshot each (facts.shared false), unless `required`. */
  readonly lastTry: boolean;
  /** A private folder (0700) for sockets and logs of a holder. */
  readonly runtimeFolder: string;
}

export interface Snapshot {
  readonly token: SnapshotToken;
  readonly facts: EpochFacts;
  /** Null when nothing outlives this process. */
  readonly lease: SnapshotLease | null;
  /** True when `previous` was joined and the epoch goes on. */
  readonly resumed: boolean;
  /** Remarks for the plan and the report: "standby: a conflict with recovery can end the snapshot". */
  readonly remarks: readonly string[];
  /** At most this many readers may join; null is no limit. */
  readonly maxReaders: number | null;
  /** After all readers joined: false when they may not all see one state, and the epoch must be taken again. */
  confirm(): Promise<boolean>;
  /** Throws verdict epoch-lost when it no longer lives. */
  check(): Promise<void>;
  /** Ends the epoch, the holder included. Not calling it leaves the holder to `holdMs`. */
  release(): Promise<void>;
}

export interface ReadRequest {
  readonly table: TableSchema;
  readonly range: KeyRange;
  /** The columns of `between` and `null` ranges; empty for the others. */
  readonly key: readonly string[];
  readonly where: string | null;
  readonly limit: number | null;
  readonly policies: ValuePolicies;
  /** Called with the cells of a batch that a policy replaced by NULL. */
  onReplaced?(column: string, cells: number): void;
  /** Upper bounds of one batch; asked again for every batch, so that memory pressure can shrink them. */
  batchBounds(): { readonly rows: number; readonly bytes: number };
  /** Called with the number of bytes and rows as they arrive, for the progress display and the watchdog. */
  onProgress?(rows: number, bytes: number): void;
  readonly signal: AbortSignal;
}

export interface CountedRange {
  readonly range: KeyRange;
  readonly key: readonly string[];
  readonly rows: number;
}

export interface ChecksumRequest {
  readonly table: TableSchema;
  readonly where: string | null;
}

export interface Checksum {
  readonly rows: bigint;
  /** Sum over rows of the first 64 bits of the row's MD5, as an unsigned number, not reduced. */
  readonly sum: bigint;
}
