import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { SourceSession } from '../../../src/sources/source.ts';
import { sqlServerDriver } from '../../../src/sources/sqlserver/index.ts';
import { casesExcept } from '../../conformance/expected-failures.ts';
import { problemOf } from '../../conformance/source-describes.ts';
import { ALL_COLUMNS, describeAll, readRows } from '../../conformance/source-reading.ts';
import {
  configFor,
  freshSqlServerDatabase,
  type FreshSqlServerDatabase,
  sqlServerUrl,
} from '../../support/sqlserver-server.ts';
import { exceptionsOf } from './exceptions.ts';

const { it, checkNames } = casesExcept(await exceptionsOf('catalog'));

function byFirst(rows: readonly (readonly (string | null)[])[]) {
  return rows.toSorted((a, b) => Number(a[0]) - Number(b[0]));
}

describe.skipIf(sqlServerUrl() === null)('the catalog of SQL Server', () => {
  let database: FreshSqlServerDatabase;
  let session: SourceSession;

  beforeAll(async () => {
    database = await freshSqlServerDatabase('catalog');
    session = await sqlServerDriver.open(configFor(database.url), 'coordinator');
  });

  afterAll(async () => {
    await session?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
  });

  it('spells names as they were given, and finds them in any case', async () => {
    await database.run('CREATE TABLE [Order Lines] ([Line No] int NOT NULL PRIMARY KEY, [OrderNo] int)');
    const table = await describeAll(session, { schema: '', name: 'ORDER lines' });
    expect(table).toMatchObject({ schema: 'dbo', name: 'Order Lines', primaryKey: ['Line No'] });
    expect(table.columns.map(({ name }) => name)).toEqual(['Line No', 'OrderNo']);
  });

  it('looks into dbo first, and into other schemas then', async () => {
    await database.run('CREATE SCHEMA sales');
    await database.run('CREATE TABLE dbo.twice (a int)');
    await database.run('CREATE TABLE sales.twice (b int)');
    await database.run('CREATE TABLE sales.once (b int)');
    expect((await describeAll(session, { schema: '', name: 'twice' })).schema).toBe('dbo');
    expect((await describeAll(session, { schema: 'SALES', name: 'twice' })).columns[0]?.name).toBe('b');
    expect((await describeAll(session, { schema: '', name: 'once' })).schema).toBe('sales');
    const problem = await problemOf(describeAll(session, { schema: 'sales', name: 'onse' }));
    expect(problem).toMatchObject({ code: 'TABLE_NOT_FOUND', hint: expect.stringContaining('sales.once') });
  });

  it('reads views and computed columns', async () => {
    await database.run('CREATE TABLE computed (a int NOT NULL PRIMARY KEY, twice AS (a * 2))');
    await database.run('INSERT INTO computed (a) VALUES (1), (2)');
    await database.run('CREATE VIEW doubled AS SELECT twice FROM computed');
    const table = await describeAll(session, { schema: 'dbo', name: 'computed' });
    expect(byFirst(await readRows(session, { table }))).toEqual([
      ['1', '2'],
      ['2', '4'],
    ]);
    const view = await describeAll(session, { schema: 'dbo', name: 'doubled' });
    expect(view.kind).toBe('view');
    expect(view.remarks.join()).toContain('one stream');
    expect(byFirst(await readRows(session, { table: view }))).toEqual([['2'], ['4']]);
  });

  it('names alias types, and plans their base types', async () => {
    await database.run('CREATE TYPE dbo.Code FROM varchar(12) NOT NULL');
    await database.run('CREATE TABLE aliased (c dbo.Code, s sysname)');
    const table = await describeAll(session, { schema: 'dbo', name: 'aliased' });
    expect(table.columns.map(({ type }) => type.kind)).toEqual(['string', 'string']);
    expect(table.columns[0]?.nativeType.toLowerCase()).toBe('dbo.code');
  });

  it('notices a table that was altered since', async () => {
    await database.run('CREATE TABLE altered (a int NOT NULL PRIMARY KEY, b varchar(5))');
    const table = await describeAll(session, { schema: 'dbo', name: 'altered' });
    await database.run('ALTER TABLE altered ALTER COLUMN b varchar(50)');
    expect((await problemOf(readRows(session, { table }))).code).toBe('SOURCE_CHANGED');
    expect((await problemOf(session.checksum({ table, where: null }))).code).toBe('SOURCE_CHANGED');
  });

  it('refuses what the server would silently change (masks, row security)', async () => {
    await database.run("CREATE TABLE masked (a int, b varchar(20) MASKED WITH (FUNCTION = 'default()'))");
    await database.run(
      'CREATE FUNCTION dbo.nobody(@a int) RETURNS TABLE WITH SCHEMABINDING AS RETURN SELECT 1 AS one WHERE 1 = 0',
    );
    await database.run('CREATE TABLE hidden (a int)');
    await database.run(
      'CREATE SECURITY POLICY dbo.hide ADD FILTER PREDICATE dbo.nobody(a) ON dbo.hidden WITH (STATE = ON)',
    );
    expect((await problemOf(describeAll(session, { schema: 'dbo', name: 'hidden' }))).code).toBe('SOURCE_ROW_SECURITY');
    // The owner sees through masks.
    expect((await describeAll(session, { schema: 'dbo', name: 'masked' })).columns).toHaveLength(2);
  });

  it('names the table behind a synonym', async () => {
    await database.run('CREATE TABLE behind (a int)');
    await database.run('CREATE SYNONYM dbo.other_name FOR dbo.behind');
    const problem = await problemOf(describeAll(session, { schema: 'dbo', name: 'other_name' }));
    expect(problem).toMatchObject({ code: 'TABLE_NOT_FOUND', hint: expect.stringContaining('behind') });
  });

  it('takes a query in parentheses, and looks at its names all the same', async () => {
    const of = (sql: string) => session.describeQuery({ sql, name: 'q', splitBy: null, selection: ALL_COLUMNS });
    await database.run('CREATE TABLE enclosed (v int)');
    await database.run('INSERT INTO enclosed VALUES (1), (2)');
    for (const sql of ['(SELECT v FROM enclosed)', '(SELECT v FROM enclosed WHERE v = 1) UNION ALL (SELECT 3 AS v)'])
      expect(await readRows(session, { table: await of(sql) }), sql).toHaveLength(2);
    expect((await problemOf(of('(SELECT v, v FROM enclosed)'))).code).toMatch(/^QUERY_/);
    expect((await problemOf(of('(SELECT v + 1 FROM enclosed)'))).code).toMatch(/^QUERY_/);
    expect((await problemOf(of('VALUES (1)'))).code).toBe('QUERY_REFUSED');
  });

  it('leaves the columns of a selection in the order of the table', async () => {
    const table = await session.describe(
      { schema: 'dbo', name: 'computed' },
      { ...ALL_COLUMNS, include: ['TWICE', 'a'] },
    );
    expect(table.columns.map(({ name }) => name)).toEqual(['a', 'twice']);
  });

  checkNames();
});
