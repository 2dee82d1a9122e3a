import type { LoadFixture, LoadTarget } from '../conformance/load-fixture.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';

export const POSTGRES: LoadFixture = {
  target: 'postgres',
  flags: [],
  scriptFormats: ['csv'],
  nonFinite: true,
  tellsQuotedMarker: true,
  create: async () => createPostgres(),
};

/** An empty database, and how psql and `load` find it. */
export async function createPostgres(): Promise<LoadTarget & { readonly database: FreshDatabase }> {
  const database = await freshDatabase('load_target');
  const { client } = database;
  const url = new URL(database.url);
  await client.query(`SET TimeZone = 'UTC'`);
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
  return {
    database,
    url: database.url,
    runArguments: ['-h', url.hostname, '-p', url.port, '-U', url.username, '-d', database.name],
    environment: { PGPASSWORD: decodeURIComponent(url.password) },
    rows: async (table, columns) => {
      const cells = columns.map(({ name, kind }) =>
        kind === 'binary' ? `encode(${quoted(name)}, 'hex')` : `${quoted(name)}::text`,
      );
      const text = `SELECT ${cells.join(', ')} FROM ${quoted(table)}`;
      return (await client.query<(string | null)[]>({ text, rowMode: 'array' })).rows;
    },
    tables: async () => {
      const found = await client.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'v', 'p', 'm') AND relnamespace = 'public'::regnamespace`,
      );
      return found.rows.map(({ name }) => name);
    },
    [Symbol.asyncDispose]: async () => database[Symbol.asyncDispose](),
  };
}
