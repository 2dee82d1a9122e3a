import type { Connection } from 'mysql2';
import type { CursorColumn, Lookback } from '../../model/cursor.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { TableSchema } from '../../model/table.ts';
import { isBytes, isDecimal, isTimestamp, secondDigits, valueLiteral } from './cursor-column.ts';
import { queryCell } from './query-rows.ts';
import { quoteText } from './quote.ts';
import { noDistance, notAValue } from '../cursor-refusals.ts';

const EXAMPLE = '2024-01-31 08:00:00 for a DATETIME';

const TYPED_MOMENT = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d(?:\.(\d{1,6}))?)?)?(Z|[+-]\d\d:?\d\d)?$/i;

/** See SourceCursors.literal. A moment without a zone is meant in UTC for a TIMESTAMP, else on the clock that the column is on. */
export async function cursorLiteral(
  connection: Connection,
  table: TableSchema,
  column: CursorColumn,
  typed: string,
): Promise<string> {
  const unfit = (reason: string) => notAValue({ table, column, example: EXAMPLE }, typed, reason);
  switch (column.kind) {
    case 'integer':
      return integerText(column, typed, unfit);
    case 'date':
      if (/^\d{4}-\d\d-\d\d$/.test(typed) && isDay(typed)) return typed;
      throw unfit('it is no day');
    case 'time':
      return momentText(connection, column, typed, unfit);
    default:
      return plainText(column, typed, unfit);
  }
}

type Unfit = (reason: string) => SqlextractError;

function integerText({ nativeType }: CursorColumn, typed: string, unfit: Unfit): string {
  if (!/^\s*[+-]?\d{1,65}\s*$/.test(typed)) throw unfit('it is no whole number');
  const value = BigInt(typed.trim().replace(/^\+/, ''));
  const { least, most } = integerRange(nativeType);
  if (value < least || value > most) throw unfit(`it goes from ${least} to ${most}`);
  return String(value);
}

function plainText(column: CursorColumn, typed: string, unfit: Unfit): string {
  if (!typed.isWellFormed()) throw unfit('it is no whole text');
  const value = isBytes(column) ? typed.toLowerCase() : typed;
  if (isDecimal(column) || isBytes(column)) {
    try {
      valueLiteral(column, value);
    } catch {
      throw unfit(isBytes(column) ? 'bytes are written as 0x00ff' : 'it is no number');
    }
  }
  return value;
}

async function momentText(connection: Connection, column: CursorColumn, typed: string, unfit: Unfit): Promise<string> {
  const [, day, minutes = '00:00', seconds = ':00', fraction = '', zone] = TYPED_MOMENT.exec(typed) ?? [];
  if (day === undefined || !isDay(day)) throw unfit('it is no moment');
  if (zone !== undefined && !isTimestamp(column))
    throw unfit('the column is in no zone: write it without one, on the clock that the column is on');
  // A bound finer than the column is no harm.
  const digits = Math.max(secondDigits(column), fraction.length);
  const offset = zone === undefined || /^z$/i.test(zone) ? '+00:00' : zone.replace(/^(...):?(..)$/, '$1:$2');
  const moment = `CAST(${quoteText(`${day} ${minutes}${seconds}`)} AS DATETIME(${digits}))`;
  const utc = offset === '+00:00' ? moment : `CONVERT_TZ(${moment}, ${quoteText(offset)}, '+00:00')`;
  const text = await queryCell(connection, `SELECT CAST(${utc} AS CHAR)`);
  if (text === null) throw unfit('it is no moment');
  return text;
}

/** The session takes days that no calendar has, which nobody means. */
function isDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

const BITS: Readonly<Record<string, bigint>> = { tinyint: 8n, smallint: 16n, mediumint: 24n, int: 32n, bigint: 64n };

/** Of a whole number's type. https://dev.mysql.com/doc/refman/8.4/en/integer-types.html */
export function integerRange(nativeType: string): { readonly least: bigint; readonly most: bigint } {
  const unsigned = /\bunsigned\b|\bzerofill\b/i.test(nativeType);
  const bits = BITS[/^[a-z]+/i.exec(nativeType)?.[0].toLowerCase() ?? ''];
  const digits = BigInt(/^decimal\((\d+)/i.exec(nativeType)?.[1] ?? 65);
  const most = bits === undefined ? 10n ** digits - 1n : 2n ** (unsigned ? bits : bits - 1n) - 1n;
  if (unsigned) return { least: 0n, most };
  return { least: bits === undefined ? -most : -most - 1n, most };
}

/** See SourceCursors.earlier. */
export async function earlierValue(
  connection: Connection,
  table: TableSchema,
  column: CursorColumn,
  value: string,
  lookback: Lookback,
): Promise<string> {
  const { kind } = column;
  const { amount, unit } = lookback;
  const unfit = (reason: string) => noDistance(table, column, lookback, reason);
  if (kind === 'integer' && unit === null) {
    const { least } = integerRange(column.nativeType);
    const before = BigInt(value) - BigInt(amount);
    return String(before < least ? least : before);
  }
  if (kind === 'integer') throw unfit('its values are numbers: give one without a unit');
  if (kind !== 'time' && kind !== 'date') throw unfit('its values know no distance');
  if (unit === null) throw unfit('give a unit: seconds, minutes, hours or days');
  if (kind === 'date' && unit !== 'day') throw unfit('its values are days: give days');
  const before = `${valueLiteral(column, value)} - INTERVAL ${BigInt(amount)} ${unit.toUpperCase()}`;
  const text = await queryCell(connection, `SELECT CAST(${before} AS CHAR)`);
  if (text === null || text.startsWith('0000')) throw unfit('no day is so long ago');
  return text;
}
