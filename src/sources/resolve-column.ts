import { SqlextractError } from '../model/problem.ts';
import { nearestNames } from '../model/nearest-names.ts';
import { displayName, type TableName } from '../model/table.ts';

/** A name as the catalog spells it, else one that differs by case only. Throws COLUMN_NOT_FOUND, AMBIGUOUS_COLUMN. */
export function resolveColumn<Column extends { readonly name: string }>(
  table: TableName,
  columns: readonly Column[],
  name: string,
): Column {
  const exact = columns.find((column) => column.name === name);
  if (exact !== undefined) return exact;
  const similar = columns.filter((column) => column.name.toLowerCase() === name.toLowerCase());
  if (similar.length === 1) return similar[0] as Column;
  const names = (similar.length > 1 ? similar : columns).map((column) => column.name);
  if (similar.length > 1) {
    throw new SqlextractError({
      code: 'AMBIGUOUS_COLUMN',
      message: `${name} can mean the columns ${names.join(' and ')} of ${displayName(table)}`,
      hint: 'write the name exactly as the catalog spells it',
      fault: 'usage',
    });
  }
  const nearest = nearestNames(name, names);
  throw new SqlextractError({
    code: 'COLUMN_NOT_FOUND',
    message: `${displayName(table)} has no column ${name}`,
    hint: `${nearest.length > 0 ? 'did you mean' : 'its columns are'} ${(nearest.length > 0 ? nearest : names).join(', ')}?`,
    fault: 'usage',
  });
}
