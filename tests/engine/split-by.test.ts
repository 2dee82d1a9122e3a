import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FreshMariadb, freshMariadb } from '../support/mariadb-server.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import type { ExtractCase } from './extract-case.ts';
import {
  call,
  createAccounts,
  createSqliteAccounts,
  die,
  digestOfPostgres,
  digestOfSqlite,
  expectFiles,
  finish,
  newCase,
  newFolder,
  readManifestOf,
  refuse,
  removeFolders,
  SMALL_CHUNKS,
} from './extract-case.ts';

/* The column that a query is cut by: a part of the run, and worth nothing when its values are others each time. */

const ROWS = 8_000;
const SQL = 'SELECT id, note, balance FROM accounts';
const asked = (sql: string, column: string) => ['--query', sql, '--name', 'asked', '--split-by', column];

let sqlite: string;
let postgres: FreshDatabase;
let mariadb: FreshMariadb;
let test: ExtractCase;

beforeAll(async () => {
  sqlite = join(newFolder(), 'shop.sqlite');
  createSqliteAccounts(sqlite, ROWS);
  postgres = await freshDatabase('split_by');
  await createAccounts(postgres.client, 'accounts', ROWS);
  mariadb = await freshMariadb('split_by');
  await mariadb.client.query('CREATE TABLE accounts (id int PRIMARY KEY)');
  await mariadb.client.query('INSERT INTO accounts VALUES (1), (2), (3), (4)');
});

afterAll(async () => {
  await postgres?.[Symbol.asyncDispose]();
  await mariadb?.[Symbol.asyncDispose]();
  removeFolders();
});

beforeEach(() => {
  test = newCase(sqlite);
});

describe('another --split-by', () => {
  it('than that of the unfinished run is refused with both; the first one still finishes', async () => {
    const flags = [...asked(SQL, 'id'), ...SMALL_CHUNKS];
    await die(test, flags, 'mid-read:3');
    const { stderr } = await refuse(test, [...asked(SQL, 'note'), ...SMALL_CHUNKS], 'FINGERPRINT_CHANGED', 4);
    expect(stderr).toContain('--split-by was "id" and is now "note"');
    const none = await refuse(test, ['--query', SQL, '--name', 'asked', ...SMALL_CHUNKS], 'FINGERPRINT_CHANGED', 4);
    expect(none.stderr).toContain('--split-by was "id" and is now not set');
    const same = [...asked(SQL, 'ID'), ...SMALL_CHUNKS];
    expect((await finish(test, same)).tables[0]?.resumedRows).toBeGreaterThan(0);
    await expectFiles(test, 'asked', digestOfSqlite(sqlite, 'accounts', ['id', 'note', 'balance']));
  });

  it('is taken with --fresh', async () => {
    await die(test, [...asked(SQL, 'id'), ...SMALL_CHUNKS], 'mid-read:3');
    await finish(test, [...asked(SQL, 'note'), ...SMALL_CHUNKS, '--fresh']);
    expect(readManifestOf(test, 'asked').manifest.query?.splitBy).toBe('note');
    await expectFiles(test, 'asked', digestOfSqlite(sqlite, 'accounts', ['id', 'note', 'balance']));
  });
});

describe('a column whose values are others each time', () => {
  const sources = { sqlite: () => sqlite, postgres: () => postgres.url, mariadb: () => mariadb.url };

  it.each([
    ['sqlite', 'SELECT id, hex(randomblob(16)) AS u FROM accounts'],
    ['postgres', 'SELECT id, gen_random_uuid() AS u FROM accounts'],
    ['postgres', 'SELECT id, clock_timestamp() AS u FROM accounts'],
    ['mariadb', 'SELECT id, UUID() AS u FROM accounts'],
  ] as const)('is refused before a run is begun: %s, %s', async (source, sql) => {
    test = newCase(sources[source]());
    const { stderr } = await refuse(test, [...asked(sql, 'u'), ...SMALL_CHUNKS], 'SPLIT_BY_NOT_STABLE', 2);
    expect(stderr).toMatch(/--split-by u\b/);
    expect(existsSync(join(test.folder, 'export'))).toBe(false);
    const plan = await call(test, ['plan', ...asked(sql, 'u')]);
    expect(plan.stderr).toContain('code: SPLIT_BY_NOT_STABLE');
    // Beside a column that stays, it is nobody's business.
    expect((await finish(test, [...asked(sql, 'id'), ...SMALL_CHUNKS])).rows).toBeGreaterThan(0);
  });
});

