import type { TableSchema } from '../model/table.ts';

export interface UniqueKey {
  readonly columns: readonly string[];
  /** `the primary key`. */
  readonly title: string;
  /** Columns of it that may be NULL. */
  readonly nullable: readonly string[];
}

/** The primary key, else the best unique key over columns that are there and NOT NULL; null: nothing tells rows apart. */
export function uniqueKeyOf(table: TableSchema): UniqueKey | null {
  const columns = new Map(table.columns.map((column) => [column.name, column]));
  if (table.primaryKey.length > 0 && table.primaryKey.every((name) => columns.has(name))) {
    const nullable = table.primaryKey.filter((name) => columns.get(name)?.nullable === true);
    return { columns: table.primaryKey, title: 'the primary key', nullable };
  }
  const unique = table.candidateKeys.find(
    (key) => key.unique && key.refused === null && key.columns.every((name) => columns.get(name)?.nullable === false),
  );
  if (unique === undefined) return null;
  return { columns: unique.columns, title: `unique ${unique.name}`, nullable: [] };
}
