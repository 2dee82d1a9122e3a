import { describe } from 'vitest';
import { sequence } from '../support/mariadb-tables.ts';
import { freshSqlServerDatabase, sqlServerUrl, URL_VARIABLE } from '../support/sqlserver-server.ts';
import { CUT_COLUMNS, CUT_ROWS, CUT_TABLE, cutSuite, digestOfTexts } from './cut-connection.suite.ts';

/* The driver alone is cut on the stand-in (tests/sources/sqlserver); the whole program only where there is a server. */

describe.skipIf(sqlServerUrl() === null)(`SQL Server (where ${URL_VARIABLE} names one)`, () => {
  cutSuite({
    protocol: 'tds',
    options: '?encrypt=false&watchdog=5s&connectTimeout=5',
    parts: [''],
    async open() {
      const database = await freshSqlServerDatabase('cut_connection');
      await database.run(
        `CREATE TABLE ${CUT_TABLE} (id bigint PRIMARY KEY, note nvarchar(400), amount decimal(12,2), day date)`,
      );
      const numbers = sequence(1, CUT_ROWS, 'i').replace(/ ORDER BY i\)/, ')');
      await database.run(
        `INSERT INTO ${CUT_TABLE} SELECT i * 3, CASE WHEN i % 7 = 0 THEN NULL ELSE REPLICATE(CONCAT('note "', i, '", '), i % 5) END,
           CAST(i AS decimal(12,2)) / 8, DATEADD(day, i, '2024-01-01') FROM ${numbers}`,
      );
      const cells = CUT_COLUMNS.map(
        (name, index) => `CONVERT(nvarchar(400), ${name === 'day' ? `${name}, 23` : name}) AS c${index}`,
      );
      const rows = await database.run(`SELECT ${cells.join(', ')} FROM ${CUT_TABLE}`);
      const texts = rows.map((row) =>
        CUT_COLUMNS.map((_, index) => (row[`c${index}`] as string | null | undefined) ?? null),
      );
      return {
        url: database.url,
        truth: digestOfTexts(texts),
        tableFolder: `dbo.${CUT_TABLE}`,
        [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
      };
    },
  });
});
