import type { TableSchema } from '../model/table.ts';
import type { ColumnSelection, SourceSession } from '../sources/source.ts';

/** A table or a query that was described before, as the source describes it now with these columns. */
export async function describeAgain(
  session: SourceSession,
  table: TableSchema,
  selection: ColumnSelection,
): Promise<TableSchema> {
  if (table.query === undefined) return session.describe(table, selection);
  const splitBy = table.candidateKeys[0]?.columns[0] ?? null;
  return session.describeQuery({ name: table.name, sql: table.query, splitBy, selection });
}
