import type { TableName, TableSchema } from '../model/table.ts';
import { displayName } from '../model/table.ts';
import type { ColumnSelection } from '../sources/source.ts';

/** As much of a table as names are looked up in. */
export type NamedColumns = TableName & { readonly columns: readonly Pick<TableSchema['columns'][number], 'name'>[] };

/**
 * The part of a command's column names that is meant for one of its tables. `orders.note` is meant for orders only; a plain name to
 * leave out or to take as text is meant for every table that has it, and must be in at least one. Names that no table has stay,
 * so that the source refuses them and names the nearest.
 */
export function narrowSelection(
  typed: ColumnSelection,
  table: NamedColumns,
  all: readonly NamedColumns[],
): ColumnSelection {
  const others = all.filter((other) => other !== table);
  return {
    include: typed.include?.flatMap((name) => qualified(name, table, others)) ?? null,
    exclude: typed.exclude.flatMap((name) => elsewhere(name, table, others)),
    asText: typed.asText.flatMap((name) => elsewhere(name, table, others)),
    policies: typed.policies,
  };
}

function qualified(name: string, table: NamedColumns, others: readonly NamedColumns[]): readonly string[] {
  if (hasColumn(table, name)) return [name];
  const own = columnAfter(name, table);
  if (own !== null) return [own];
  return others.some((other) => columnAfter(name, other) !== null) ? [] : [name];
}

function elsewhere(name: string, table: NamedColumns, others: readonly NamedColumns[]): readonly string[] {
  if (!hasColumn(table, name) && others.some((other) => hasColumn(other, name))) return [];
  return qualified(name, table, others);
}

function hasColumn(table: NamedColumns, name: string): boolean {
  return table.columns.some((column) => column.name.toLowerCase() === name.toLowerCase());
}

/** The column in `table.column` or `schema.table.column`; null when the name does not begin with this table's. */
function columnAfter(name: string, table: NamedColumns): string | null {
  for (const prefix of [displayName(table), table.name]) {
    if (name.toLowerCase().startsWith(`${prefix.toLowerCase()}.`)) return name.slice(prefix.length + 1);
  }
  return null;
}
