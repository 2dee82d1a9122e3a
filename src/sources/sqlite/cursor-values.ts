import type { CursorColumn, Lookback } from '../../model/cursor.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { TableSchema } from '../../model/table.ts';
import { inForm, momentForm, wholeSeconds } from './cursor-moments.ts';
import { largestValue } from './cursor-rows.ts';
import { type Connection, firstRow } from './query.ts';
import { noDistance, notAValue } from '../cursor-refusals.ts';

const EXAMPLE = '2024-01-31 08:00:00 for a moment';

const SMALLEST = -(2n ** 63n);
const LARGEST = 2n ** 63n - 1n;

/**
 * See SourceCursors.literal. What is typed is kept, and has to be of the kind that is stored: SQLite would compare anything with anything. A moment
 * has to have the separator of the stored ones, for `2024-01-31T08:00` is a greater text than every `2024-01-31 …`.
 */
export function cursorLiteral(connection: Connection, table: TableSchema, column: CursorColumn, typed: string): string {
  const unfit = (reason: string) => notAValue({ table, column, example: EXAMPLE }, typed, reason);
  if (typed.includes('\0') || !typed.isWellFormed()) throw unfit('it holds characters that are no text');
  if (column.kind === 'integer') return wholeNumber(typed, unfit);
  if (column.kind === 'text') return typed;
  const stored = largestValue(connection, table, column, []);
  const form = stored === null ? null : momentForm(stored);
  if (stored !== null && form === null) return typed;
  checkMoment(connection, typed, unfit);
  const separator = /^\d{4}-\d\d-\d\d([ T])/.exec(typed)?.[1] ?? null;
  if (separator !== null && form !== null && separator !== form.separator) {
    throw unfit(`the column's values look like ${stored}, and are compared as texts`);
  }
  return typed;
}

function wholeNumber(typed: string, unfit: (reason: string) => SqlextractError): string {
  if (!/^\s*[+-]?\d+\s*$/.test(typed)) throw unfit('it is no whole number');
  const value = BigInt(typed.trim().replace(/^\+/, ''));
  if (value < SMALLEST || value > LARGEST) throw unfit('it does not fit in 64 bits');
  return String(value);
}

/** Any beginning of a moment, from the day on: it is compared as a text. */
function checkMoment(connection: Connection, typed: string, unfit: (reason: string) => SqlextractError): void {
  const known = /^\d{4}-\d\d-\d\d([ T]\d\d(:\d\d(:\d\d(\.\d+)?)?)?Z?)?$/.test(typed);
  if (!known) throw unfit('it is no moment as SQLite writes it');
  // 31 February is taken for 2 March by SQLite, and is no day.
  const day = typed.slice(0, 10);
  if (firstRow(connection, `SELECT date('${day}', '+0 days') = '${day}'`)?.[0] !== 1n)
    throw unfit('there is no such day');
}

const UNITS = { second: 'seconds', minute: 'minutes', hour: 'hours', day: 'days' } as const;

/** See SourceCursors.earlier. */
export function earlierValue(
  connection: Connection,
  table: TableSchema,
  column: CursorColumn,
  value: string,
  { amount, unit }: Lookback,
): string {
  const unfit = (reason: string) => noDistance(table, column, { amount, unit }, reason);
  if (column.kind === 'integer') {
    if (unit !== null) throw unfit('its values are numbers: give one without a unit');
    const before = BigInt(value) - BigInt(amount);
    return String(before < SMALLEST ? SMALLEST : before);
  }
  // Moments often stand in columns that are declared TEXT.
  if (column.kind === 'text' && momentForm(value) === null) throw unfit('its values know no distance');
  if (unit === null) throw unfit('give a unit: seconds, minutes, hours or days');
  const form = momentForm(value);
  if (form === null) throw unfit(`SQLite does not know moments that are written like ${value}`);
  if (form.separator === null && unit !== 'day') throw unfit('its values are days: give days');
  const moment = `'${wholeSeconds(value)}', '-${BigInt(amount)} ${UNITS[unit]}'`;
  const before = firstRow(connection, `SELECT ${inForm(form, moment)}`)?.[0];
  if (typeof before !== 'string' || momentForm(before) === null) throw unfit('there is no moment so long ago');
  return before;
}
