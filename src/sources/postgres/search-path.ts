import type pg from 'pg';
import type { TableSchema } from '../../model/table.ts';
import { quoteLiteral, quoteName } from './quote.ts';

/**
 * Runs `work` with a search path under which a person's where text or query means what it means in their own session: operators and
 * functions of extensions are found (with an empty path `citext_column = 'A'` would silently compare as text). Without either the path stays
 * empty. A query, which can call anything, runs in a READ ONLY transaction also outside of a snapshot.
 */
export async function withSearchPath<T>(
  client: pg.Client,
  table: Pick<TableSchema, 'schema' | 'query'>,
  where: string | null,
  work: () => Promise<T>,
): Promise<T> {
  const path = await searchPathFor(client, table, where);
  if (path === null) return work();
  const own = table.query !== undefined && client.getTransactionStatus() === 'I';
  if (own) await client.query('BEGIN READ ONLY');
  await setSearchPath(client, path);
  try {
    return await work();
  } finally {
    if (own) await client.query('ROLLBACK').catch(() => undefined);
    await resetSearchPath(client);
  }
}

/** Null: the empty path will do. For a query it is the role's or the database's own, as psql would have it. */
export async function searchPathFor(
  client: pg.Client,
  table: Pick<TableSchema, 'schema' | 'query'>,
  where: string | null,
): Promise<string | null> {
  if (table.query === undefined) return where === null ? null : `${quoteName(table.schema)}, public`;
  const { rows } = await client.query<{ path: string }>(
    "SELECT reset_val AS path FROM pg_catalog.pg_settings WHERE name = 'search_path'",
  );
  return rows[0]?.path ?? 'public';
}

export async function setSearchPath(client: pg.Client, path: string): Promise<void> {
  await client.query(`SELECT pg_catalog.set_config('search_path', ${quoteLiteral(path)}, false)`);
}

/** In a failed transaction the setting goes back with it. */
export async function resetSearchPath(client: pg.Client): Promise<void> {
  await client.query("SELECT pg_catalog.set_config('search_path', '', false)").catch(() => undefined);
}
