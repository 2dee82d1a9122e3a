import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { SourceSession } from '../../../src/sources/source.ts';
import { sqlServerDriver } from '../../../src/sources/sqlserver/index.ts';
import { quoteText } from '../../../src/sources/sqlserver/quote.ts';
import { casesExcept } from '../../conformance/expected-failures.ts';
import { describeAll, keyOver, planRanges, readPlan } from '../../conformance/source-reading.ts';
import {
  configFor,
  freshSqlServerDatabase,
  type FreshSqlServerDatabase,
  sqlServerUrl,
} from '../../support/sqlserver-server.ts';
import { exceptionsOf } from './exceptions.ts';

const { it, checkNames } = casesExcept(await exceptionsOf('keys'));

const TEXTS = [
  '',
  'a',
  'A',
  'b',
  'z',
  'Z',
  'ab',
  'a-c',
  'a c',
  "it's",
  '"',
  '\\',
  '\\N',
  '%',
  '1',
  '10',
  '9',
  'a\\\nb',
  'co-op',
  'coop',
];

describe.skipIf(sqlServerUrl() === null)('keys of SQL Server', () => {
  let database: FreshSqlServerDatabase;
  let session: SourceSession;

  beforeAll(async () => {
    database = await freshSqlServerDatabase('keys');
    session = await sqlServerDriver.open(configFor(database.url), 'coordinator');
  });

  afterAll(async () => {
    await session?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
  });

  async function everyRowOnce(table: string, key: readonly string[], rows: number): Promise<void> {
    const described = await describeAll(session, { schema: 'dbo', name: table });
    for (const step of [1, 3, 50]) {
      const found = keyOver(described, key);
      const read = await readPlan(session, described, found, await planRanges(session, described, found, step));
      expect(read.map(([id]) => Number(id)).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: rows }, (_, n) => n),
      );
    }
  }

  const TYPED: Readonly<Record<string, readonly string[]>> = {
    'decimal(38,10)': [
      '-9999999999999999999999999999.9999999999',
      '-0.0000000001',
      '0',
      '0.1',
      '1234567890123456789012345678.0000000001',
    ],
    money: ['-922337203685477.5808', '-0.0001', '0', '0.1', '922337203685477.5807'],
    smallmoney: ['-214748.3648', '0.0001', '214748.3647'],
    float: ['-1e300', '-0.1', '0', '0.1', '0.30000000000000004', '5e-300', '1e300'],
    real: ['-1e30', '0.1', '0.3', '16777216', '1e30'],
    datetime: [
      '1753-01-01',
      '2024-01-01 00:00:00.003',
      '2024-01-01 00:00:00.007',
      '2024-01-01 00:00:00.997',
      '9999-12-31',
    ],
    'datetime2(6)': [
      '0001-01-01',
      '2024-01-01 00:00:00.123456',
      '2024-01-01 00:00:00.123457',
      '9999-12-31 23:59:59.999999',
    ],
    'datetimeoffset(6)': [
      '2024-01-01 00:00:00.123456 +05:30',
      '2024-01-01 00:00:00.123456 -05:30',
      '2024-01-01 00:00:00 +00:00',
    ],
    date: ['0001-01-01', '1969-12-31', '9999-12-31'],
    'time(6)': ['00:00:00', '12:34:56.123456', '23:59:59.999999'],
    smalldatetime: ['1900-01-01', '2024-01-01 12:34:00', '2079-06-06'],
    tinyint: ['0', '1', '254', '255'],
    smallint: ['-32768', '-1', '0', '32767'],
    bit: ['0', '1'],
  };

  for (const [type, values] of Object.entries(TYPED)) {
    it(`of type ${type}: every row is in one range`, async () => {
      const name = `typed_${type.replaceAll(/\W/g, '_')}`;
      await database.run(`CREATE TABLE ${name} (id int NOT NULL, k ${type} NOT NULL)`);
      await database.run(`CREATE UNIQUE INDEX ix ON ${name} (k)`);
      const rows = values.map((value, id) => `(${id}, CONVERT(${type}, '${value}'))`);
      await database.run(`INSERT INTO ${name} VALUES ${rows.join(', ')}`);
      await everyRowOnce(name, ['k'], values.length);
    });
  }

  it('of random uniqueidentifiers are cut in the order of the server (checklist 38)', async () => {
    await database.run('CREATE TABLE guids (id int NOT NULL, k uniqueidentifier NOT NULL PRIMARY KEY)');
    for (let from = 0; from < 400; from += 100) {
      const rows = Array.from({ length: 100 }, (_, n) => `(${from + n}, NEWID())`);
      await database.run(`INSERT INTO guids VALUES ${rows.join(', ')}`);
    }
    const described = await describeAll(session, { schema: 'dbo', name: 'guids' });
    const key = keyOver(described, ['k']);
    const ranges = await planRanges(session, described, key, 37);
    expect(ranges.length).toBe(11);
    expect(new Set((await readPlan(session, described, key, ranges)).map(([id]) => id)).size).toBe(400);
  });

  const COLLATIONS = ['SQL_Latin1_General_CP1_CI_AS', 'SQL_Latin1_General_CP1_CS_AS', 'Latin1_General_BIN2'];
  for (const collation of COLLATIONS) {
    for (const type of ['varchar(20)', 'char(10)', 'nvarchar(20)', 'nchar(10)']) {
      it(`${type} under ${collation}: every row is in one range (checklist 39)`, async () => {
        const name = `texts_${collation}_${type.replaceAll(/\W/g, '')}`.slice(0, 60);
        await database.run(`CREATE TABLE ${name} (id int NOT NULL, k ${type} COLLATE ${collation} NOT NULL)`);
        await database.run(`CREATE INDEX ix ON ${name} (k)`);
        const rows = TEXTS.map((text, id) => `(${id}, ${quoteText(text)})`);
        await database.run(`INSERT INTO ${name} VALUES ${rows.join(', ')}`);
        await everyRowOnce(name, ['k'], TEXTS.length);
      });
    }
  }

  it('of a number and a text: every row is in one range', async () => {
    await database.run(
      'CREATE TABLE pairs (id int NOT NULL, a int NOT NULL, b varchar(20) COLLATE Latin1_General_BIN2 NOT NULL, PRIMARY KEY (a, b))',
    );
    const rows = [-5, 0, 7].flatMap((a, at) =>
      TEXTS.map((b, n) => `(${at * TEXTS.length + n}, ${a}, ${quoteText(b)})`),
    );
    await database.run(`INSERT INTO pairs VALUES ${rows.join(', ')}`);
    await everyRowOnce('pairs', ['a', 'b'], rows.length);
  });

  it('are ordered by their own columns, whatever the names of those are', async () => {
    await database.run(
      'CREATE TABLE aliases (id int NOT NULL, c1 int NOT NULL, c0 int NOT NULL, greater int NOT NULL, PRIMARY KEY (c1, c0))',
    );
    await database.run('CREATE UNIQUE INDEX ix_greater ON aliases (greater)');
    const rows = Array.from({ length: 60 }, (_, id) => `(${id}, ${id % 7}, ${(id * 37) % 60}, ${(id * 23) % 60})`);
    await database.run(`INSERT INTO aliases VALUES ${rows.join(', ')}`);
    await everyRowOnce('aliases', ['c1', 'c0'], rows.length);
    await everyRowOnce('aliases', ['greater'], rows.length);
  });

  it('leave out included columns, and types without an order', async () => {
    await database.run('CREATE TABLE kinds (a int NOT NULL, b int NOT NULL, c int NULL, v sql_variant NOT NULL)');
    await database.run('CREATE UNIQUE INDEX ix_included ON kinds (a) INCLUDE (b)');
    await database.run('CREATE INDEX ix_mixed ON kinds (a ASC, b DESC)');
    await database.run('CREATE INDEX ix_variant ON kinds (v)').catch(() => undefined);
    const { candidateKeys } = await describeAll(session, { schema: 'dbo', name: 'kinds' });
    const usable = candidateKeys.filter(({ refused }) => refused === null);
    expect(usable.map(({ columns }) => columns)).toEqual([['a']]);
    for (const { columns, refused } of candidateKeys.filter((key) => key.refused !== null))
      expect([columns, refused]).toEqual([['v'], expect.stringContaining('sql_variant')]);
  });

  it('leave out filtered and disabled indexes', async () => {
    await database.run('CREATE TABLE partial (a int NOT NULL PRIMARY KEY, b int NOT NULL, c int NULL)');
    await database.run('CREATE UNIQUE INDEX ix_filtered ON partial (c) WHERE c IS NOT NULL');
    await database.run('CREATE INDEX ix_disabled ON partial (b); ALTER INDEX ix_disabled ON partial DISABLE');
    const { candidateKeys } = await describeAll(session, { schema: 'dbo', name: 'partial' });
    const usable = candidateKeys.filter(({ refused }) => refused === null);
    expect(usable.map(({ columns }) => columns)).toEqual([['a']]);
  });

  it('a heap without an index has none, and says so', async () => {
    await database.run('CREATE TABLE heap (a int)');
    const described = await describeAll(session, { schema: 'dbo', name: 'heap' });
    expect(described.candidateKeys).toEqual([]);
    expect(described.remarks.join()).toContain('one stream');
  });

  checkNames();
});
