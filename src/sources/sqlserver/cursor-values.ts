import type { CursorColumn, Lookback } from '../../model/cursor.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { TableSchema } from '../../model/table.ts';
import type { SqlServerConnection } from './connection.ts';
import { cursorCodec, valueLiteral, valueText } from './cursor-column.ts';
import { noDistance, notAValue } from '../cursor-refusals.ts';

const EXAMPLE = '2024-01-31 08:00:00 for a datetime2';

const MOMENT = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d(?:\.\d{1,7})?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/i;

type Unfit = (reason: string) => SqlextractError;

/** See SourceCursors.literal. A moment without a zone is meant in UTC for a datetimeoffset, else on the clock that the column is on. */
export async function cursorLiteral(
  connection: SqlServerConnection,
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
      return readBack(connection, table, column, momentText(column, typed, unfit));
    case 'rowversion':
      if (/^0x[0-9a-f]{16}$/i.test(typed)) return typed.toLowerCase();
      throw unfit('it is written as 0x and 16 digits');
    default:
      return plainText(column, typed, unfit);
  }
}

function integerText({ nativeType }: CursorColumn, typed: string, unfit: Unfit): string {
  if (!/^\s*[+-]?\d{1,38}\s*$/.test(typed)) throw unfit('it is no whole number');
  const value = BigInt(typed.trim().replace(/^\+/, ''));
  const { least, most } = integerRange(nativeType);
  if (value < least || value > most) throw unfit(`it goes from ${least} to ${most}`);
  return String(value);
}

const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  tinyint: [0n, 255n],
  smallint: [-(2n ** 15n), 2n ** 15n - 1n],
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  bigint: [-(2n ** 63n), 2n ** 63n - 1n],
};

export function integerRange(nativeType: string): { readonly least: bigint; readonly most: bigint } {
  const digits = BigInt(/^decimal\((\d+)/.exec(nativeType)?.[1] ?? 38);
  const [least, most] = RANGES[nativeType] ?? [1n - 10n ** digits, 10n ** digits - 1n];
  return { least, most };
}

function momentText({ nativeType }: CursorColumn, typed: string, unfit: Unfit): string {
  const [, day, minutes = '00:00', seconds = ':00', zone] = MOMENT.exec(typed) ?? [];
  if (day === undefined || !isDay(day) || !/^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d/.test(minutes + seconds))
    throw unfit('it is no moment');
  if (Number(day.slice(0, 4)) < firstYear(nativeType)) throw unfit(`it begins with the year ${firstYear(nativeType)}`);
  if (nativeType.startsWith('datetimeoffset')) {
    const offset = zone === undefined || /^z$/i.test(zone) ? '+00:00' : zone.replace(/^(...):?(..)$/, '$1:$2');
    return `${day} ${minutes}${seconds} ${offset}`;
  }
  if (zone === undefined) return `${day} ${minutes}${seconds}`;
  throw unfit('the column is in no zone: write it without one, on the clock that the column is on');
}

/** https://learn.microsoft.com/sql/t-sql/functions/date-and-time-data-types-and-functions-transact-sql */
function firstYear(nativeType: string): number {
  if (nativeType === 'datetime') return 1753;
  return nativeType === 'smalldatetime' ? 1900 : 1;
}

function isDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

function plainText({ nativeType }: CursorColumn, typed: string, unfit: Unfit): string {
  if (!typed.isWellFormed() || typed.includes('\0')) throw unfit('it is no whole text');
  if (/^(?:var)?binary/.test(nativeType)) {
    if (/^0x(?:[0-9a-f]{2})*$/i.test(typed)) return typed.toLowerCase();
    throw unfit('bytes are written as 0x00ff');
  }
  if (nativeType === 'uniqueidentifier' && !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(typed))
    throw unfit('it is none');
  if (/^(?:decimal|small|money)/.test(nativeType) && !/^-?\d{1,38}(?:\.\d{1,38})?$/.test(typed))
    throw unfit('it is no number');
  const length = Number(/char\((\d+)\)/.exec(nativeType)?.[1] ?? Number.POSITIVE_INFINITY);
  if (typed.length > length) throw unfit(`it is longer than ${length} characters`);
  return typed;
}

/** As the server writes it. */
async function readBack(
  connection: SqlServerConnection,
  table: TableSchema,
  column: CursorColumn,
  value: string,
  change: (literal: string) => string = (literal) => literal,
): Promise<string> {
  const { codec } = await cursorCodec(connection, table, column.name);
  const inner = `SELECT ${change(valueLiteral(column, value))} AS c0`;
  const [row] = await connection.rows(
    `/* sqlextract:cursor-value */ SELECT ${codec.render('k.c0')} AS value FROM (${inner}) AS k`,
  );
  return valueText(row?.['value']);
}

const UNIT_MS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** See SourceCursors.earlier. */
export async function earlierValue(
  connection: SqlServerConnection,
  table: TableSchema,
  column: CursorColumn,
  value: string,
  lookback: Lookback,
): Promise<string> {
  const { kind, nativeType } = column;
  const { amount, unit } = lookback;
  const unfit = (reason: string) => noDistance(table, column, lookback, reason);
  if (kind === 'integer' && unit === null) {
    const { least } = integerRange(nativeType);
    const before = BigInt(value) - BigInt(amount);
    return String(before < least ? least : before);
  }
  if (kind === 'integer') throw unfit('its values are numbers: give one without a unit');
  if (kind !== 'time' && kind !== 'date') throw unfit('its values know no distance');
  if (unit === null) throw unfit('give a unit: seconds, minutes, hours or days');
  if (kind === 'date' && unit !== 'day') throw unfit('its values are days: give days');
  const there = Date.parse(`${value.slice(0, 10)}T00:00:00Z`) - (Number(amount) + 1) * UNIT_MS[unit];
  const first = Date.parse(`${String(firstYear(nativeType)).padStart(4, '0')}-01-02T00:00:00Z`);
  // The function takes an int.
  if (there < first || Number(amount) > 2 ** 31 - 1) throw unfit('no day is so long ago');
  return readBack(connection, table, column, value, (literal) => `DATEADD(${unit}, -${BigInt(amount)}, ${literal})`);
}
