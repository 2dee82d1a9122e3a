import { displayName, type TableSchema } from '../model/table.ts';

/**
 * Why no reader could load a file with these columns; null when the set is fine. DuckDB, Spark, BigQuery and Snowflake look
 * columns up without regard to case: of `id` and `ID` they would read one twice, rename one, or fail.
 */
export function refusesColumns(table: TableSchema): string | null {
  if (table.columns.length === 0) return `${displayName(table)} has no column left to write`;
  const seen = new Map<string, string>();
  for (const { name } of table.columns) {
    if (name === '') return `${displayName(table)} has a column without a name: leave it out with --columns`;
    const folded = name.toLowerCase();
    const other = seen.get(folded);
    if (other !== undefined) {
      const what =
        other === name ? `two columns called "${name}"` : `columns "${other}" and "${name}", which differ by case only`;
      return `${displayName(table)} has ${what}: readers would mix them up; leave one out with --exclude-columns or --columns`;
    }
    seen.set(folded, name);
  }
  return null;
}
