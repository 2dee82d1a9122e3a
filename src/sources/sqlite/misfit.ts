import { describeColumnType } from '../../model/column-type.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import type { ColumnSchema, TableSchema } from '../../model/table.ts';
import { firstRow } from './query.ts';
import type { Cell, Connection } from './query.ts';
import { quoteIdentifier } from './quote.ts';
import { sameOrderQuery } from './text-check.ts';
import type { RangeQuery } from './text-check.ts';

const SHOWN = 40;

export interface Misfit {
  /** From 0, in the range. */
  readonly rowNumber: number;
  readonly column: ColumnSchema;
  readonly cell: Cell;
  readonly reason: 'class' | 'encoding';
}

/** VALUE_DOES_NOT_FIT with table, key, column and the value's beginning; to be made while the range's statement is still open. */
export function misfitError(
  connection: Connection,
  table: TableSchema,
  query: RangeQuery,
  misfit: Misfit,
): SqlextractError {
  const { column, cell, reason } = misfit;
  const place = `${displayName(table)}.${column.name}, ${describeKey(connection, table, query, misfit.rowNumber)}`;
  const what =
    reason === 'encoding'
      ? 'a text whose bytes are not well-formed'
      : (refusedNull(cell) ?? `${classOf(cell)} ${preview(cell)}`);
  const asText = `--as-text ${displayName(table)}.${column.name}`;
  const hint =
    reason === 'encoding'
      ? 'leave the column out with --exclude-columns, or extract a view that has CAST(… AS BLOB) in its place'
      : `extract the column as text with ${asText}, or correct the row`;
  return new SqlextractError({
    code: 'VALUE_DOES_NOT_FIT',
    message: `${place}: ${what} does not fit ${describeColumnType(column.type)} (declared ${column.nativeType || 'without type'})`,
    hint,
    fault: 'data',
  });
}

function refusedNull(cell: Cell): string | null {
  return cell === null ? 'NULL in a column declared NOT NULL' : null;
}

function classOf(cell: Cell): string {
  if (typeof cell === 'bigint') return 'the integer';
  if (typeof cell === 'number') return 'the real';
  return typeof cell === 'string' ? 'the text' : 'the blob';
}

function preview(cell: Cell): string {
  if (cell instanceof Uint8Array) {
    const hex = Buffer.from(cell.subarray(0, SHOWN / 2)).toString('hex');
    return `x'${hex}${cell.length > SHOWN / 2 ? '…' : ''}'`;
  }
  const text = String(cell);
  return typeof cell === 'string' ? JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text) : text;
}

/** By the row id or the primary key, which every index holds too: asking for them does not change the order of the rows. */
function describeKey(connection: Connection, table: TableSchema, query: RangeQuery, rowNumber: number): string {
  const key = table.candidateKeys.find((candidate) => candidate.kind === 'rowid' || candidate.kind === 'primary');
  if (key === undefined) return `row ${rowNumber + 1} of its range`;
  const row = firstRow(connection, sameOrderQuery(query, key.columns.map(quoteIdentifier), [], rowNumber)) ?? [];
  return key.columns.map((name, index) => `${name} = ${preview(row[index] ?? null)}`).join(', ');
}
