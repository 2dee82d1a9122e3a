import { resolveColumn } from '../resolve-column.ts';
import { SqlextractError } from '../../model/problem.ts';
import { type ColumnSchema, displayName, type TableName } from '../../model/table.ts';
import type { ColumnSelection } from '../source.ts';
import type { NativeColumn } from './columns.ts';
import { planColumn } from './types.ts';

/** The selected columns with their planned types. Throws COLUMN_NOT_FOUND, AMBIGUOUS_COLUMN, NO_COLUMNS, TYPE_REFUSED, SOURCE_PERMISSION. */
export function selectColumns(
  table: TableName,
  columns: readonly NativeColumn[],
  selection: ColumnSelection,
): readonly ColumnSchema[] {
  const resolve = (names: readonly string[]) => new Set(names.map((name) => resolveColumn(table, columns, name)));
  // A column set holds the sparse columns again, which are read by their own names.
  const included =
    selection.include === null ? new Set(columns.filter((column) => !column.columnSet)) : resolve(selection.include);
  const excluded = resolve(selection.exclude);
  const asText = resolve(selection.asText);
  const chosen = columns.filter((column) => included.has(column) && !excluded.has(column));
  if (chosen.length === 0) {
    throw new SqlextractError({
      code: 'NO_COLUMNS',
      message: `no column of ${displayName(table)} is left to read`,
      hint: 'check --columns and --exclude-columns',
      fault: 'usage',
    });
  }
  const unreadable = chosen.filter(({ readable }) => !readable);
  if (unreadable.length > 0) throw permission(table, unreadable);
  return chosen.map((column) => columnSchema(table, column, asText.has(column)));
}

function columnSchema(table: TableName, column: NativeColumn, asText: boolean): ColumnSchema {
  if (column.hidden !== null) throw hiddenValues(table, column, column.hidden);
  const plan = planColumn(column.native, asText);
  if (plan === null) {
    throw new SqlextractError({
      code: 'TYPE_REFUSED',
      message: `column ${column.name} of ${displayName(table)} has the type ${column.native.display}, which is not known here`,
      hint: `use --as-text ${column.name}, or leave it out with --exclude-columns ${column.name}`,
      fault: 'data',
    });
  }
  const schema = {
    name: column.name,
    nativeType: column.native.display,
    type: plan.type,
    nullable: !column.notNull,
  };
  return plan.note === undefined ? schema : { ...schema, note: plan.note };
}

function permission(table: TableName, columns: readonly NativeColumn[]): SqlextractError {
  return new SqlextractError({
    code: 'SOURCE_PERMISSION',
    message: `this login may not read column ${columns.map(({ name }) => name).join(', ')} of ${displayName(table)}`,
    hint: 'GRANT SELECT on the table to the login, or leave columns out with --exclude-columns',
    fault: 'configuration',
  });
}

/** The server would answer with something else than the value, and say nothing. */
function hiddenValues(table: TableName, column: NativeColumn, how: 'masked' | 'encrypted'): SqlextractError {
  const masked = how === 'masked';
  return new SqlextractError({
    code: masked ? 'SOURCE_MASKED' : 'TYPE_REFUSED',
    message: masked
      ? `column ${column.name} of ${displayName(table)} is masked for this login: the values it is shown are not those of the table`
      : `column ${column.name} of ${displayName(table)} is encrypted by the client (Always Encrypted), and its keys are not here`,
    hint: masked
      ? `GRANT UNMASK to the login, or leave the column out with --exclude-columns ${column.name}`
      : `leave it out with --exclude-columns ${column.name}`,
    fault: 'configuration',
  });
}
