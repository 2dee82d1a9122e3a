import { randomBytes } from 'node:crypto';
import { describe } from 'vitest';
import { ClickHouseHttp } from '../../src/load/loaders/clickhouse-http.ts';
import { parseClickHouseUrl } from '../../src/load/loaders/clickhouse-url.ts';
import type { LoadFixture, LoadTarget } from '../conformance/load-fixture.ts';
import { loadSuite } from '../conformance/load.suite.ts';

/** `clickhouse://user:password@host:8123/`, of a user that may create databases; none is in the repository's own CI. */
const SERVER = process.env['SQLEXTRACT_TEST_CLICKHOUSE_URL'] ?? '';
/** Words of clickhouse-client that reach the same server, for the scripts; without it they are not run. */
const CLIENT = process.env['SQLEXTRACT_TEST_CLICKHOUSE_CLIENT'];

const FIXTURE: LoadFixture = {
  target: 'clickhouse',
  flags: [],
  scriptFormats: CLIENT === undefined ? [] : ['csv', 'parquet'],
  nonFinite: true,
  tellsQuotedMarker: true,
  create,
};

// there is no ClickHouse server in npm or in Debian
describe.skipIf(SERVER === '')('loads into ClickHouse (where SQLEXTRACT_TEST_CLICKHOUSE_URL names a server)', () => {
  loadSuite(FIXTURE);
});

async function create(): Promise<LoadTarget> {
  const name = `load_${randomBytes(5).toString('hex')}`;
  const url = new URL(SERVER);
  const server = new ClickHouseHttp(parseClickHouseUrl(SERVER, {}), 1);
  await server.run(`CREATE DATABASE ${name}`);
  url.pathname = `/${name}`;
  const quoted = (text: string) => `\`${text.replaceAll('\\', '\\\\').replaceAll('`', '``')}\``;
  return {
    url: url.href,
    runArguments: [...(CLIENT ?? '').split(' ').filter((word) => word !== ''), '--database', name],
    environment: {},
    rows: async (table, columns) => {
      const cells = columns.map(({ name: column, kind }) =>
        kind === 'binary' ? `lower(hex(${quoted(column)}))` : `toString(${quoted(column)})`,
      );
      return server.rows(`SELECT ${cells.join(', ')} FROM ${name}.${quoted(table)}`);
    },
    tables: async () => {
      const rows = await server.rows(`SELECT name FROM system.tables WHERE database = '${name}'`);
      return rows.map(([table]) => String(table)).filter((table) => table !== '_sqlextract_swaps');
    },
    [Symbol.asyncDispose]: async () => {
      await server.run(`DROP DATABASE ${name} SYNC`);
      server.close();
    },
  };
}
