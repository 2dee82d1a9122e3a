import type { TableSchema } from '../../model/table.ts';
import { objectNumber, textOf, textOr } from './columns.ts';
import type { SqlServerConnection } from './connection.ts';
import { isMemoryOptimized } from './memory-optimized.ts';
import type { ServerFacts } from './server-facts.ts';

/**
 * What `unchangedSince` needs of the moment before readers began: the smallest rowversion that an open transaction could still write
 * (every smaller one is committed), and the places in which the tables' rows lie (a partition that is switched in brings rows with old
 * versions along). Empty where the server cannot tell. https://learn.microsoft.com/sql/t-sql/functions/min-active-rowversion-transact-sql
 */
export async function proofOf(
  connection: SqlServerConnection,
  facts: ServerFacts,
  tables: readonly TableSchema[],
): Promise<Readonly<Record<string, string>>> {
  // Memory-optimized rows and those of views have no part in it; Babelfish lacks the function, and a readable
  // secondary has a number that says nothing of what its primary sends.
  if (facts.babelfish || facts.isolation.secondary || facts.edition === 6 || facts.edition === 11) return {};
  const [row] = await connection.rows(
    '/* sqlextract:rowversion */ SELECT CONVERT(varchar(20), MIN_ACTIVE_ROWVERSION(), 1) AS version',
  );
  const version = row?.['version'];
  if (typeof version !== 'string') return {};
  const proof: Record<string, string> = { version };
  for (const table of tables.filter((one) => one.kind === 'table' && !isMemoryOptimized(one))) {
    proof[`places-${table.objectId}`] = await placesOf(connection, table);
  }
  return proof;
}

/** Row stores of a table: partitions and the storage behind each. */
export async function placesOf(connection: SqlServerConnection, table: TableSchema): Promise<string> {
  const rows = await connection.rows(
    `/* sqlextract:places */ SELECT CONVERT(varchar(20), p.partition_id) AS partition_id, CONVERT(varchar(20), p.hobt_id) AS hobt_id
      FROM sys.partitions p WHERE p.object_id = ${objectNumber(table)} AND p.index_id IN (0, 1) ORDER BY p.partition_number`,
  );
  return rows.map((row) => `${textOf(row, 'partition_id')}/${textOr(row, 'hobt_id', '')}`).join(' ');
}
