import type { KeyRange, KeyTuple } from '../../model/key-range.ts';
import type { TableSchema } from '../../model/table.ts';
import { quoteIdentifier } from './quote.ts';

/** The conditions under which a row belongs to the range, `TRUE` when all do; boundaries are SQL literals (quote.ts). */
export function rangeCondition(
  table: TableSchema,
  key: readonly string[],
  range: KeyRange,
  where: string | null,
): string {
  return conjunction([...rangeParts(table, key, range), ...whereParts(where)]);
}

export function conjunction(parts: readonly string[]): string {
  return parts.length === 0 ? 'TRUE' : parts.join(' AND ');
}

/** On lines of its own, so that a comment at its end hides nothing. */
export function whereParts(where: string | null): readonly string[] {
  return where === null ? [] : [`(${where}\n)`];
}

function rangeParts(table: TableSchema, key: readonly string[], range: KeyRange): readonly string[] {
  switch (range.kind) {
    case 'all':
      return [];
    case 'null':
      return [`(${key.map((column) => `${quoteIdentifier(column)} IS NULL`).join(' OR ')})`];
    case 'between':
      return [
        ...(range.from === null ? [] : [compareKey(key, '>=', range.from)]),
        ...(range.to === null ? [] : [compareKey(key, '<', range.to)]),
        ...notNullParts(table, key),
      ];
    case 'physical':
      throw new Error('SQLite has no block ranges');
    default:
      return range satisfies never;
  }
}

/** `(a, b) > (1, NULL)` can be true: a NULL must be ruled out by name. Left out only where the catalog does. */
export function notNullParts(table: TableSchema, key: readonly string[]): readonly string[] {
  const known = table.candidateKeys.find((candidate) => sameNames(candidate.columns, key));
  if (known?.nullable === false) return [];
  return key.map((column) => `${quoteIdentifier(column)} IS NOT NULL`);
}

/** A row value for several columns (https://www.sqlite.org/rowvalue.html). */
export function compareKey(key: readonly string[], operator: '>=' | '>' | '<', boundary: KeyTuple): string {
  if (key.length !== boundary.length)
    throw new Error(`a boundary of ${boundary.length} values for ${key.length} key columns`);
  const columns = key.map(quoteIdentifier);
  return key.length === 1
    ? `${columns[0]} ${operator} ${boundary[0]}`
    : `(${columns.join(', ')}) ${operator} (${boundary.join(', ')})`;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
