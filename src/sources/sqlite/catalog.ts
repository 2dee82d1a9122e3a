import { createHash } from 'node:crypto';
import { SqlextractError } from '../../model/problem.ts';
import type { TableName, TableRef } from '../../model/table.ts';
import { didYouMean } from '../../model/nearest-names.ts';
import { allRows, firstRow, numberCell, textCell } from './query.ts';
import type { Connection } from './query.ts';
import { quoteIdentifier } from './quote.ts';

/** A relation of the main schema. */
export interface Relation {
  readonly name: string;
  readonly kind: 'table' | 'view' | 'virtual';
  readonly withoutRowid: boolean;
}

/** A column as `PRAGMA table_xinfo` tells it; hidden columns of virtual tables are left out, generated ones are there. */
export interface CatalogColumn {
  readonly name: string;
  readonly declared: string;
  readonly notNull: boolean;
  /** 1-based place in the primary key; 0 when not in it. */
  readonly primaryKeyPlace: number;
}

const HIDDEN_VIRTUAL = 1;

/** Tables, views and virtual tables, in the order of their names. SQLite's own tables and the shadows of virtual tables are left out. */
export function listRelations(connection: Connection): readonly Relation[] {
  const rows = allRows(
    connection,
    `SELECT name, type, wr FROM pragma_table_list
      WHERE schema = 'main' AND type IN ('table', 'view', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
  );
  return rows.map((row) => ({
    name: textCell(row, 0),
    kind: textCell(row, 1) as Relation['kind'],
    withoutRowid: numberCell(row, 2) === 1,
  }));
}

/** The exact name, else the one that is equal without regard to case. Throws TABLE_NOT_FOUND with the nearest names. */
export function resolveRelation(connection: Connection, table: TableName): Relation {
  const relations = listRelations(connection);
  const inMain = table.schema === '' || table.schema.toLowerCase() === 'main';
  const lower = table.name.toLowerCase();
  const found = inMain
    ? (relations.find((each) => each.name === table.name) ??
      relations.find((each) => each.name.toLowerCase() === lower))
    : undefined;
  if (found !== undefined) return found;
  const asked = table.schema === '' ? table.name : `${table.schema}.${table.name}`;
  const names = relations.map((each) => each.name);
  throw new SqlextractError({
    code: 'TABLE_NOT_FOUND',
    message: `there is no table or view ${asked} in ${connection.path}`,
    hint: inMain ? didYouMean(table.name, names) : 'SQLite sources have no schemas: write the table name alone',
    fault: 'usage',
  });
}

export function columnsOf(connection: Connection, relation: Relation): readonly CatalogColumn[] {
  const rows = allRows(connection, `PRAGMA table_xinfo(${quoteIdentifier(relation.name)})`);
  return rows
    .filter((row) => numberCell(row, 6) !== HIDDEN_VIRTUAL)
    .map((row) => ({
      name: textCell(row, 1),
      declared: typeof row[2] === 'string' ? row[2] : '',
      notNull: numberCell(row, 3) !== 0,
      primaryKeyPlace: numberCell(row, 5),
    }));
}

/**
 * The root page and the text of the CREATE statement: another of either is another table. `byRowid`: also the schema's version, which every
 * VACUUM raises; it gives new row ids to a table without INTEGER PRIMARY KEY, so that ranges of the old ones hold other rows
 * (https://www.sqlite.org/lang_vacuum.html).
 */
export function objectIdOf(connection: Connection, relation: Relation, byRowid: boolean): string {
  const row = firstRow(
    connection,
    `SELECT rootpage, sql FROM sqlite_schema WHERE name = ${textLiteral(relation.name)}`,
  );
  const sql = row === null ? '' : String(row[1]);
  const hash = createHash('sha256').update(sql).digest('hex').slice(0, 16);
  const version = byRowid ? `:${String(firstRow(connection, 'PRAGMA schema_version')?.[0])}` : '';
  return `${row === null ? 0 : String(row[0])}:${hash}${version}`;
}

/** Estimates cost one descent of the table's tree at most. */
export function tableRef(connection: Connection, relation: Relation): TableRef {
  const kind = relation.kind === 'view' ? 'view' : 'table';
  if (relation.kind !== 'table') {
    return { schema: '', name: relation.name, kind, estimatedRows: null, estimatedBytes: null };
  }
  const estimatedRows = analyzedRows(connection, relation) ?? rowidSpan(connection, relation);
  return {
    schema: '',
    name: relation.name,
    kind,
    estimatedRows,
    estimatedBytes: bytesShare(connection, estimatedRows),
  };
}

/** Rows counted by the last ANALYZE. */
function analyzedRows(connection: Connection, relation: Relation): number | null {
  if (firstRow(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'") === null) return null;
  const row = firstRow(
    connection,
    `SELECT max(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl = ${textLiteral(relation.name)}`,
  );
  return typeof row?.[0] === 'bigint' ? Number(row[0]) : null;
}

/** Most that there can be by the row ids, and no more than would fit in the file. */
function rowidSpan(connection: Connection, relation: Relation): number | null {
  const rowid = relation.withoutRowid ? null : rowidName(columnsOf(connection, relation));
  if (rowid === null) return null;
  const table = quoteIdentifier(relation.name);
  const row = firstRow(connection, `SELECT (SELECT min(${rowid}) FROM ${table}), (SELECT max(${rowid}) FROM ${table})`);
  const [low, high] = row ?? [];
  if (typeof low !== 'bigint' || typeof high !== 'bigint') return 0;
  return Math.min(Number(high - low) + 1, Math.floor(databaseBytes(connection) / SMALLEST_ROW_BYTES));
}

/** Header, one byte of record, cell pointer. */
const SMALLEST_ROW_BYTES = 4;

/** A name of the row id that no column has taken; null when all three are taken. */
export function rowidName(columns: readonly CatalogColumn[]): string | null {
  const taken = new Set(columns.map((column) => column.name.toLowerCase()));
  return ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name)) ?? null;
}

function databaseBytes(connection: Connection): number {
  const pages = firstRow(connection, 'PRAGMA page_count');
  const size = firstRow(connection, 'PRAGMA page_size');
  return Number(pages?.[0] ?? 0) * Number(size?.[0] ?? 0);
}

/** The whole file when the table is alone in it, else null: a share would need a scan of every page (dbstat). */
function bytesShare(connection: Connection, rows: number | null): number | null {
  if (rows === 0) return 0;
  const tables = allRows(
    connection,
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' LIMIT 2",
  );
  return tables.length === 1 ? databaseBytes(connection) : null;
}

function textLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
