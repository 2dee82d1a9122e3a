import type { IncrementalSettings } from '../model/incremental-settings.ts';
import { SqlextractError } from '../model/problem.ts';
import type { TableSchema } from '../model/table.ts';

/** The columns that tell rows apart: those of `--unique-key`, else the primary key; empty when nothing does. Throws CURSOR_KEY. */
export function uniqueKeyOf(name: string, table: TableSchema, incremental: IncrementalSettings): readonly string[] {
  const { uniqueKey, strategy } = incremental;
  if (uniqueKey !== null) return uniqueKey.map((typed) => columnOf(name, table, typed));
  const { primaryKey } = table;
  if (primaryKey.length > 0 && primaryKey.every((column) => isSelected(table, column))) return primaryKey;
  if (strategy !== 'merge') return [];
  throw new SqlextractError({
    code: 'CURSOR_KEY',
    message: `merge needs a key, and ${name} has no primary key among its columns`,
    hint: `name the columns that tell its rows apart: --unique-key ${table.columns[0]?.name ?? 'id'}; or use --strategy append or delete_insert`,
    fault: 'usage',
  });
}

/**
 * A key without NULL that no two rows share, by the catalog, else by the person's word; empty when there is none. Rows at one value of the
 * cursor are told apart by it.
 */
export function tieKeyOf(table: TableSchema, uniqueKey: readonly string[]): readonly string[] {
  const found = table.candidateKeys.find(
    ({ kind, unique, nullable, columns }) =>
      unique && !nullable && kind !== 'rowid' && columns.every((column) => isSelected(table, column)),
  );
  if (found !== undefined) return found.columns;
  const never = uniqueKey.every((name) => table.columns.some((column) => column.name === name && !column.nullable));
  return never ? uniqueKey : [];
}

function isSelected(table: TableSchema, column: string): boolean {
  return table.columns.some(({ name }) => name === column);
}

function columnOf(name: string, table: TableSchema, typed: string): string {
  const names = table.columns.map((column) => column.name);
  const folded = names.filter((one) => one.toLowerCase() === typed.toLowerCase());
  const found = names.find((one) => one === typed) ?? (folded.length === 1 ? folded[0] : undefined);
  if (found !== undefined) return found;
  throw new SqlextractError({
    code: 'CURSOR_KEY',
    message: `--unique-key ${typed}: ${name} has no such column, or it is not selected`,
    hint: `its columns are ${names.join(', ')}`,
    fault: 'usage',
  });
}
