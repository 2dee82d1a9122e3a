import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sqlServerDriver } from '../../src/sources/sqlserver/index.ts';
import type { SourceSession } from '../../src/sources/source.ts';
import { casesExcept } from '../conformance/expected-failures.ts';
import { describeAll, keyOver, planRanges, readPlan, readRows } from '../conformance/source-reading.ts';
import { finish, newCase, refuse, removeFolders } from '../engine/extract-case.ts';
import {
  configFor,
  freshSqlServerDatabase,
  type FreshSqlServerDatabase,
  sqlServerUrl,
  URL_VARIABLE,
} from '../support/sqlserver-server.ts';
import { exceptionsOf } from '../sources/sqlserver/exceptions.ts';
import { readFiles } from './read-files.ts';

const cases = casesExcept(await exceptionsOf('checklist'));

/* Items 35 to 43 of the list in index.test.ts that need a server; what the wire alone decides is tested on the stand-in as well. */

describe.skipIf(sqlServerUrl() === null)(`SQL Server (where ${URL_VARIABLE} names one)`, () => {
  let database: FreshSqlServerDatabase;
  let session: SourceSession;

  beforeAll(async () => {
    database = await freshSqlServerDatabase('checklist');
    session = await sqlServerDriver.open(configFor(database.url), 'coordinator');
  });

  afterAll(async () => {
    await session?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
    removeFolders();
  });

  const describeTable = (name: string) => describeAll(session, { schema: 'dbo', name });
  async function extracted(table: string, format: string) {
    const test = newCase(database.url);
    await finish(test, ['--table', `dbo.${table}`, '--format', format, '--compression', 'none']);
    return (await readFiles(test, `dbo.${table}`)).rows;
  }

  it.each(['csv', 'parquet'])('35. decimals and money have the digits that the server has (%s)', async (format) => {
    const table = `amounts_${format}`;
    await database.run(`CREATE TABLE ${table} (id int PRIMARY KEY, d decimal(38,10), m money, s smallmoney)`);
    await database.run(
      `INSERT INTO ${table} VALUES (1, 1234567890123456789012345678.0123456789, 922337203685477.5807, -214748.3648), (2, -0.0000000001, -922337203685477.5808, 214748.3647)`,
    );
    const server = await database.run(
      `SELECT CONVERT(varchar(50), id) AS c0, CONVERT(varchar(50), d) AS c1, CONVERT(varchar(50), CAST(m AS decimal(19,4))) AS c2, CONVERT(varchar(50), CAST(s AS decimal(19,4))) AS c3 FROM ${table} ORDER BY id`,
    );
    expect(await extracted(table, format)).toEqual(server.map((row) => [row['c0'], row['c1'], row['c2'], row['c3']]));
  });

  it.each(['csv', 'parquet'])('36. a datetimeoffset keeps its offset (%s)', async (format) => {
    const table = `offsets_${format}`;
    await database.run(`CREATE TABLE ${table} (id int PRIMARY KEY, o datetimeoffset(7))`);
    await database.run(`INSERT INTO ${table} VALUES (1, '2024-01-01 00:00:00.123456 +05:30')`);
    expect(await extracted(table, format)).toEqual([['1', '2024-01-01 00:00:00.1234560 +05:30']]);
  });

  cases.it('36. a datetimeoffset keeps its seventh digit', async () => {
    await database.run('CREATE TABLE sevenths (id int PRIMARY KEY, o datetimeoffset(7))');
    await database.run("INSERT INTO sevenths VALUES (1, '2024-01-01 00:00:00.1234567 +05:30')");
    expect(await readRows(session, { table: await describeTable('sevenths') })).toEqual([
      ['1', '2024-01-01 00:00:00.1234567 +05:30'],
    ]);
  });

  it('37. a datetime has the milliseconds that the server shows', async () => {
    await database.run('CREATE TABLE clocks (id int PRIMARY KEY, t datetime)');
    await database.run(
      "INSERT INTO clocks VALUES (1, '2024-01-01 00:00:00.003'), (2, '2024-01-01 00:00:00.007'), (3, '2024-01-01 00:00:00.997')",
    );
    const rows = await extracted('clocks', 'csv');
    expect(rows.map(([, text]) => text?.replace(/0+$/, ''))).toEqual(
      ['003', '007', '997'].map((ms) => `2024-01-01T00:00:00.${ms}`),
    );
  });

  it('38. a uniqueidentifier key of 10 000 random values is split into the whole table', async () => {
    await database.run('CREATE TABLE guids (k uniqueidentifier PRIMARY KEY DEFAULT NEWID(), n int NOT NULL)');
    for (let at = 0; at < 10_000; at += 1000) {
      await database.run(
        `INSERT INTO guids (n) VALUES ${Array.from({ length: 1000 }, (_, n) => `(${at + n})`).join(', ')}`,
      );
    }
    const described = await describeTable('guids');
    const key = keyOver(described, ['k']);
    const ranges = await planRanges(session, described, key, 700);
    expect(ranges.length).toBe(15);
    const numbers = (await readPlan(session, described, key, ranges)).map(([, n]) => Number(n));
    expect(numbers.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
  });

  it('39. a varchar key under SQL_Latin1_General_CP1_CI_AS, split at each value, skips no row', async () => {
    const texts = ['a-c', 'ab', 'a c', 'co-op', 'coop', 'A-D', ''];
    await database.run(
      'CREATE TABLE words (k varchar(20) COLLATE SQL_Latin1_General_CP1_CI_AS PRIMARY KEY, n int NOT NULL)',
    );
    for (const [n, text] of texts.entries()) await database.run(`INSERT INTO words VALUES ('${text}', ${n})`);
    const described = await describeTable('words');
    const key = keyOver(described, ['k']);
    for (const step of [1, 2]) {
      const read = await readPlan(session, described, key, await planRanges(session, described, key, step));
      expect(read.map(([, n]) => Number(n)).toSorted((one, other) => one - other)).toEqual(texts.map((_, n) => n));
    }
  });

  it('40. a varchar column of another code page is exact, as value and as key', async () => {
    const texts = ['Привет', 'Ёж', 'abc', 'я'];
    await database.run(
      'CREATE TABLE cyrillic (k varchar(40) COLLATE Cyrillic_General_CI_AS PRIMARY KEY, n int NOT NULL)',
    );
    for (const [n, text] of texts.entries()) await database.run(`INSERT INTO cyrillic VALUES (N'${text}', ${n})`);
    const described = await describeTable('cyrillic');
    const key = keyOver(described, ['k']);
    const read = await readPlan(session, described, key, await planRanges(session, described, key, 1));
    expect(read.toSorted((one, other) => Number(one[1]) - Number(other[1]))).toEqual(
      texts.map((text, n) => [text, String(n)]),
    );
  });

  cases.it('43. a lone surrogate in nvarchar is reported, never replaced', async () => {
    await database.run('CREATE TABLE broken (id int PRIMARY KEY, t nvarchar(10))');
    await database.run('INSERT INTO broken VALUES (1, NCHAR(0xD800))');
    const said = await refuse(newCase(database.url), ['--table', 'broken'], 'VALUE_DOES_NOT_FIT', 6);
    expect(said.stderr).toMatch(/broken/);
    await expect(readRows(session, { table: await describeTable('broken') })).rejects.toThrow(/t/);
  });

  cases.checkNames();
});
