import type pg from 'pg';
import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import type { LockTarget } from './holder-protocol.ts';
import { quoteTable } from './quote.ts';

/** Long enough for a short ALTER to pass, short enough that the queue behind our own lock request does not grow. */
export const LOCK_TIMEOUT_MS = 10_000;

/** LOCK TABLE refuses other kinds (42809). */
const LOCKABLE: readonly LockTarget['kind'][] = ['table', 'partitioned table', 'view'];

/**
 * Takes ACCESS SHARE locks, held to the end of the client's transaction: TRUNCATE, rewriting ALTERs and REFRESH wait for it.
 * Without them a snapshot older than a TRUNCATE reads no rows and no error (https://www.postgresql.org/docs/current/mvcc-caveats.html).
 * LOCK TABLE takes no snapshot, so that one taken after it is younger than the locks; where it is not possible (materialized views,
 * foreign tables, rights on single columns only) a SELECT of no rows takes the same lock, and `wasRewritten` tells what slipped through.
 * Throws SOURCE_LOCKED (verdict retry) or the server's error; the transaction is then unusable.
 */
export async function lockTables(client: pg.Client, tables: readonly LockTarget[]): Promise<void> {
  // In one order in every run: two runs that each wait behind DDL cannot deadlock with each other.
  const ordered = tables.toSorted((a, b) => (quoteTable(a) < quoteTable(b) ? -1 : 1));
  const bySelect: LockTarget[] = [];
  const before = await client.query<{ lock_timeout: string }>('SHOW lock_timeout');
  await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
  for (const table of ordered) {
    const locked = LOCKABLE.includes(table.kind) && (await lockTable(client, table));
    if (!locked) bySelect.push(table);
  }
  for (const table of bySelect) {
    await named(table, client.query(`SELECT 1 FROM ${quoteTable(table)} LIMIT 0`));
  }
  await client.query(`SET LOCAL lock_timeout = '${before.rows[0]?.lock_timeout ?? '0'}'`);
}

/** False when the server says that this relation cannot be locked by LOCK TABLE, or not by this user. */
async function lockTable(client: pg.Client, table: LockTarget): Promise<boolean> {
  await client.query('SAVEPOINT before_lock');
  try {
    await client.query(`LOCK TABLE ${quoteTable(table)} IN ACCESS SHARE MODE`);
    await client.query('RELEASE SAVEPOINT before_lock');
    return true;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code !== '42809' && code !== '42501') throw lockProblem(table, error);
    await client.query('ROLLBACK TO SAVEPOINT before_lock');
    await client.query('RELEASE SAVEPOINT before_lock');
    return false;
  }
}

/**
 * The first of the tables (already locked) whose rows the transaction's snapshot cannot be trusted to show: it or a descendant got new
 * storage since the snapshot, or it is not the object that was described. Null when all is well.
 * pg_class answers as of the snapshot, pg_relation_filenode as of now.
 */
export async function wasRewritten(client: pg.Client, tables: readonly LockTarget[]): Promise<LockTarget | null> {
  const { rows } = await client.query<{ place: string }>(
    `WITH RECURSIVE wanted AS (
       SELECT w.place, pg_catalog.to_regclass(w.name)::oid AS relation, w.object
       FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w(name, object, place)
     ), tree AS (
       SELECT place, relation FROM wanted
       UNION
       SELECT t.place, i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.relation
     )
     SELECT place FROM wanted WHERE relation IS NULL OR relation::text <> object
     UNION
     SELECT t.place FROM tree t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.relation
     WHERE c.oid IS NULL OR (c.relfilenode <> 0 AND c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(c.oid))
     ORDER BY place LIMIT 1`,
    [tables.map(quoteTable), tables.map((table) => table.objectId)],
  );
  const place = rows[0]?.place;
  return place === undefined ? null : (tables[Number(place) - 1] ?? null);
}

async function named<T>(table: LockTarget, query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw lockProblem(table, error);
  }
}

function lockProblem(table: LockTarget, error: unknown): unknown {
  if ((error as { code?: unknown }).code !== '55P03') return error;
  return new SqlextractError(
    {
      code: 'SOURCE_LOCKED',
      message: `table ${displayName(table)} was not free for reading within ${LOCK_TIMEOUT_MS / 1000} s`,
      hint: 'another session holds it: see pg_locks for ALTER, TRUNCATE, VACUUM FULL or LOCK TABLE, and run again after it',
      fault: 'source',
      verdict: 'retry',
    },
    error,
  );
}
