import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ExtractCase } from '../engine/extract-case.ts';
import {
  ACCOUNT_COLUMNS,
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
  refuse,
  removeFolders,
  requireClearError,
  SMALL_CHUNKS,
  smallChunks,
} from '../engine/extract-case.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import type { CliRun } from '../support/run-cli.ts';

const ROWS = 8_000;
const ACCOUNTS = ['--table', 'accounts', ...SMALL_CHUNKS];

let sqlite: string;
let database: FreshDatabase;
let test: ExtractCase;

beforeAll(async () => {
  sqlite = join(newFolder(), 'shop.sqlite');
  createSqliteAccounts(sqlite, ROWS);
  database = await freshDatabase('bad_input');
  await createAccounts(database.client, 'accounts', ROWS);
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  removeFolders();
});

beforeEach(() => {
  test = newCase(sqlite);
});

const onPostgres = () => (test = newCase(database.url));

function errorOf(run: CliRun): string {
  return /^Error: (.*)$/m.exec(run.stderr)?.[1] ?? '';
}

describe('tables and values', () => {
  it('two columns whose names differ by case only are refused by name; without one of them it works', async () => {
    onPostgres();
    await database.client.query(
      `CREATE TABLE twins ("Id" integer, id integer PRIMARY KEY); INSERT INTO twins VALUES (1, 2)`,
    );
    const run = await refuse(test, ['--table', 'twins'], 'FORMAT_REFUSES', 6);
    expect(errorOf(run)).toMatch(/"Id" and "id"/);
    await finish(test, ['--table', 'twins', '--exclude-columns', 'Id']);
    await expectFiles(test, 'public.twins', await digestOfPostgres(database.client, 'twins', ['id']));
    const ambiguous = await call(test, ['extract', '--table', 'twins', '--columns', 'ID']);
    requireClearError(ambiguous);
    expect(ambiguous.code).toBe(2);
  });

  it.each([
    ['an infinite timestamp', 'endless', 'at', "timestamp DEFAULT '2026-11-21'", "'infinity'"],
    ['NaN in a decimal', 'nan', 'price', 'numeric(10,2) DEFAULT 1.5', "'NaN'"],
    ['a date before the calendar', 'ancient', 'day', "date DEFAULT '2026-11-21'", "'-infinity'"],
  ])('%s is an error with table, key and column; corrected, it goes on', async (_what, table, column, type, value) => {
    onPostgres();
    const { client } = database;
    await client.query(
      `CREATE TABLE ${table} (id bigint PRIMARY KEY, ${column} ${type}, note text); INSERT INTO ${table} (id, note) SELECT i, 'note ' || i FROM generate_series(1, 6000) i; ANALYZE ${table}`,
    );
    await client.query(`UPDATE ${table} SET ${column} = ${value} WHERE id = 5501`);
    const flags = ['--table', table, ...smallChunks(1, '10KB', 'parquet'), '--hold', '0'];
    const run = await refuse(test, flags, 'VALUE_DOES_NOT_FIT', 6);
    expect(errorOf(run)).toMatch(new RegExp(`column ${column} of public\\.${table} `));
    expect(errorOf(run)).toContain('5501');
    expect(run.stderr).toMatch(/hint: .*--as-text/);
    await client.query(`UPDATE ${table} SET ${column} = DEFAULT WHERE id = 5501`);
    const report = await finish(test, flags);
    expect(report.tables[0]?.resumedRows).toBeGreaterThan(0);
    const manifest = await expectFiles(
      test,
      `public.${table}`,
      await digestOfPostgres(client, table, ['id', column, 'note']),
    );
    expect(manifest.totals.rows).toBe(6000);
  });

  it('a text in an INTEGER column of SQLite: the same', async () => {
    const path = join(newFolder(), 'own.sqlite');
    createSqliteAccounts(path, ROWS);
    const writer = new DatabaseSync(path);
    writer.exec("UPDATE accounts SET balance = 'a lot' WHERE id = 15000");
    test = newCase(path);
    const run = await refuse(test, ACCOUNTS, 'VALUE_DOES_NOT_FIT', 6);
    expect(errorOf(run)).toMatch(/accounts\.balance.*15000/);
    expect(run.stderr).toMatch(/hint: .*--as-text/);
    const hinted = /--as-text (\S+)/.exec(run.stderr)?.[1] ?? '';
    const asText = newCase(path);
    await finish(asText, [...ACCOUNTS, '--as-text', hinted.replace(/[,.]$/, '')]);
    await expectFiles(asText, 'accounts', digestOfSqlite(path, 'accounts', ACCOUNT_COLUMNS));
    writer.exec('UPDATE accounts SET balance = 7 WHERE id = 15000');
    writer.close();
    expect((await finish(test, ACCOUNTS)).tables[0]?.resumedRows).toBeGreaterThan(0);
    await expectFiles(test, 'accounts', digestOfSqlite(path, 'accounts', ACCOUNT_COLUMNS));
  });
});

describe('the password', () => {
  it('of SQLEXTRACT_SOURCE is in no file and no output of killed, refused and finished runs', async () => {
    onPostgres();
    const password = decodeURIComponent(new URL(database.url).password);
    expect(password.length).toBeGreaterThan(7);
    const outputs = [
      await die(test, ACCOUNTS, 'mid-read:3'),
      await call(test, ['status']),
      await call(test, ['status', '--json']),
      await call(test, ['extract', ...ACCOUNTS, '--limit', '3']),
      await call(test, ['extract', ...ACCOUNTS, '--json']),
      await call(test, ['extract', '--table', 'no_such_table']),
      await call(test, ['plan', '--table', 'accounts']),
      await call(test, ['inspect', '--table', 'accounts', '--json']),
    ];
    for (const { stdout, stderr } of outputs) expect(stdout + stderr).not.toContain(password);
    expect(existsSync(join(test.folder, 'export', 'public.accounts', 'latest.json'))).toBe(true);
    const found = spawnSync('grep', ['-rlaF', '--', password, test.folder], { encoding: 'utf8' });
    expect(found).toMatchObject({ status: 1, stdout: '' });
  });
});
