import { renderCell } from '../render-cell.ts';
import { SqlextractError } from '../../model/problem.ts';
import { type ColumnSchema, displayName, type TableSchema } from '../../model/table.ts';
import { columnReader } from './decoders.ts';
import type { ValuePolicies } from '../../model/value-policies.ts';
import { createScannedRows, type ScannedRows } from '../scanned-rows.ts';
import type { Misfit } from './misfit.ts';
import type { ColumnPlan } from './types.ts';

/** VALUE_DOES_NOT_FIT. `keyText` is '' when the key is not among the selected columns. */
export function misfitError(
  table: TableSchema,
  column: ColumnSchema,
  keyText: string,
  misfit: Misfit,
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

/** The key of one scanned row as text. Decodes that row alone, with fresh builders. */
export function renderKey(
  table: TableSchema,
  plans: readonly ColumnPlan[],
  key: readonly string[],
  rows: ScannedRows,
  row: number,
): string {
  return keyColumns(table, key)
    .map((column) => renderField(plans[column] as ColumnPlan, rows, column, row))
    .join(', ');
}

/** A key with a date that no calendar has is shown as `?`. */
const KEY_POLICIES: ValuePolicies = { zeroDates: 'fail', tinyint1: 'integer' };

function renderField(plan: ColumnPlan, rows: ScannedRows, column: number, row: number): string {
  const one = createScannedRows(1);
  const field = column * rows.capacity + row;
  Object.assign(one, { bytes: rows.bytes, view: rows.view, count: 1 });
  one.starts[0] = rows.starts[field] as number;
  one.lengths[0] = rows.lengths[field] as number;
  try {
    const reader = columnReader(plan, KEY_POLICIES);
    reader.decode(one, 0);
    return renderCell(reader.builder.finish(), plan.type);
  } catch {
    return '?';
  }
}
