import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { ColumnSchema } from '../../model/table.ts';
import type { Checksum, ChecksumRequest } from '../source.ts';
import { otherCellText, textFits } from './decode-text.ts';
import { sqliteError } from './errors.ts';
import { misfitError } from './misfit.ts';
import { prepare } from './query.ts';
import type { Cell, Connection, Row } from './query.ts';
import { fromClause } from './from-clause.ts';
import { quoteIdentifier } from './quote.ts';
import { rangeCondition } from './range-predicate.ts';
import type { RangeQuery } from './text-check.ts';

const ROWS_A_TURN = 10_000;

/**
 * See model/row-hash.ts. SQLite has no MD5, so the rows are hashed here, cell by cell from what the statement gives: of the reader's
 * path only the rule for numbers in text columns is shared.
 */
export async function checksum(connection: Connection, request: ChecksumRequest): Promise<Checksum> {
  const { table, where } = request;
  const condition = rangeCondition(table, [], { kind: 'all' }, where);
  const query: RangeQuery = { table: fromClause(table), condition, columns: table.columns };
  const names = table.columns.map((column) => quoteIdentifier(column.name)).join(', ');
  const statement = prepare(connection, `SELECT ${names} FROM ${query.table} WHERE ${condition}`);
  const writers = table.columns.map(cellWriter);
  let rows = 0;
  let sum = 0n;
  try {
    for (const row of statement.iterate() as unknown as Iterable<Row>) {
      const texts = row.map((cell, index) => {
        const text = cell === null ? null : (writers[index]?.(cell) ?? undefined);
        if (text !== undefined) return text;
        const column = table.columns[index] as ColumnSchema;
        throw misfitError(connection, table, query, { rowNumber: rows, column, cell, reason: 'class' });
      });
      sum += rowHash(texts);
      rows++;
      if (rows % ROWS_A_TURN === 0) await setImmediate();
    }
  } catch (error) {
    throw sqliteError(error, connection.path);
  }
  return { rows: BigInt(rows), sum };
}

function rowHash(texts: readonly (string | null)[]): bigint {
  const row = texts.map((text) => (text === null ? '-' : `${Buffer.byteLength(text)}:${text}`)).join('');
  return createHash('md5').update(row, 'utf8').digest().readBigUInt64BE(0);
}

/** The text of a cell; null when the cell does not fit the column. */
function cellWriter(column: ColumnSchema): (cell: Exclude<Cell, null>) => string | null {
  const { type } = column;
  switch (type.kind) {
    case 'boolean':
      return (cell) => (cell === 1n ? 't' : cell === 0n ? 'f' : null);
    case 'int64':
      return (cell) => (typeof cell === 'bigint' ? String(cell) : null);
    case 'float64':
      return (cell) => (typeof cell === 'number' || typeof cell === 'bigint' ? doubleBits(Number(cell)) : null);
    case 'decimal':
      return (cell) => (typeof cell === 'object' ? null : decimalText(cell, type.precision, type.scale));
    case 'binary':
      return (cell) => (cell instanceof Uint8Array ? Buffer.from(cell).toString('hex') : null);
    default:
      return textWriter(column);
  }
}

function textWriter(column: ColumnSchema): (cell: Exclude<Cell, null>) => string | null {
  const other = otherCellText(column);
  const fits = textFits(column);
  const lower = column.type.kind === 'uuid';
  return (cell) => {
    if (typeof cell !== 'string') return other(cell);
    if (!fits(cell)) return null;
    return lower ? cell.toLowerCase() : cell;
  };
}

function doubleBits(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return Number.isNaN(value) ? 'nan' : bytes.readBigUInt64BE(0).toString(2).padStart(64, '0');
}

/** `toFixed` gives the digits of the nearest decimal; it is the cell's own when the digits give the cell back. */
function decimalText(cell: bigint | number | string, precision: number, scale: number): string | null {
  const text = typeof cell === 'number' ? cell.toFixed(scale) : String(cell);
  if (typeof cell === 'number' && Number(text) !== cell) return null;
  const match = /^([+-]?)0*(\d+?)(?:\.(\d+?)0*)?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = ''] = match;
  const digits = fraction === '0' ? '' : fraction;
  if (digits.length > scale || whole.replace(/^0$/, '').length > precision - scale) return null;
  const padded = scale === 0 ? whole : `${whole}.${digits.padEnd(scale, '0')}`;
  return sign === '-' && /[1-9]/.test(padded) ? `-${padded}` : padded;
}
