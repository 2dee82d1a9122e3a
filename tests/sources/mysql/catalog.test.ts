import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Problem, SqlextractError } from '../../../src/model/problem.ts';
import type { TableSchema } from '../../../src/model/table.ts';
import { DEFAULT_POLICIES } from '../../../src/model/value-policies.ts';
import { mysqlDriver } from '../../../src/sources/mysql/index.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { ALL_COLUMNS, describeAll, readRows } from '../../conformance/source-reading.ts';
import { type FreshMariadb, freshMariadb } from '../../support/mariadb-server.ts';
import { type ServerKind, serverKind } from '../../support/mysql-kind.ts';
import { configOf, openSession } from './mysql-fixture.ts';

let database: FreshMariadb;
let kind: ServerKind;
let session: SourceSession;

beforeAll(async () => {
  database = await freshMariadb('catalog');
  kind = await serverKind();
  session = await openSession(database);
});

afterAll(async () => {
  await session?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

async function make(name: string, ...statements: readonly string[]): Promise<TableSchema> {
  for (const statement of statements) await database.client.query(statement);
  return describeAll(session, { schema: '', name });
}

async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SqlextractError);
  return (error as SqlextractError).problem;
}

describe('the catalog of MySQL and MariaDB', () => {
  it('a table is looked for in the database of the URL, and in another one when it is named', async () => {
    await using other = await freshMariadb('catalog_other');
    await other.client.query('CREATE TABLE there (id int)');
    await make('here', 'CREATE TABLE here (id int)');
    expect((await session.listTables()).map(({ name }) => name)).toContain('here');
    expect((await session.listTables()).map(({ name }) => name)).not.toContain('there');
    expect(await problemOf(describeAll(session, { schema: '', name: 'there' }))).toMatchObject({
      code: 'TABLE_NOT_FOUND',
      hint: expect.stringContaining(`${other.name}.there`) as string,
    });
    expect(await describeAll(session, { schema: other.name, name: 'there' })).toMatchObject({
      schema: other.name,
      name: 'there',
    });
  });

  it('calls a sequence of MariaDB what it is', async ({ skip }) => {
    if (kind === 'mysql') skip();
    await database.client.query('CREATE SEQUENCE nums');
    const problem = await problemOf(describeAll(session, { schema: '', name: 'nums' }));
    expect(problem).toMatchObject({ code: 'TABLE_NOT_FOUND' });
    expect(problem.message).toMatch(/^nums in database \S+ is no table but a sequence/);
  });

  it('names that differ by case only are told apart where the server does', async () => {
    await database.client.query('CREATE TABLE `Case` (id int)');
    await database.client.query('CREATE TABLE `case` (id int)');
    expect((await describeAll(session, { schema: '', name: 'Case' })).name).toBe('Case');
    expect((await problemOf(describeAll(session, { schema: '', name: 'CASE' }))).code).toBe('TABLE_AMBIGUOUS');
  });

  it('a table keeps its identity, and a new one of the same name has another', async () => {
    const first = await make('same', 'CREATE TABLE same (id int)');
    expect((await describeAll(session, first)).objectId).toBe(first.objectId);
    await database.client.query('INSERT INTO same VALUES (1)');
    expect((await describeAll(session, first)).objectId).toBe(first.objectId);
    expect((await make('same', 'DROP TABLE same', 'CREATE TABLE same (id int)')).objectId).not.toBe(first.objectId);
  });

  it('generated and invisible columns are read', async () => {
    const table = await make(
      'extra',
      'CREATE TABLE extra (id int PRIMARY KEY, v int GENERATED ALWAYS AS (id * 2) VIRTUAL, s int GENERATED ALWAYS AS (id * 3) STORED, hidden int INVISIBLE)',
      'INSERT INTO extra (id, hidden) VALUES (1, 7)',
    );
    expect(table.remarks.join()).toMatch(/invisible columns are read too: hidden/);
    expect(await readRows(session, { table })).toEqual([['1', '2', '3', '7']]);
  });

  it('keys come best first, and what gives no order is refused with its reason', async () => {
    const table = await make(
      'keyed',
      `CREATE TABLE keyed (id int NOT NULL, u int NOT NULL, n varchar(20), t text, e enum('b','a') NOT NULL, g point NOT NULL,
        PRIMARY KEY (id), UNIQUE nullable (n), UNIQUE strict (u), INDEX two (u, n), INDEX prefix (t(5)), INDEX part (n(3)),
        INDEX en (e), SPATIAL INDEX sp (g), FULLTEXT INDEX ft (t), INDEX ign (u) ${kind === 'mysql' ? 'INVISIBLE' : 'IGNORED'})`,
    );
    const usable = table.candidateKeys.filter((key) => key.refused === null);
    expect(
      usable.map(({ name, kind, unique, nullable, integer, scattered }) => [
        name,
        kind,
        unique,
        nullable,
        integer,
        scattered,
      ]),
    ).toEqual([
      ['PRIMARY', 'primary', true, false, true, false],
      ['strict', 'unique', true, false, true, true],
      ['nullable', 'unique', true, true, false, true],
      ['two', 'index', false, true, false, true],
    ]);
    const reasons = Object.fromEntries(table.candidateKeys.map(({ name, refused }) => [name, refused]));
    expect(reasons['prefix']).toMatch(/first 5 characters/);
    expect(reasons['part']).toMatch(/first 3 characters/);
    expect(reasons['en']).toMatch(/ENUM/);
    expect(reasons['sp']).toMatch(/SPATIAL/);
    expect(reasons['ft']).toMatch(/FULLTEXT/);
    expect(reasons['ign']).toMatch(/hidden/);
  });

  it('views and tables without a key are read in one stream, and it is said', async () => {
    const view = await make('seen', 'CREATE TABLE below (id int)', 'CREATE VIEW seen AS SELECT id FROM below');
    expect(view).toMatchObject({ kind: 'view', candidateKeys: [], remarks: [expect.stringMatching(/one stream/)] });
    expect((await describeAll(session, { schema: '', name: 'below' })).remarks.join()).toMatch(/one stream/);
  });

  it('a system-versioned table gives its current rows (MariaDB; MySQL has none)', async () => {
    if (kind === 'mysql') {
      const refused = database.client.query('CREATE TABLE versions (id int PRIMARY KEY) WITH SYSTEM VERSIONING');
      return expect(refused).rejects.toThrow(/SQL syntax/);
    }
    const table = await make(
      'versions',
      'CREATE TABLE versions (id int PRIMARY KEY, v int) WITH SYSTEM VERSIONING',
      'INSERT INTO versions VALUES (1, 1)',
      'UPDATE versions SET v = 2',
    );
    expect(table.remarks.join()).toMatch(/system-versioned/);
    expect(await readRows(session, { table })).toEqual([['1', '2']]);
  });

  it('a user who may not read all columns is told so, and may name those he can', async () => {
    const table = await make(
      'guarded',
      'CREATE TABLE guarded (id int, secret int)',
      'INSERT INTO guarded VALUES (1, 2)',
    );
    const name = `few_${database.name.slice(-8)}`;
    await database.client.query(`CREATE USER ${name} IDENTIFIED BY 'pw'`);
    await database.client.query(`GRANT SELECT (id) ON ${database.name}.guarded TO ${name}`);
    await using few = await mysqlDriver.open(configOf(database, '', { name, password: 'pw' }), 'reader');
    expect(await problemOf(describeAll(few, table))).toMatchObject({
      code: 'SOURCE_PERMISSION',
      fault: 'configuration',
    });
    const some = await few.describe(table, { ...ALL_COLUMNS, include: ['id'] });
    expect(await readRows(few, { table: some })).toEqual([['1']]);
    await database.client.query(`DROP USER ${name}`);
  });

  it('34: hostile names of columns are exact, those of a query too', async () => {
    const names = ['__proto__', 'a`b', "it's", 'x"; DROP TABLE t; --', 'é', '日本', 'a b', 'SELECT', '{{x}}', '$(id)'];
    const list = names.map((name, at) => `${at} AS \`${name.replaceAll('`', '``')}\``).join(', ');
    const query = {
      sql: `SELECT ${list}`,
      name: 'hostile',
      splitBy: null,
      selection: { ...ALL_COLUMNS, policies: DEFAULT_POLICIES },
    };
    const table = await session.describeQuery(query);
    expect(table.columns.map(({ name }) => name)).toEqual(names);
    expect(await readRows(session, { table })).toEqual([names.map((_, at) => String(at))]);
    const made = await make('hostile', `CREATE TABLE hostile AS SELECT ${list}`);
    expect(made.columns.map(({ name }) => name)).toEqual(names);
    expect(await readRows(session, { table: made })).toEqual([names.map((_, at) => String(at))]);
    expect((await problemOf(session.describeQuery({ ...query, sql: 'SELECT 1 AS a, 2 AS A' }))).code).toBe(
      'QUERY_DUPLICATE_COLUMN',
    );
  });
});
