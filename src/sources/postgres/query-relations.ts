import type pg from 'pg';
import type { TableSchema } from '../../model/table.ts';
import { KINDS } from './catalog.ts';
import { describeStatement } from './describe-statement.ts';
import { enclosedQuery } from './from-clause.ts';
import type { LockTarget } from './holder-protocol.ts';
import { withSearchPath } from './search-path.ts';

export const FOREIGN_ROWS = 'foreign rows are not covered by the snapshot: the remote server has none of this run';

export interface QueryRelations {
  /** What the text and the views in it name, as far as this user may read it; the rest is locked together with them. */
  readonly targets: readonly LockTarget[];
  readonly foreign: boolean;
}

/**
 * What a query reads: the relations that analysing it locks (https://www.postgresql.org/docs/current/view-pg-locks.html). What its functions
 * read is not among them. Outside of a snapshot's transaction only: that has locks of its own, which would be taken for the query's.
 */
export async function relationsOfQuery(client: pg.Client, name: string, query: string): Promise<QueryRelations> {
  return withSearchPath(client, { schema: '', query }, null, async () => {
    await describeStatement(client, `SELECT FROM ${enclosedQuery(name, query)}`);
    const { rows } = await client.query<Record<string, string>>(RELATIONS);
    const targets = rows.filter((row) => row['lockable'] === 't').map(targetOf);
    return { targets, foreign: rows.some((row) => row['relkind'] === 'f') };
  });
}

function targetOf(row: Record<string, string>): LockTarget {
  return {
    schema: row['nspname'] as string,
    name: row['relname'] as string,
    kind: KINDS[row['relkind'] as string] ?? 'table',
    objectId: row['oid'] as string,
  };
}

const RELATIONS = `
  WITH RECURSIVE member(oid, named) AS (
    SELECT l.relation, true FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'relation' AND l.pid = pg_catalog.pg_backend_pid() AND l.granted
    UNION
    SELECT i.inhrelid, false FROM member JOIN pg_catalog.pg_inherits i ON i.inhparent = member.oid
  )
  SELECT c.oid, n.nspname, c.relname, c.relkind,
    m.named AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT') AS lockable
  FROM (SELECT oid, bool_or(named) AS named FROM member GROUP BY oid) m
  JOIN pg_catalog.pg_class c ON c.oid = m.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  ORDER BY n.nspname, c.relname`;

/**
 * What has to be locked so that a snapshot shows all rows of these tables: of a query, what it reads (a TRUNCATE between the snapshot and
 * the first read would else leave it without rows and without an error).
 */
export async function lockTargets(client: pg.Client, tables: readonly TableSchema[]): Promise<readonly LockTarget[]> {
  const found = new Map<string, LockTarget>();
  for (const table of tables) {
    const { schema, name, kind, objectId, query } = table;
    const targets =
      query === undefined ? [{ schema, name, kind, objectId }] : (await relationsOfQuery(client, name, query)).targets;
    for (const target of targets) found.set(target.objectId, target);
  }
  return [...found.values()];
}
