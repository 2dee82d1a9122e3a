import { describe } from 'vitest';
import type { LoadFixture, LoadTarget } from '../conformance/load-fixture.ts';
import { loadSuite } from '../conformance/load.suite.ts';
import { freshSqlServerDatabase, sqlServerUrl, URL_VARIABLE } from '../support/sqlserver-server.ts';

const FIXTURE: LoadFixture = {
  target: 'sqlserver',
  flags: [],
  // the server would have to see the files, and sqlcmd is no package of npm
  scriptFormats: [],
  nonFinite: false,
  tellsQuotedMarker: false,
  create,
};

// there is no SQL Server in npm or in Debian
describe.skipIf(sqlServerUrl() === null)(`loads into SQL Server (where ${URL_VARIABLE} names a server)`, () => {
  loadSuite(FIXTURE);
});

async function create(): Promise<LoadTarget> {
  const database = await freshSqlServerDatabase('load', []);
  const quoted = (name: string) => (name.includes(']') ? `"${name.replaceAll('"', '""')}"` : `[${name}]`);
  return {
    url: database.url,
    runArguments: [],
    environment: {},
    rows: async (table, columns) => {
      const cells = columns.map(({ name, kind }, index) => {
        if (kind === 'binary') return `${quoted(name)} AS c${index}`;
        const style = kind === 'float32' || kind === 'float64' ? ', 3' : '';
        // six digits of a time, and no offset: Babelfish writes a seventh
        const width = kind === 'time' ? '15' : 'max';
        const text = `CONVERT(nvarchar(${width}), ${quoted(name)}${style})`;
        return kind === 'timestamp' ? `REPLACE(${text}, N' +00:00', N'') AS c${index}` : `${text} AS c${index}`;
      });
      const rows = await database.run(`SELECT ${cells.join(', ')} FROM dbo.${quoted(table)}`);
      return rows.map((row) =>
        Object.values(row).map((cell) => (cell instanceof Uint8Array ? Buffer.from(cell).toString('hex') : cell)),
      );
    },
    tables: async () => {
      const rows = await database.run('SELECT TABLE_NAME AS name FROM INFORMATION_SCHEMA.TABLES');
      return rows.map(({ name }) => String(name));
    },
    [Symbol.asyncDispose]: async () => database[Symbol.asyncDispose](),
  };
}
