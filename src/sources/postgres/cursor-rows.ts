import type pg from 'pg';
import type { CursorColumn } from '../../model/cursor.ts';
import type { KeyTuple } from '../../model/key-range.ts';
import type { TableSchema } from '../../model/table.ts';
import type { Delivered, DeliveredRequest } from '../cursors.ts';
import { cursorCondition } from './cursor-condition.ts';
import { requireNear } from './cursor-xmin.ts';
import { fromClause } from './from-clause.ts';
import { quoteLiteral, quoteName } from './quote.ts';
import { andWhere } from './ranges.ts';
import { withSearchPath } from './search-path.ts';

/** The largest value, as text; null when no row (under the conditions) has one. `ORDER BY`, because not every type has a max(). */
export async function largestValue(
  client: pg.Client,
  table: TableSchema,
  column: CursorColumn,
  conditions: readonly (string | null)[],
): Promise<string | null> {
  const name = quoteName(column.name);
  const also = conditions.map((condition) => andWhere(table, condition)).join('');
  const inner = `SELECT ${name} AS c FROM ${fromClause(table)} WHERE ${name} IS NOT NULL${also} ORDER BY ${name} DESC LIMIT 1`;
  const { rows } = await client.query<{ value: string }>(`SELECT l.c::pg_catalog.text AS value FROM (${inner}) AS l`);
  return rows[0]?.value ?? null;
}

/** See SourceCursors.delivered. For xmin there is nothing to find (`next` was told with the bound), but the window is checked once more. */
export async function deliveredRows(client: pg.Client, request: DeliveredRequest): Promise<Delivered> {
  const { table, window, where } = request;
  if (window.column.kind === 'xmin') {
    if (window.from !== null) await requireNear(client, table, window.from.value);
    return { largest: null, ties: null };
  }
  const condition = cursorCondition(window);
  return withSearchPath(client, table, where ?? condition, async () => {
    const largest = await largestValue(client, table, window.column, [condition, where]);
    return { largest, ties: largest === null ? null : await tiesAt(client, request, largest) };
  });
}

async function tiesAt(
  client: pg.Client,
  { table, window, where, key, most }: DeliveredRequest,
  largest: string,
): Promise<readonly KeyTuple[] | null> {
  if (key.length === 0) return null;
  const cells = key.map((column) => `${quoteName(column)}::pg_catalog.text`).join(', ');
  const { rows } = await client.query<(string | null)[]>({
    text: `SELECT ${cells} FROM ${fromClause(table)} WHERE ${quoteName(window.column.name)} = ${quoteLiteral(largest)}${andWhere(table, where)} LIMIT ${BigInt(most) + 1n}`,
    rowMode: 'array',
  });
  // A key with a NULL in it names no row.
  if (rows.length > most || rows.some((row) => row.includes(null))) return null;
  return rows as string[][];
}

/** See SourceCursors.hasNulls. */
export async function hasNulls(
  client: pg.Client,
  table: TableSchema,
  column: CursorColumn,
  where: string | null,
): Promise<boolean> {
  if (column.kind === 'xmin') return false;
  return withSearchPath(client, table, where, async () => {
    const { rows } = await client.query(
      `SELECT 1 FROM ${fromClause(table)} WHERE ${quoteName(column.name)} IS NULL${andWhere(table, where)} LIMIT 1`,
    );
    return rows.length > 0;
  });
}
