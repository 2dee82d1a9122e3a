import type pg from 'pg';
import type { CursorColumn, Lookback } from '../../model/cursor.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { TableSchema } from '../../model/table.ts';
import { cursorType } from './cursor-column.ts';
import { requireNear } from './cursor-xmin.ts';
import { quoteLiteral } from './quote.ts';
import { noDistance, notAValue } from '../cursor-refusals.ts';

const EXAMPLE = '2024-01-31 08:00:00 for a timestamp';

/** See SourceCursors.literal. Of the column's base type without its precision: a finer bound than the column's values is no harm. */
export async function cursorLiteral(
  client: pg.Client,
  table: TableSchema,
  column: CursorColumn,
  typed: string,
): Promise<string> {
  const unfit = (reason: string, cause?: unknown) =>
    notAValue({ table, column, example: EXAMPLE }, typed, reason, cause);
  if (typed.includes('\0')) throw unfit('it holds a NUL');
  if (column.kind === 'xmin') {
    if (!/^\d{1,19}$/.test(typed)) throw unfit('it is no number of a transaction');
    await requireNear(client, table, typed);
    return typed;
  }
  const { name } = await cursorType(client, table, column);
  if (column.kind === 'integer' && !/^\s*[+-]?\d+\s*$/.test(typed)) throw unfit('it is no whole number');
  const row = await attempt(client, literalQuery(name, typed), unfit);
  if (row['whole'] !== 't') throw unfit(UNWHOLE[name] ?? 'it is no finite value');
  return row['value'] ?? '';
}

/** What the server would leave out of the text without a word. */
const UNWHOLE: Readonly<Record<string, string>> = {
  timestamp: 'it is in a zone (write it without one, on the clock that the column is on), or infinite',
  timestamptz: 'it is infinite',
  date: 'it is more than a day, or infinite',
};

function literalQuery(type: string, typed: string): string {
  const text = quoteLiteral(typed);
  const value = `${text}::pg_catalog.${type}`;
  return `SELECT (${value})::pg_catalog.text AS value, ${wholeTest(type, text, value)} AS whole`;
}

function wholeTest(type: string, text: string, value: string): string {
  switch (type) {
    case 'timestamp':
      return `pg_catalog.isfinite(${value}) AND ${text}::pg_catalog.timestamptz AT TIME ZONE 'UTC' = ${value}`;
    case 'timestamptz':
      return `pg_catalog.isfinite(${value})`;
    case 'date':
      return `pg_catalog.isfinite(${value}) AND ${text}::pg_catalog.timestamp = ${value}`;
    case 'numeric':
      return `(${value})::pg_catalog.text NOT IN ('NaN', 'Infinity', '-Infinity')`;
    default:
      return 'true';
  }
}

/** See SourceCursors.earlier. */
export async function earlierValue(
  client: pg.Client,
  table: TableSchema,
  column: CursorColumn,
  value: string,
  lookback: Lookback,
): Promise<string> {
  const { kind } = column;
  const { amount, unit } = lookback;
  const unfit = (reason: string, cause?: unknown) => noDistance(table, column, lookback, reason, cause);
  if (kind === 'integer' && unit === null) return earlierInteger(client, table, column, BigInt(value) - BigInt(amount));
  if (kind === 'integer') throw unfit('its values are numbers: give one without a unit');
  if (kind !== 'time' && kind !== 'date') throw unfit('its values know no distance');
  if (unit === null) throw unfit('give a unit: seconds, minutes, hours or days');
  if (kind === 'date' && unit !== 'day') throw unfit('its values are days: give days');
  const { name } = await cursorType(client, table, column);
  const before = `${quoteLiteral(value)}::pg_catalog.${name} - ${quoteLiteral(`${amount} ${unit}`)}::pg_catalog.interval`;
  const row = await attempt(client, `SELECT (${before})::pg_catalog.${name}::pg_catalog.text AS value`, unfit);
  return row['value'] ?? '';
}

const SMALLEST: Readonly<Record<string, bigint>> = { int2: -(2n ** 15n), int4: -(2n ** 31n), int8: -(2n ** 63n) };

async function earlierInteger(
  client: pg.Client,
  table: TableSchema,
  column: CursorColumn,
  value: bigint,
): Promise<string> {
  const smallest = SMALLEST[(await cursorType(client, table, column)).name];
  return String(smallest !== undefined && value < smallest ? smallest : value);
}

/** A refusal of the text (class 22) leaves the session's transaction as it was. */
async function attempt(
  client: pg.Client,
  sql: string,
  unfit: (reason: string, cause?: unknown) => SqlextractError,
): Promise<Readonly<Record<string, string | null>>> {
  const inside = client.getTransactionStatus() === 'T';
  if (inside) await client.query('SAVEPOINT before_value');
  try {
    const { rows } = await client.query<Record<string, string | null>>(sql);
    if (inside) await client.query('RELEASE SAVEPOINT before_value');
    return rows[0] ?? {};
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message: string };
    if (typeof code !== 'string' || !code.startsWith('22')) throw error;
    if (inside) await client.query('ROLLBACK TO SAVEPOINT before_value');
    throw unfit(message, error);
  }
}
