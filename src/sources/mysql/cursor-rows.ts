import type { Connection } from 'mysql2';
import type { CursorColumn } from '../../model/cursor.ts';
import type { KeyTuple } from '../../model/key-range.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableSchema } from '../../model/table.ts';
import type { Delivered, DeliveredRequest } from '../cursors.ts';
import { resolveColumn } from '../resolve-column.ts';
import type { NativeColumn } from './columns.ts';
import { cursorColumns, valueExpression, valueLiteral } from './cursor-column.ts';
import { cursorCondition } from './cursor-condition.ts';
import { keyExpression, toLiteral } from './key-literal.ts';
import { queryCell, queryRows } from './query-rows.ts';
import { quoteName } from './quote.ts';
import { andWhere, relation } from './ranges.ts';

/** The largest value as text; null when no row under the conditions has one. */
export function largestValue(
  connection: Connection,
  table: TableSchema,
  column: CursorColumn,
  conditions: readonly (string | null)[],
): Promise<string | null> {
  const also = conditions.map((condition) => andWhere(table, condition)).join('');
  const inner = `SELECT MAX(${quoteName(column.name)}) AS c FROM ${relation(table, [])} WHERE TRUE${also}`;
  return queryCell(connection, `SELECT ${valueExpression('c', column)} FROM (${inner}) AS sqlextract_largest`);
}

/** See SourceCursors.delivered. */
export async function deliveredRows(connection: Connection, request: DeliveredRequest): Promise<Delivered> {
  const { table, window, where } = request;
  const largest = await largestValue(connection, table, window.column, [cursorCondition(window), where]);
  return { largest, ties: largest === null ? null : await tiesAt(connection, request, largest) };
}

async function tiesAt(
  connection: Connection,
  { table, window, where, key, most }: DeliveredRequest,
  largest: string,
): Promise<readonly KeyTuple[] | null> {
  if (key.length === 0) return null;
  const columns = await cursorColumns(connection, table);
  const types = key.map((name) => resolveColumn(table, columns, name));
  const cells = types.map((column) => keyCell(table, column));
  const at = `${quoteName(window.column.name)} = ${valueLiteral(window.column, largest)}`;
  const rows = await queryRows(
    connection,
    `SELECT ${cells.join(', ')} FROM ${relation(table, [])} WHERE ${at}${andWhere(table, where)} LIMIT ${BigInt(most) + 1n}`,
  );
  // A key with a NULL in it names no row.
  if (rows.length > most || rows.some((row) => row.includes(null))) return null;
  return rows.map((row) => row.map((cell, place) => toLiteral(cell as string, (types[place] as NativeColumn).native)));
}

function keyCell(table: TableSchema, { name, native }: NativeColumn): string {
  const expression = keyExpression(name, native);
  if (expression !== null) return expression;
  throw new SqlextractError({
    code: 'CURSOR_COLUMN',
    message: `column ${name} of ${displayName(table)} cannot tell rows apart: ${native.display} has no exact constant`,
    hint: 'give another --unique-key',
    fault: 'usage',
  });
}

/** See SourceCursors.hasNulls. */
export async function hasNulls(
  connection: Connection,
  table: TableSchema,
  column: CursorColumn,
  where: string | null,
): Promise<boolean> {
  // IS NULL would find the day 0000-00-00 in a column that can not be NULL.
  if (!column.nullable) return false;
  const from = relation(table, []);
  const found = await queryRows(
    connection,
    `SELECT 1 FROM ${from} WHERE ${quoteName(column.name)} IS NULL${andWhere(table, where)} LIMIT 1`,
  );
  return found.length > 0;
}
