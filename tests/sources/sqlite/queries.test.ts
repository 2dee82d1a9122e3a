import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sqliteDriver } from '../../../src/sources/sqlite/index.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { ALL_COLUMNS, keyOver, planRanges, readPlan, readRows } from '../../conformance/source-reading.ts';

let folder: string;
let path: string;
let session: SourceSession;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sqlextract-queries-'));
  path = join(folder, 'a.sqlite');
  using database = new DatabaseSync(path);
  database.exec(`
    CREATE TABLE t (id INTEGER PRIMARY KEY, any, "odd name" TEXT);
    INSERT INTO t VALUES (1, 10, 'a'), (2, 'ten', 'b'), (3, NULL, NULL), (4, 2.5, 'd');
    CREATE VIEW v AS SELECT id, id * 2 AS "twice (or so)" FROM t`);
  session = await sqliteDriver.open(sqliteDriver.parse({ url: path, environment: {} }), 'coordinator');
});

afterAll(async () => {
  await session[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function described(sql: string, splitBy: string | null = null) {
  return session.describeQuery({ sql, name: 'asked', splitBy, selection: ALL_COLUMNS });
}

it('takes every name, the empty one too, as it is', async () => {
  const long = '😀'.repeat(64);
  const table = await described(
    `SELECT id AS "", id + 1 AS "__proto__", id + 2 AS "${long}", id + 3 AS 'quo''ted' FROM t`,
  );
  expect(table.columns.map(({ name }) => name)).toEqual(['', '__proto__', long, "quo'ted"]);
  expect(await readRows(session, { table, where: '"" = 2' })).toEqual([['2', '3', '4', '5']]);
});

it.each([
  'SELECT count(*) FROM t',
  'SELECT id, id + 1 FROM t',
  "SELECT 'text' FROM t",
  'SELECT 1',
  'SELECT * FROM (SELECT id || any FROM t)',
])('refuses a column that has no name: %s', async (sql) => {
  await expect(described(sql)).rejects.toMatchObject({ problem: { code: 'QUERY_UNNAMED_COLUMN' } });
});

it.each(['SELECT * FROM v', 'SELECT "odd name" FROM t', 'SELECT [odd name] AS `x y` FROM t', 'SELECT id n FROM t'])(
  'takes a column that has one: %s',
  async (sql) => expect(await readRows(session, { table: await described(sql) })).toHaveLength(4),
);

it('takes names that differ in case only for the same, as SQLite does', async () => {
  const twice = described('SELECT id AS a, any AS b, id AS A FROM t');
  await expect(twice).rejects.toMatchObject({ problem: { code: 'QUERY_DUPLICATE_COLUMN' } });
  await expect(twice).rejects.toThrow('columns 1, 3');
});

it('plans an expression by its cells, and cuts by cells of every class', async () => {
  const table = await described("SELECT id, any AS k, coalesce(any, 0) || '' AS words FROM t", 'k');
  expect(table.columns.map(({ nativeType, type }) => [nativeType, type.kind])).toEqual([
    ['INTEGER', 'int64'],
    ['', 'string'],
    ['', 'string'],
  ]);
  const key = keyOver(table, ['k']);
  const rows = await readPlan(session, table, key, await planRanges(session, table, key, 1));
  expect(new Set(rows.map((row) => row[0]))).toEqual(new Set(['1', '2', '3', '4']));
  expect(rows).toHaveLength(4);
});

it.each(['SELECT id FROM t WHERE id = ?', 'SELECT :a AS a', 'SELECT @a AS a', 'SELECT $a AS a'])(
  'refuses a parameter: %s',
  async (sql) => {
    await expect(described(sql)).rejects.toMatchObject({ problem: { code: 'QUERY_REFUSED', fault: 'usage' } });
  },
);

it('changes nothing, and cannot', async () => {
  for (const sql of ['PRAGMA user_version = 7', 'WITH a AS (SELECT 1) INSERT INTO t (id) SELECT * FROM a', 'TABLE t']) {
    await expect(described(sql)).rejects.toMatchObject({ problem: { code: 'QUERY_REFUSED' } });
  }
  const loads = described(`SELECT load_extension('none') AS a`);
  await expect(loads).rejects.toThrow(/not authorized/);
  using database = new DatabaseSync(path, { readOnly: true });
  expect(database.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 4 });
  expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 0 });
});
