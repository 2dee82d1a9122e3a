import type { Connection } from 'mysql2/promise';
import type { LoadFixture, LoadTarget, NamedKind, Row } from '../conformance/load-fixture.ts';
import type { FreshMariadb } from '../support/mariadb-server.ts';
import { freshMariadb } from '../support/mariadb-server.ts';
import { FLAVOR_FLAGS } from '../support/mysql-flavor.ts';

export const MARIADB: LoadFixture = {
  target: 'mysql',
  flags: FLAVOR_FLAGS,
  scriptFormats: ['csv'],
  nonFinite: false,
  tellsQuotedMarker: false,
  create: async () => createMariadb(await freshMariadb('load_target')),
};

/** An empty database, and how the client and `load` find it. */
export function createMariadb(database: FreshMariadb): LoadTarget {
  const at = new URL(database.url);
  const login = [`--host=${at.hostname}`, `--port=${at.port}`, `--user=${decodeURIComponent(at.username)}`];
  return {
    url: database.url,
    runArguments: [...login, database.name],
    environment: { MYSQL_PWD: decodeURIComponent(at.password) },
    rows: async (table, columns) => rowsOf(database.client, table, columns),
    tables: async () => {
      const [rows] = await database.client.query({ sql: 'SHOW TABLES', rowsAsArray: true });
      return (rows as unknown as string[][]).map(([name]) => name ?? '');
    },
    [Symbol.asyncDispose]: async () => database[Symbol.asyncDispose](),
  };
}

/** A FLOAT is printed with six digits; as a double with all of them. */
async function rowsOf(client: Connection, table: string, columns: readonly NamedKind[]): Promise<readonly Row[]> {
  const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``;
  const cells = columns.map(({ name, kind }) => {
    if (kind === 'binary') return `HEX(${quoted(name)})`;
    return kind === 'float32' ? `CAST(${quoted(name)} AS DOUBLE)` : quoted(name);
  });
  const [rows] = await client.query({
    sql: `SELECT ${cells.join(', ')} FROM ${quoted(table)}`,
    rowsAsArray: true,
    typeCast: (field) => field.string('utf8'),
  });
  return rows as unknown as Row[];
}
