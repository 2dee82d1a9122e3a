import type { CursorColumn, CursorKind } from '../../model/cursor.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableSchema } from '../../model/table.ts';
import type { NativeColumn } from './columns.ts';
import type { SqlServerConnection } from './connection.ts';
import { currentColumns } from './current-columns.ts';
import { type KeyCodec, keyCodec, literalOf } from './key-values.ts';
import { resolveColumn } from '../resolve-column.ts';
import type { NativeType } from './types.ts';

const KINDS: Readonly<Record<string, CursorKind>> = {
  datetime2: 'time',
  datetime: 'time',
  smalldatetime: 'time',
  datetimeoffset: 'time',
  date: 'date',
  bigint: 'integer',
  int: 'integer',
  smallint: 'integer',
  tinyint: 'integer',
  timestamp: 'rowversion',
  money: 'text',
  smallmoney: 'text',
  uniqueidentifier: 'text',
  char: 'text',
  varchar: 'text',
  nchar: 'text',
  nvarchar: 'text',
  binary: 'text',
  varbinary: 'text',
};

/** Why the others are none, for the types that somebody might try. */
const REASONS: Readonly<Record<string, string>> = {
  float: 'floating point numbers are rounded, so that a bound does not find its own row again',
  real: 'floating point numbers are rounded, so that a bound does not find its own row again',
  time: 'the time of day begins anew every day',
  bit: 'two values are no order in time',
};

/** See SourceCursors.describe. There is no xmin: a column of that name is one like any other. */
export async function describeCursor(
  connection: SqlServerConnection,
  table: TableSchema,
  wanted: string,
): Promise<CursorColumn> {
  const { name, native, notNull } = resolveColumn(table, await currentColumns(connection, table), wanted);
  const kind = kindOf(native);
  const codec = keyCodec(native);
  if (kind === null || codec === null) throw refused(table, name, native);
  // What the server says of NULL in a result is not to be relied upon.
  return { name, kind, nativeType: typeText(native, codec), nullable: table.query !== undefined || !notNull };
}

function kindOf(native: NativeType): CursorKind | null {
  const { name, scale } = native;
  if (name === 'decimal' || name === 'numeric') return scale === 0 ? 'integer' : 'text';
  return KINDS[name] ?? null;
}

/** All that a value needs to be compared as the column's own type: of texts the collation too, which their order hangs on. */
function typeText({ name }: NativeType, { prefix }: KeyCodec): string {
  if (name === 'timestamp') return 'rowversion';
  return prefix === '' ? name : prefix.slice(0, -1);
}

function refused(table: TableSchema, column: string, native: NativeType): SqlextractError {
  const reason = REASONS[native.name] ?? 'this type has no order that a window can be cut by';
  return new SqlextractError({
    code: 'CURSOR_COLUMN',
    message: `column ${column} of ${displayName(table)} cannot be a cursor: ${native.display}: ${reason}`,
    hint: 'take a column that grows with every write: a rowversion, a datetime2, a date, a whole number (IDENTITY)',
    fault: 'usage',
  });
}

/** How the column is read now. Throws COLUMN_NOT_FOUND when it has gone since. */
export async function cursorCodec(
  connection: SqlServerConnection,
  table: TableSchema,
  name: string,
): Promise<{ readonly column: NativeColumn; readonly codec: KeyCodec }> {
  const column = resolveColumn(table, await currentColumns(connection, table), name);
  const codec = keyCodec(column.native);
  if (codec !== null) return { column, codec };
  throw new SqlextractError({
    code: 'CURSOR_COLUMN',
    message: `column ${name} of ${displayName(table)} cannot tell rows apart: ${column.native.display} has no exact constant`,
    hint: 'give another --unique-key',
    fault: 'usage',
  });
}

/** `0x…` in lower case of bytes, else as the server rendered it. */
export function valueText(cell: unknown): string {
  if (cell instanceof Uint8Array) return `0x${Buffer.from(cell).toString('hex')}`;
  if (typeof cell === 'string') return cell;
  throw new RangeError('the server rendered a value of the cursor as no text');
}

/** The value as an SQL expression of the column's own type and collation, so that the comparison is the column's and the index is used. */
export function valueLiteral({ kind, nativeType }: CursorColumn, value: string): string {
  if (kind === 'rowversion') return literalOf(`binary(8):${value}`);
  if (kind === 'integer' && !nativeType.startsWith('decimal')) return literalOf(value);
  if (!value.includes('\0') && value.isWellFormed()) return literalOf(`${nativeType}:${value}`);
  return literalOf(`${nativeType} utf16:${Buffer.from(value, 'utf16le').toString('hex')}`);
}
