import type { Connection } from 'mysql2';
import type { CursorColumn, CursorKind } from '../../model/cursor.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableSchema } from '../../model/table.ts';
import { resolveColumn } from '../resolve-column.ts';
import { type NativeColumn, readColumns, readQueryColumns } from './columns.ts';
import { quoteName, quoteText } from './quote.ts';
import { enclosedQuery } from './ranges.ts';
import type { NativeType } from './types.ts';

const KINDS: Readonly<Record<string, CursorKind>> = {
  timestamp: 'time',
  datetime: 'time',
  date: 'date',
  tinyint: 'integer',
  smallint: 'integer',
  mediumint: 'integer',
  int: 'integer',
  bigint: 'integer',
  char: 'text',
  varchar: 'text',
  tinytext: 'text',
  text: 'text',
  mediumtext: 'text',
  longtext: 'text',
  binary: 'text',
  varbinary: 'text',
  tinyblob: 'text',
  blob: 'text',
  mediumblob: 'text',
  longblob: 'text',
  uuid: 'text',
  inet4: 'text',
  inet6: 'text',
};

/** Why the others are none, for the types that somebody might try. */
const REASONS: Readonly<Record<string, string>> = {
  float: 'floating point numbers are rounded, so that a bound does not find its own row again',
  double: 'floating point numbers are rounded, so that a bound does not find its own row again',
  time: 'the time of day begins anew every day',
  year: 'a year is too long for a window',
  json: 'JSON has no order in time',
  enum: 'it is ordered by number and compared by text',
  set: 'it is ordered by number and compared by text',
  bit: 'bits are no order in time',
};

const BYTES = /^(?:(?:var)?binary|(?:tiny|medium|long)?blob)\b/i;

/** See SourceCursors.describe. There is no xmin: a column of that name is one like any other. */
export async function describeCursor(
  connection: Connection,
  table: TableSchema,
  wanted: string,
): Promise<CursorColumn> {
  const { name, native, notNull } = resolveColumn(table, await cursorColumns(connection, table), wanted);
  const kind = kindOf(native);
  if (kind === null) throw refused(table, name, native);
  // What the server says of NULL in a result is not to be relied upon.
  return { name, kind, nativeType: native.display, nullable: table.query !== undefined || !notNull };
}

/** Of the table or query as it is now. */
export async function cursorColumns(connection: Connection, table: TableSchema): Promise<readonly NativeColumn[]> {
  const { query, name } = table;
  if (query === undefined) return readColumns(connection, table);
  return readQueryColumns(connection, query, enclosedQuery(name, query));
}

function kindOf(native: NativeType): CursorKind | null {
  if (native.jsonCheck) return null;
  if (native.name === 'decimal') return native.scale === 0 ? 'integer' : 'text';
  return KINDS[native.name] ?? null;
}

function refused(table: TableSchema, column: string, native: NativeType): SqlextractError {
  const reason =
    REASONS[native.jsonCheck ? 'json' : native.name] ?? 'this type has no order that a window can be cut by';
  return new SqlextractError({
    code: 'CURSOR_COLUMN',
    message: `column ${column} of ${displayName(table)} cannot be a cursor: ${native.display}: ${reason}`,
    hint: 'take a column that grows with every write: a TIMESTAMP or DATETIME, a DATE, a whole number (AUTO_INCREMENT)',
    fault: 'usage',
  });
}

export function isTimestamp({ nativeType }: CursorColumn): boolean {
  return /^timestamp\b/i.test(nativeType);
}

/** Digits of a second that the column keeps. */
export function secondDigits({ nativeType }: CursorColumn): number {
  return Number(/^(?:timestamp|datetime)\((\d)\)/i.exec(nativeType)?.[1] ?? 0);
}

export function isBytes({ nativeType }: CursorColumn): boolean {
  return BYTES.test(nativeType);
}

export function isDecimal({ nativeType }: CursorColumn): boolean {
  return /^decimal\b/i.test(nativeType);
}

/**
 * SQL that writes the column's value (of that name) as its text: TIMESTAMP in UTC, in which every session is pinned, numbers without the zeros of
 * ZEROFILL, bytes as `0x00ff`.
 */
export function valueExpression(name: string, column: CursorColumn): string {
  const quoted = quoteName(name);
  if (column.kind === 'integer' || isDecimal(column)) return `CAST(${quoted} + 0 AS CHAR)`;
  if (isBytes(column)) return `CONCAT('0x', LOWER(HEX(${quoted})))`;
  return column.kind === 'text' ? quoted : `CAST(${quoted} AS CHAR)`;
}

const MOMENT = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?$/;

/** The text as a constant that the server compares as the column's own type. Throws RangeError for one that `valueExpression` does not write. */
export function valueLiteral(column: CursorColumn, value: string): string {
  const fits = (pattern: RegExp, sql: string): string => {
    if (pattern.test(value)) return sql;
    throw new RangeError(`${JSON.stringify(value)} is no value of the cursor ${column.name}`);
  };
  switch (column.kind) {
    case 'time':
      return fits(MOMENT, `TIMESTAMP'${value}'`);
    case 'date':
      return fits(/^\d{4}-\d\d-\d\d$/, `DATE'${value}'`);
    case 'integer':
      return fits(/^-?\d{1,65}$/, value);
    case 'text':
      if (isDecimal(column)) return fits(/^-?\d{1,65}(?:\.\d{1,38})?$/, value);
      return isBytes(column) ? fits(/^0x(?:[0-9a-f]{2})*$/, `X'${value.slice(2)}'`) : quoteText(value);
    default:
      throw new RangeError(`MySQL has no cursors of kind ${column.kind}`);
  }
}
