import type { EpochFacts } from '../../model/epoch.ts';
import type { TableSchema } from '../../model/table.ts';
import type { CountedRange } from '../source.ts';
import { objectNumber } from './columns.ts';
import type { SqlServerConnection } from './connection.ts';
import { isMemoryOptimized } from './memory-optimized.ts';
import { quoteName, quoteTable } from './quote.ts';
import { andWhere, rangePredicate } from './ranges.ts';
import { placesOf } from './row-versions.ts';
import type { ServerFacts } from './server-facts.ts';

interface Question {
  readonly facts: EpochFacts;
  readonly table: TableSchema;
  readonly ranges: readonly CountedRange[];
  readonly where: string | null;
}

/**
 * Whether the rows of the ranges, read in the epoch of `facts`, are the same rows now. Only a table with a rowversion column can tell.
 *
 * Proof: V was the smallest rowversion an open transaction could still write, asked for before the readers began. A row with a smaller
 * one was committed before that and not touched since, so every reader saw it as it is. When no row of a range has V or more, and there are
 * as many rows as were read, they are all those that were read; that holds for readers with snapshots of their own too.
 * A greater version need not be a later change (it may have been committed just before the reader began): 'unknown'.
 */
export async function unchangedSince(
  connection: SqlServerConnection,
  server: ServerFacts,
  { facts, table, ranges, where }: Question,
): Promise<'unchanged' | 'changed' | 'unknown'> {
  const { version, frozen } = facts.proof;
  if (!isTimeless(where) || table.kind !== 'table' || isMemoryOptimized(table)) return 'unknown';
  if (frozen !== undefined) return (await stillFrozen(connection, frozen)) ? 'unchanged' : 'unknown';
  // On a readable secondary the number is that of its own log, which can stand still while rows arrive.
  if (server.isolation.secondary || !(await isUpdateable(connection))) return 'unknown';
  if (version === undefined || !/^0x[0-9A-Fa-f]{16}$/.test(version)) return 'unknown';
  if (facts.proof[`places-${table.objectId}`] !== (await placesOf(connection, table))) return 'unknown';
  const column = await rowVersionColumn(connection, table);
  if (column === null) return 'unknown';
  let sure = true;
  for (const { range, key, rows } of ranges) {
    const [row] = await connection.rows(
      `/* sqlextract:unchanged */ SELECT CONVERT(varchar(20), COUNT_BIG(*)) AS total,
        CONVERT(varchar(20), COALESCE(SUM(CASE WHEN ${quoteName(column)} >= ${version} THEN 1 ELSE 0 END), 0)) AS later
        FROM ${quoteTable(table)} WHERE (${rangePredicate(table, range, key)})${andWhere(table, where)}`,
    );
    if (row?.['total'] !== String(rows)) return facts.shared ? 'changed' : 'unknown';
    sure &&= row['later'] === '0';
  }
  return sure ? 'unchanged' : 'unknown';
}

/** Asked anew: a failover can have made a secondary of the primary that the session was opened on. */
async function isUpdateable(connection: SqlServerConnection): Promise<boolean> {
  const [row] = await connection.rows(
    "/* sqlextract:updateability */ SELECT CONVERT(varchar(20), DATABASEPROPERTYEX(DB_NAME(), 'Updateability')) AS updateability",
  );
  const updateability = row?.['updateability'];
  return typeof updateability === 'string' && updateability !== 'READ_ONLY';
}

/** Null also when there are computed columns that are not stored: they can change by themselves. */
async function rowVersionColumn(connection: SqlServerConnection, table: TableSchema): Promise<string | null> {
  const [row] = await connection.rows(
    `/* sqlextract:rowversion */ SELECT c.name FROM sys.columns c JOIN sys.types t ON t.user_type_id = c.user_type_id
      WHERE c.object_id = ${objectNumber(table)} AND t.name = N'timestamp'
        AND NOT EXISTS (SELECT 1 FROM sys.computed_columns x WHERE x.object_id = c.object_id AND x.is_persisted = 0)`,
  );
  return typeof row?.['name'] === 'string' ? row['name'] : null;
}

async function stillFrozen(connection: SqlServerConnection, created: string): Promise<boolean> {
  const [row] = await connection.rows(
    `/* sqlextract:frozen */ SELECT CONVERT(varchar(33), d.create_date, 126) AS created FROM sys.databases d
      WHERE d.name = DB_NAME() AND d.source_database_id IS NOT NULL`,
  );
  return row?.['created'] === created;
}

/** False for a condition whose rows can change by the clock, by the user, or by another table. */
export function isTimeless(where: string | null): boolean {
  if (where === null) return true;
  return !/\b(?!IN\b|AND\b|OR\b|NOT\b)[\w\]"]+\s*\(|\bCURRENT_|\bSESSION_USER\b|\bSYSTEM_USER\b|\bUSER\b|@@|\bSELECT\b/i.test(
    where,
  );
}
