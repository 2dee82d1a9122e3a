import type { CursorColumn } from '../../model/cursor.ts';
import type { KeyTuple } from '../../model/key-range.ts';
import type { TableSchema } from '../../model/table.ts';
import type { Delivered, DeliveredRequest } from '../cursors.ts';
import { refused } from './cursor-column.ts';
import { cursorCondition, valueLiteral } from './cursor-condition.ts';
import { requireOneForm } from './cursor-forms.ts';
import { fromClause } from './from-clause.ts';
import { allRows, type Connection, firstRow, type Row } from './query.ts';
import { keyLiteral, quoteIdentifier } from './quote.ts';
import { conjunction, whereParts } from './range-predicate.ts';
import { checkWhere } from './where.ts';

/** The largest value as text; null when no row (under the conditions) has one. Throws CURSOR_COLUMN for one of another class. */
export function largestValue(
  connection: Connection,
  table: TableSchema,
  column: CursorColumn,
  conditions: readonly (string | null)[],
): string | null {
  conditions.forEach(checkWhere);
  const name = quoteIdentifier(column.name);
  const where = conjunction([`${name} IS NOT NULL`, ...conditions.flatMap(whereParts)]);
  const sql = `SELECT ${name} FROM ${fromClause(table)} WHERE ${where} ORDER BY ${name} DESC LIMIT 1`;
  const row = firstRow(connection, sql);
  return row === null ? null : valueText(table, column, row);
}

function valueText(table: TableSchema, column: CursorColumn, [value]: Row): string {
  if (column.kind === 'integer') {
    if (typeof value === 'bigint') return String(value);
    throw refused(table, column.name, `it holds ${classOf(value)} besides whole numbers`);
  }
  if (typeof value !== 'string') throw refused(table, column.name, `it holds ${classOf(value)} besides texts`);
  if (value.isWellFormed() && !/[\0\uFFFD]/.test(value)) return value;
  throw refused(table, column.name, 'its largest value holds a NUL, or bytes that are no text');
}

function classOf(value: Row[number] | undefined): string {
  return (
    { bigint: 'whole numbers', number: 'floating point numbers', string: 'texts' }[typeof value as string] ?? 'blobs'
  );
}

/** See SourceCursors.delivered. Throws CURSOR_COLUMN for moments that are not written alike, too. */
export function deliveredRows(connection: Connection, request: DeliveredRequest): Delivered {
  const { table, window, where } = request;
  const largest = largestValue(connection, table, window.column, [cursorCondition(window), where]);
  if (largest !== null) requireOneForm(connection, request);
  return { largest, ties: largest === null ? null : tiesAt(connection, request, largest) };
}

function tiesAt(
  connection: Connection,
  { table, window, where, key, most }: DeliveredRequest,
  largest: string,
): readonly KeyTuple[] | null {
  if (key.length === 0) return null;
  const { column } = window;
  const cells = key.map(quoteIdentifier).flatMap((name) => [name, `hex(CAST(${name} AS BLOB))`]);
  const at = `${quoteIdentifier(column.name)} = ${valueLiteral(column, largest)}`;
  const rows = allRows(
    connection,
    `SELECT ${cells.join(', ')} FROM ${fromClause(table)} WHERE ${conjunction([at, ...whereParts(where)])} LIMIT ${BigInt(most) + 1n}`,
  );
  const tuples = rows.map((row) => tupleOf(row, key.length));
  // A key with a NULL in it names no row.
  return tuples.length > most || tuples.includes(null) ? null : (tuples as KeyTuple[]);
}

function tupleOf(row: Row, length: number): KeyTuple | null {
  const literals = Array.from({ length }, (_, index) => {
    const value = row[index * 2];
    return value === null || value === undefined ? null : keyLiteral({ value, hex: String(row[index * 2 + 1]) });
  });
  return literals.includes(null) ? null : (literals as string[]);
}

/** See SourceCursors.hasNulls. */
export function hasNulls(
  connection: Connection,
  table: TableSchema,
  column: CursorColumn,
  where: string | null,
): boolean {
  checkWhere(where);
  const condition = conjunction([`${quoteIdentifier(column.name)} IS NULL`, ...whereParts(where)]);
  return firstRow(connection, `SELECT 1 FROM ${fromClause(table)} WHERE ${condition} LIMIT 1`) !== null;
}
