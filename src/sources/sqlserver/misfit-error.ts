import { SqlextractError } from '../../model/problem.ts';
import { type ColumnSchema, displayName, type TableSchema } from '../../model/table.ts';
import { textOf } from './decode-as-text.ts';
import { quoteName, quoteTable } from './quote.ts';
import type { ScannedRows } from '../scanned-rows.ts';
import type { Misfit } from './misfit.ts';
import type { WireColumn } from './wire-column.ts';

/** VALUE_DOES_NOT_FIT. `keyText` is '' when the key is not among the selected columns. */
export function misfitError(
  table: TableSchema,
  column: ColumnSchema,
  keyText: string,
  misfit: Misfit,
): SqlextractError {
  const row = keyText === '' ? '' : ` in the row with key ${keyText}`;
  const name = displayName(table);
  const bytes = `SELECT …, CAST(${quoteName(column.name)} AS varbinary(max)) AS ${quoteName(column.name)} FROM ${quoteTable(table)}`;
  const wayOut = misfit.fitsText
    ? `write the column as text with --as-text ${name}.${column.name}`
    : `leave the column out with --exclude-columns ${column.name}, or read its bytes with --query '${bytes}'`;
  return new SqlextractError(
    {
      code: 'VALUE_DOES_NOT_FIT',
      message: `column ${column.name} of ${name} holds ${misfit.message}${row}: ${misfit.value.slice(0, 60)}`,
      hint: wayOut,
      fault: 'data',
    },
    misfit,
  );
}

/** The key of one scanned row as text: of the range's key, else of the primary key, as far as its columns are selected. */
export function renderKey(
  table: TableSchema,
  wires: readonly WireColumn[],
  key: readonly string[],
  rows: ScannedRows,
  row: number,
): string {
  const names = key.length > 0 ? key : table.primaryKey;
  return names
    .map((name) => table.columns.findIndex((column) => column.name === name))
    .filter((column) => column >= 0)
    .map((column) => renderField(wires[column] as WireColumn, rows, column * rows.capacity + row))
    .join(', ');
}

const MOST_SHOWN = 100;

function renderField({ family, scale }: WireColumn, rows: ScannedRows, field: number): string {
  const length = rows.lengths[field] as number;
  if (length < 0) return 'NULL';
  if (family === 'variant') return '?';
  if (family !== 'chars') return textOf({ family, scale }, rows, field).slice(0, MOST_SHOWN);
  const { buffer, byteOffset } = rows.bytes;
  const start = byteOffset + (rows.starts[field] as number);
  return Buffer.from(buffer, start, length).toString('utf16le').toWellFormed().slice(0, MOST_SHOWN);
}
