import type { ColumnType } from './column-type.ts';

/** A table's name as the catalog spells it. `schema` is '' where the database has no schemas (SQLite's main). */
export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** What `listTables` knows without opening the table. */
export interface TableRef extends TableName {
  readonly kind: 'table' | 'partitioned table' | 'view' | 'materialized view' | 'foreign table' | 'query';
  /** Rows by the server's statistics; null when it has none. Only ever used for balance and progress. */
  readonly estimatedRows: number | null;
  readonly estimatedBytes: number | null;
}

export interface ColumnSchema {
  readonly name: string;
  /** The type as the server writes it: `numeric(12,2)`, `NVARCHAR(160)`. */
  readonly nativeType: string;
  readonly type: ColumnType;
  /** False only when the catalog forbids NULL. */
  readonly nullable: boolean;
  /** One sentence when the file's type is not the obvious one: "numeric without precision is written as text". */
  readonly note?: string;
  /** The source's type is an exact number, which is written as text since no decimal of ours holds all of them. */
  readonly exact?: 'number';
}

/** A key that ranges can be cut from, best first as the source lists them. */
export interface CandidateKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly kind: 'primary' | 'unique' | 'rowid' | 'index';
  readonly unique: boolean;
  /** True when any of its columns can be NULL: the plan then has a `null` range. */
  readonly nullable: boolean;
  /** A single integer column: boundaries may be computed. */
  readonly integer: boolean;
  /** Rows lie in the table in quite another order than in this key (random uuids): a range touches every page. */
  readonly scattered: boolean;
  /** Why it must not be used (changed collation version, partial index); null when it may. */
  readonly refused: string | null;
}

/** A relation that can be read by blocks (a heap, a leaf of a partitioned table). */
export interface PhysicalPart {
  readonly relation: string;
  readonly blocks: number;
}

/** Everything a plan needs to know of a table. Plain data: goes to the state, the workers and the manifest. */
export interface TableSchema extends TableRef {
  /** The server's own identity of the table (oid, root page), part of the fingerprint. */
  readonly objectId: string;
  /** The selected columns in the order they are written. */
  readonly columns: readonly ColumnSchema[];
  /** Columns of the primary key, for loaders; empty when there is none. */
  readonly primaryKey: readonly string[];
  readonly candidateKeys: readonly CandidateKey[];
  /** Non-empty only when block ranges are possible for this table. */
  readonly physicalParts: readonly PhysicalPart[];
  /** Only for kind `query`: the statement, which passed `checkQuery` and stands where a table's name would. */
  readonly query?: string;
  /** Why a snapshot of the source does not cover all rows (foreign tables); left out when it does. */
  readonly outsideSnapshot?: string;
  /** Things a person should know before reading: "foreign table: no snapshot on the remote side". */
  readonly remarks: readonly string[];
}

/** `schema.name`, or `name` where there is no schema. For people and for folder names (which are encoded further). */
export function displayName(table: TableName): string {
  return table.schema === '' ? table.name : `${table.schema}.${table.name}`;
}
