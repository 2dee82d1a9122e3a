import type { CursorColumn } from '../../model/cursor.ts';
import type { KeyTuple } from '../../model/key-range.ts';
import type { TableSchema } from '../../model/table.ts';
import type { Delivered, DeliveredRequest } from '../cursors.ts';
import type { SqlServerConnection } from './connection.ts';
import { cursorCodec, valueLiteral, valueText } from './cursor-column.ts';
import { cursorCondition } from './cursor-condition.ts';
import { type KeyCodec, keyTextOf } from './key-values.ts';
import { quoteName } from './quote.ts';
import { andWhere, rangeRelation } from './ranges.ts';

/** The largest value as text; null when no row under the conditions has one. `ORDER BY`, because not every type has a MAX(). */
export async function largestValue(
  connection: SqlServerConnection,
  table: TableSchema,
  column: CursorColumn,
  conditions: readonly (string | null)[],
): Promise<string | null> {
  const { codec } = await cursorCodec(connection, table, column.name);
  const name = quoteName(column.name);
  const also = conditions.map((condition) => andWhere(table, condition)).join('');
  const inner =
    `SELECT TOP (1) ${name} AS c0 FROM ${rangeRelation(table, { kind: 'all' })} ` +
    `WHERE ${name} IS NOT NULL${also} ORDER BY ${name} DESC`;
  const [row] = await connection.rows(
    `/* sqlextract:cursor-largest */ SELECT ${codec.render('k.c0')} AS largest FROM (${inner}) AS k`,
  );
  return row === undefined ? null : valueText(row['largest']);
}

/** See SourceCursors.delivered. */
export async function deliveredRows(connection: SqlServerConnection, request: DeliveredRequest): Promise<Delivered> {
  const { table, window, where } = request;
  const largest = await largestValue(connection, table, window.column, [cursorCondition(window), where]);
  return { largest, ties: largest === null ? null : await tiesAt(connection, request, largest) };
}

async function tiesAt(
  connection: SqlServerConnection,
  { table, window, where, key, most }: DeliveredRequest,
  largest: string,
): Promise<readonly KeyTuple[] | null> {
  if (key.length === 0) return null;
  const codecs: KeyCodec[] = [];
  for (const name of key) codecs.push((await cursorCodec(connection, table, name)).codec);
  const cells = key.map((name, at) => `${(codecs[at] as KeyCodec).render(quoteName(name))} AS c${at}`);
  const rows = await connection.rows(
    `/* sqlextract:cursor-ties */ SELECT TOP (${BigInt(most) + 1n}) ${cells.join(', ')} FROM ${rangeRelation(table, { kind: 'all' })} ` +
      `WHERE ${quoteName(window.column.name)} = ${valueLiteral(window.column, largest)}${andWhere(table, where)}`,
  );
  const tuples = rows.map((row) => key.map((_, at) => row[`c${at}`] ?? null));
  // A key with a NULL in it names no row.
  if (rows.length > most || tuples.some((tuple) => tuple.includes(null))) return null;
  return tuples.map((tuple) => tuple.map((cell, at) => keyTextOf(codecs[at] as KeyCodec, cell)));
}

/** See SourceCursors.hasNulls. */
export async function hasNulls(
  connection: SqlServerConnection,
  table: TableSchema,
  column: CursorColumn,
  where: string | null,
): Promise<boolean> {
  if (!column.nullable) return false;
  const rows = await connection.rows(
    `/* sqlextract:cursor-nulls */ SELECT TOP (1) 1 AS one FROM ${rangeRelation(table, { kind: 'all' })} ` +
      `WHERE ${quoteName(column.name)} IS NULL${andWhere(table, where)}`,
  );
  return rows.length > 0;
}
