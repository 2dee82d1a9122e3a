import { SqlextractError } from '../../model/problem.ts';
import type { CursorColumn } from '../../model/cursor.ts';
import type { TableSchema } from '../../model/table.ts';
import { displayName } from '../../model/table.ts';
import type { BoundRequest, CursorBound } from '../cursors.ts';
import { isSettled } from './cursor-settled.ts';
import { inForm, momentForm } from './cursor-moments.ts';
import { largestValue } from './cursor-rows.ts';
import { type Connection, firstRow } from './query.ts';

/**
 * See SourceCursors.bound. Transactions that write come one after the other, and each stamps its rows while no other can, so the order of the
 * stamps is that of the commits, and the largest value there is bounds the window: nothing that commits later lies below it. What stands at
 * exactly this value later is told apart by the ties. https://www.sqlite.org/isolation.html
 */
export function cursorBound(connection: Connection, request: BoundRequest): CursorBound {
  request.signal.throwIfAborted();
  const { table, column, lagMs } = request;
  const shift = zoneModifier(request.zone);
  const largest = largestValue(connection, table, column, []);
  if (largest === null) return { to: nothing(request), next: null, promise: EMPTY, remarks: [] };
  const clocked = column.kind === 'time' || column.kind === 'date';
  const lagged =
    clocked && lagMs !== null && lagMs > 0 ? laggedMoment(connection, request, largest, lagMs, shift) : null;
  if (lagged !== null && firstRow(connection, `SELECT '${lagged}' <= ${quoted(largest)}`)?.[0] === 1n) {
    return {
      to: { value: lagged, inclusive: false },
      next: null,
      promise: `the window ends ${(lagMs ?? 0) / 1000} s before the clock: rows stamped before ${lagged} are read completely when their transactions took no longer`,
      remarks: [],
    };
  }
  // What may still be stamped with the very value is read again by the next window, with all that stands there.
  const settled = isSettled(connection, column, largest);
  return {
    to: { value: largest, inclusive: true },
    next: settled ? null : largest,
    promise: `up to the largest ${column.name} there is; SQLite has one writer at a time, so nothing that commits later is stamped below it, as long as rows are stamped in the transaction that writes them`,
    remarks: reusedIds(connection, table, column),
  };
}

/** https://www.sqlite.org/autoinc.html */
function reusedIds(connection: Connection, table: TableSchema, column: CursorColumn): readonly string[] {
  const [key] = table.primaryKey;
  if (column.kind !== 'integer' || key !== column.name || table.primaryKey.length !== 1 || table.query !== undefined)
    return [];
  const sql = firstRow(
    connection,
    `SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ${quoted(table.name)}`,
  )?.[0];
  if (typeof sql !== 'string' || /\bAUTOINCREMENT\b/i.test(sql)) return [];
  return [
    `SQLite gives the largest ${column.name} out again once its row is deleted, and such a row is not seen: AUTOINCREMENT keeps it from that`,
  ];
}

const EMPTY = 'the table has no row with a value yet: nothing is read, and the next window begins where this one did';

/** Nothing is smaller than these: as an exclusive bound they select nothing. */
function nothing({ column }: BoundRequest): { readonly value: string; readonly inclusive: false } {
  return { value: column.kind === 'integer' ? '-9223372036854775808' : '', inclusive: false };
}

/** Texts without a zone are taken for UTC, which CURRENT_TIMESTAMP is. SQLite knows no names of zones. */
function zoneModifier(zone: string | null): string {
  if (zone === null || /^(UTC|Z|GMT)$/i.test(zone)) return '+00:00';
  const offset = /^([+-]\d\d):?(\d\d)?$/.exec(zone);
  if (offset !== null) return `${offset[1]}:${offset[2] ?? '00'}`;
  throw new SqlextractError({
    code: 'CURSOR_ZONE',
    message: `SQLite knows no time zone ${JSON.stringify(zone)}`,
    hint: 'give the offset east of Greenwich: +02:00',
    fault: 'usage',
  });
}

/** In the form of the stored values, floored to whole seconds. */
function laggedMoment(
  connection: Connection,
  { table, column }: BoundRequest,
  largest: string,
  lagMs: number,
  shift: string,
): string {
  const form = momentForm(largest);
  const seconds = Math.ceil(lagMs / 1000);
  if (form !== null) {
    const whole = { ...form, fraction: form.fraction.replaceAll(/\d/g, '0') };
    const moment = firstRow(connection, `SELECT ${inForm(whole, `'now', '${shift}', '-${seconds} seconds'`)}`)?.[0];
    if (typeof moment === 'string') return moment;
  }
  throw new SqlextractError({
    code: 'CURSOR_LOOKBACK',
    message: `column ${column.name} of ${displayName(table)} cannot stay behind the clock: SQLite does not know moments that are written like ${largest}`,
    hint: 'leave the lag out, or write moments as 2024-01-31 08:00:00',
    fault: 'usage',
  });
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
