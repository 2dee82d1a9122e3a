import type pg from 'pg';
import type { CursorColumn, CursorKind } from '../../model/cursor.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableSchema } from '../../model/table.ts';
import { staleCollations } from './collations.ts';
import { resolveColumn } from '../resolve-column.ts';
import { type NativeColumn, readColumns } from './columns.ts';
import { queryColumns } from './query-columns.ts';
import { withSearchPath } from './search-path.ts';
import type { NativeType } from './types.ts';
import { allHeaps } from './unchanged.ts';

/** The system column; no table can have another column of this name. */
const XMIN = 'xmin';

/** By the base type's name in `pg_catalog`. All of them are totally ordered by the server's own operators, found without a search path. */
const KINDS: Readonly<Record<string, CursorKind>> = {
  timestamptz: 'time',
  timestamp: 'time',
  date: 'date',
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  text: 'text',
  varchar: 'text',
  bpchar: 'text',
  name: 'text',
  uuid: 'text',
  bytea: 'text',
  xid8: 'text',
  pg_lsn: 'text',
};

/** Why the others are none, for the types that somebody might try. */
const REASONS: Readonly<Record<string, string>> = {
  float4: 'floating point numbers are rounded, so that a bound does not find its own row again',
  float8: 'floating point numbers are rounded, so that a bound does not find its own row again',
  bool: 'two values are no order in time',
  json: 'JSON has no order',
  jsonb: 'the order of JSON is none in time',
  time: 'the time of day begins anew every day',
  timetz: 'the time of day begins anew every day',
};

/** See SourceCursors.describe. */
export async function describeCursor(
  client: pg.Client,
  serverVersion: number,
  table: TableSchema,
  name: string,
): Promise<CursorColumn> {
  const columns = await nativeColumns(client, table);
  const known = columns.some((column) => column.name.toLowerCase() === name.toLowerCase());
  if (!known && name.toLowerCase() === XMIN) return xminColumn(client, table);
  const column = resolveColumn(table, columns, name);
  const kind = kindOf(column.native);
  if (kind === null) throw refused(table, column.name, `${column.native.display}: ${reasonAgainst(column.native)}`);
  const stale = await staleReason(client, serverVersion, table, column);
  if (stale !== undefined) throw refused(table, column.name, stale);
  const inherited = table.columns.find((one) => one.name === column.name)?.nullable === true;
  return { name: column.name, kind, nativeType: column.native.display, nullable: inherited || !column.notNull };
}

/** The base type of a cursor that `describeCursor` found. Throws COLUMN_NOT_FOUND when it has gone since. */
export async function cursorType(client: pg.Client, table: TableSchema, column: CursorColumn): Promise<NativeType> {
  return resolveColumn(table, await nativeColumns(client, table), column.name).native;
}

function nativeColumns(client: pg.Client, table: TableSchema): Promise<readonly NativeColumn[]> {
  const { query } = table;
  if (query === undefined) return readColumns(client, table.objectId);
  return withSearchPath(client, table, null, () => queryColumns(client, table.name, query));
}

function kindOf(native: NativeType): CursorKind | null {
  if (native.schema !== 'pg_catalog' || native.typtype !== 'b') return null;
  if (native.name === 'numeric') return numericScale(native) === 0 ? 'integer' : 'text';
  return KINDS[native.name] ?? null;
}

/** Null: numbers of any scale. typmod − 4 holds the scale in its lower 11 bits, signed since PostgreSQL 15. */
function numericScale({ typmod }: NativeType): number | null {
  return typmod < 4 ? null : (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
}

function reasonAgainst(native: NativeType): string {
  if (native.schema !== 'pg_catalog')
    return "the order of a type of an extension, or of one's own, is not PostgreSQL's";
  return REASONS[native.name] ?? 'this type has no order that a window can be cut by';
}

async function xminColumn(client: pg.Client, table: TableSchema): Promise<CursorColumn> {
  const stored = table.kind === 'table' || table.kind === 'partitioned table';
  if (!stored || !(await allHeaps(client, table))) {
    throw refused(
      table,
      XMIN,
      'only rows of tables of this server carry the number of the transaction that wrote them',
    );
  }
  return { name: XMIN, kind: 'xmin', nativeType: 'xid', nullable: false };
}

/** An index out of order would lose rows of a window. */
async function staleReason(
  client: pg.Client,
  serverVersion: number,
  table: TableSchema,
  column: NativeColumn,
): Promise<string | undefined> {
  if (table.query !== undefined) return undefined;
  const { rows } = await client.query<{ collation: string }>({
    text: 'SELECT attcollation AS collation FROM pg_catalog.pg_attribute WHERE attrelid = $1::pg_catalog.oid AND attname = $2',
    values: [table.objectId, column.name],
  });
  const collation = rows[0]?.collation ?? '0';
  return (await staleCollations(client, [collation], serverVersion)).get(collation);
}

function refused(table: TableSchema, column: string, reason: string): SqlextractError {
  return new SqlextractError({
    code: 'CURSOR_COLUMN',
    message: `column ${column} of ${displayName(table)} cannot be a cursor: ${reason}`,
    hint: 'take a column that grows with every write: a timestamp, a date, a whole number from a sequence, or xmin',
    fault: 'usage',
  });
}
