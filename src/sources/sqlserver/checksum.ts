import { createHash } from 'node:crypto';
import { SqlextractError } from '../../model/problem.ts';
import { type ColumnSchema, displayName, type TableSchema } from '../../model/table.ts';
import type { Checksum, ChecksumRequest } from '../source.ts';
import { type CanonicalCell, canonicalCell } from './canonical-cell.ts';
import type { NativeColumn } from './columns.ts';
import type { SqlServerConnection } from './connection.ts';
import { currentColumns } from './current-columns.ts';
import { quoteName } from './quote.ts';
import { andWhere, rangeRelation } from './ranges.ts';

/**
 * See model/row-hash.ts. The server cannot hash it: before 2019 it has no UTF-8. So the rows are hashed here; exact numbers and times come as
 * the server's own text, and nothing of the reader's path (row-stream.ts, decoders.ts) is used.
 */
export async function checksum(connection: SqlServerConnection, request: ChecksumRequest): Promise<Checksum> {
  const { table, where } = request;
  const cells = await cellsOf(connection, table);
  const columns = table.columns.map(
    ({ name }, index) => `${(cells[index] as CanonicalCell).select(quoteName(name))} AS c${index}`,
  );
  const sql =
    `/* sqlextract:checksum */ SELECT ${columns.join(', ')} FROM ${rangeRelation(table, { kind: 'all' })} ` +
    `WHERE 1 = 1${andWhere(table, where)}`;
  let rows = 0n;
  let sum = 0n;
  await connection.each(sql, (values) => {
    const texts = values.map((value, index) => (value === null ? null : (cells[index] as CanonicalCell).text(value)));
    sum += rowHash(texts);
    rows += 1n;
  });
  return { rows, sum };
}

async function cellsOf(connection: SqlServerConnection, table: TableSchema): Promise<readonly CanonicalCell[]> {
  const natives = await currentColumns(connection, table);
  return table.columns.map((column) => {
    const native = natives.find(({ name }) => name === column.name);
    const cell = native === undefined ? null : canonicalCell(native.native, column.type);
    if (native === undefined || native.native.display !== column.nativeType) throw changed(table, column, native);
    if (cell !== null) return cell;
    throw new SqlextractError({
      code: 'CHECKSUM_IMPOSSIBLE',
      message: `column ${column.name} of ${displayName(table)} has the type ${column.nativeType}, whose text as we write it the server does not know`,
      hint: `leave it out with --exclude-columns ${column.name}, or do not compare with the source`,
      fault: 'usage',
    });
  });
}

function changed(table: TableSchema, column: ColumnSchema, now: NativeColumn | undefined): SqlextractError {
  const what = now === undefined ? 'is no longer there' : `was ${column.nativeType} and is ${now.native.display} now`;
  return new SqlextractError({
    code: 'SOURCE_CHANGED',
    message: `${displayName(table)} was altered since the plan was made: column ${column.name} ${what}`,
    hint: 'run again with --fresh',
    fault: 'source',
  });
}

function rowHash(texts: readonly (string | null)[]): bigint {
  const row = texts.map((text) => (text === null ? '-' : `${Buffer.byteLength(text)}:${text}`)).join('');
  return createHash('md5').update(row, 'utf8').digest().readBigUInt64BE(0);
}
