import type { ColumnType } from '../model/column-type.ts';
import type { ColumnVector } from '../model/row-batch.ts';
import { SqlextractError } from '../model/problem.ts';
import { type ColumnSchema, displayName, type TableSchema } from '../model/table.ts';
import { renderCell } from './render-cell.ts';
import { createScannedRows, type ScannedRows } from './scanned-rows.ts';

/** What a source's own misfit says. */
interface MisfitWords extends Error {
  /** The value as text, shortened. */
  readonly value: string;
  /** What to do about it when `--as-text` is not the way. */
  readonly hint?: string | null;
}

/** A decoder of one column with a builder of its own. */
interface KeyReader {
  readonly builder: { finish(): ColumnVector };
  readonly decode: (rows: ScannedRows, column: number) => unknown;
}

/** VALUE_DOES_NOT_FIT. `keyText` is '' when the key is not among the selected columns. */
export function misfitError(
  table: TableSchema,
  column: ColumnSchema,
  keyText: string,
  misfit: MisfitWords,
): SqlextractError {
  const row = keyText === '' ? '' : ` in the row with key ${keyText}`;
  return new SqlextractError(
    {
      code: 'VALUE_DOES_NOT_FIT',
      message: `column ${column.name} of ${displayName(table)} holds ${misfit.message}${row}: ${misfit.value.slice(0, 60)}`,
      hint: misfit.hint ?? `write the column as text with --as-text ${displayName(table)}.${column.name}`,
      fault: 'data',
    },
    misfit,
  );
}

/** The columns that name a row: the range's key, else the primary key, as far as they are selected. */
export function keyColumns(table: TableSchema, key: readonly string[]): readonly number[] {
  const names = key.length > 0 ? key : table.primaryKey;
  return names.map((name) => table.columns.findIndex((column) => column.name === name)).filter((index) => index >= 0);
}

/** The key of one scanned row as text. Decodes that row alone, with fresh builders; what cannot be decoded is shown as `?`. */
export function renderKey<P extends { readonly type: ColumnType }>(
  names: readonly number[],
  plans: readonly P[],
  { rows, row }: { readonly rows: ScannedRows; readonly row: number },
  readerOf: (plan: P) => KeyReader,
): string {
  return names
    .map((column) => {
      const plan = plans[column] as P;
      const one = onlyField(rows, column * rows.capacity + row);
      try {
        const reader = readerOf(plan);
        reader.decode(one, 0);
        return renderCell(reader.builder.finish(), plan.type);
      } catch {
        return '?';
      }
    })
    .join(', ');
}

function onlyField(rows: ScannedRows, field: number): ScannedRows {
  const one = createScannedRows(1);
  Object.assign(one, { bytes: rows.bytes, view: rows.view, count: 1 });
  one.starts[0] = rows.starts[field] as number;
  one.lengths[0] = rows.lengths[field] as number;
  return one;
}
