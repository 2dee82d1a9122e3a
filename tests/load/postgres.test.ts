import type { LoadFixture, LoadTarget } from '../conformance/load-fixture.ts';
import { loadSuite } from '../conformance/load.suite.ts';
import { freshDatabase } from '../support/postgres-server.ts';

const FIXTURE: LoadFixture = {
  target: 'postgres',
  flags: [],
  scriptFormats: ['csv'],
  nonFinite: true,
  tellsQuotedMarker: true,
  create,
};

loadSuite(FIXTURE);

async function create(): Promise<LoadTarget> {
  const database = await freshDatabase('load_target');
  const { client } = database;
  const url = new URL(database.url);
  await client.query(`SET TimeZone = 'UTC'`);
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
  return {
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