describe('row values of PostgreSQL', () => {
  it.each([
    ['without a name', 'SELECT id, note, ROW(id, note) AS pair FROM accounts'],
    ['of a type', 'SELECT id, note, ROW(id, note)::pair AS pair FROM accounts'],
    ['of a table', 'SELECT id, note, a AS pair FROM accounts a'],
    ['in an array', 'SELECT id, note, ARRAY[ROW(id, note)] AS pair FROM accounts'],
  ])('%s are read in one stream, and it is said why', async (_, sql) => {
    await postgres.client.query('DROP TYPE IF EXISTS pair CASCADE; CREATE TYPE pair AS (id bigint, note text)');
    test = newCase(postgres.url);
    const flags = [...asked(sql, 'pair'), '--columns', 'id,note'];
    const plan = await call(test, ['plan', ...flags]);
    expect(plan.stdout + plan.stderr).toMatch(/pair is not used: .*row values/);
    const report = await finish(test, [...flags, ...SMALL_CHUNKS]);
    expect(report).toMatchObject({ status: 'complete', rows: ROWS, files: 1 });
    await expectFiles(test, 'asked', await digestOfPostgres(postgres.client, 'accounts', ['id', 'note']));
  });
});

it('a key of row values is not used, either', async () => {
  await postgres.client.query(
    "DROP TABLE IF EXISTS paired; DROP TYPE IF EXISTS pair CASCADE; CREATE TYPE pair AS (id bigint, note text); CREATE TABLE paired (p pair PRIMARY KEY, v int); INSERT INTO paired SELECT ROW(i, 'x')::pair, i FROM generate_series(1, 2000) i",
  );
  test = newCase(postgres.url);
  const plan = await call(test, ['plan', '--table', 'paired']);
  expect(plan.stdout).toMatch(/paired_pkey is not used: column p holds row values/);
  expect(await finish(test, ['--table', 'paired', ...SMALL_CHUNKS])).toMatchObject({ status: 'complete', rows: 2000 });
});

describe('SQLEXTRACT_SPLIT_BY', () => {
  const env = { SQLEXTRACT_SPLIT_BY: 'id' };

  it('is that of the query which the command names; the flag goes first', async () => {
    const named = ['--query', SQL, '--name', 'asked'];
    await finish(test, [...named, ...SMALL_CHUNKS], { env });
    expect(readManifestOf(test, 'asked').manifest.query?.splitBy).toBe('id');
    await finish(test, [...named, '--split-by', 'note', ...SMALL_CHUNKS], { env });
    expect(readManifestOf(test, 'asked').manifest.query?.splitBy).toBe('note');
    writeFileSync(
      join(test.folder, 'sqlextract.yaml'),
      `queries: {few: {sql: '${SQL} WHERE id < 50', split_by: note}}`,
    );
    await finish(test, ['--name', 'few'], { env });
    expect(readManifestOf(test, 'few').manifest.query?.splitBy).toBe('id');
  });

  it('with tables only is refused, and does not keep status from telling', async () => {
    const { stderr } = await refuse(test, ['--table', 'accounts'], 'USAGE_QUERY', 3, { env });
    expect(stderr).toContain('SQLEXTRACT_SPLIT_BY');
    expect((await call(test, ['status'], { env })).code).toBe(0);
  });
});
