import { textOf } from './columns.ts';
import type { SqlServerConnection } from './connect.ts';
import type { ServerFacts } from './server-facts.ts';

/**
 * Names of security policies in force that filter rows: of one table, or of any. A login without rights on policies sees none of them in
 * the catalog, and then nothing can be said. Babelfish has no such view.
 */
export async function securityPolicies(
  connection: SqlServerConnection,
  facts: ServerFacts,
  objectId?: string,
): Promise<readonly string[]> {
  if (facts.babelfish) return [];
  const table = objectId === undefined ? '' : ` AND q.target_object_id = ${objectId}`;
  const rows = await connection.rows(
    `/* sqlextract:policies */ SELECT DISTINCT p.name FROM sys.security_policies p
      JOIN sys.security_predicates q ON q.object_id = p.object_id
      WHERE p.is_enabled = 1 AND q.predicate_type = 0${table}`,
  );
  return rows.map((row) => `the security policy ${textOf(row, 'name')} of this database can hide rows from this login`);
}

/** Columns of any table are masked for this login: what a view or a query makes of them would be masked too. */
export async function maskedElsewhere(connection: SqlServerConnection, facts: ServerFacts): Promise<boolean> {
  if (facts.babelfish) return false;
  const rows = await connection.rows(
    `/* sqlextract:masks */ SELECT TOP (1) m.name FROM sys.masked_columns m
      WHERE m.is_masked = 1 AND COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'UNMASK'), 0) = 0`,
  );
  return rows.length > 0;
}
