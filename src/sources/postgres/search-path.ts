import type pg from 'pg';
import type { TableSchema } from '../../model/table.ts';
import { quoteLiteral, quoteName } from './quote.ts';

/**
 * Runs `work` with a search path under which a person's where text means what it means in their own session: operators and functions of
 * extensions are found (with an empty path `citext_column = 'A'` would silently compare as text). Without a where text the path stays empty.
 */
export async function withSearchPath<T>(
  client: pg.Client,
  table: TableSchema,
  where: string | null,
  work: () => Promise<T>,
): Promise<T> {
  if (where === null) return work();
  await setSearchPath(client, `${quoteName(table.schema)}, public`);
  try {
    return await work();
  } finally {
    await resetSearchPath(client);
  }
}

export async function setSearchPath(client: pg.Client, path: string): Promise<void> {
  await client.query(`SELECT pg_catalog.set_config('search_path', ${quoteLiteral(path)}, false)`);
}

/** In a failed transaction the setting goes back with it. */
export async function resetSearchPath(client: pg.Client): Promise<void> {
  await client.query("SELECT pg_catalog.set_config('search_path', '', false)").catch(() => undefined);
}
