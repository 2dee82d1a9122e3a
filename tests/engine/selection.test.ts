import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunReport } from '../../src/engine/report.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import type { ExtractCase } from './extract-case.ts';
import {
  ACCOUNT_COLUMNS,
  createSqliteAccounts,
  digestOfPostgres,
  digestOfSqlite,
  expectFiles,
  extract,
  finish,
  newCase,
  newFolder,
  readManifestOf,
  removeFolders,
  SMALL_CHUNKS,
} from './extract-case.ts';

const ROWS = 8_000;
const ACCOUNTS = ['--table', 'accounts', ...SMALL_CHUNKS];

let sqlite: string;
let database: FreshDatabase;
let test: ExtractCase;

beforeAll(async () => {
  sqlite = join(newFolder(), 'shop.sqlite');
  createSqliteAccounts(sqlite, ROWS);
  database = await freshDatabase('resume');
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  removeFolders();
});

beforeEach(() => {
  test = newCase(sqlite);
});

/** A database of its own, for tests that change it. */
function ownDatabase(): string {
  const path = join(newFolder(), 'own.sqlite');
  createSqliteAccounts(path, ROWS);
  test = newCase(path);
  return path;
}

function change(path: string, sql: string): void {
  const writer = new DatabaseSync(path);
  writer.exec(sql);
  writer.close();
}

const accounts = () => digestOfSqlite(sqlite, 'accounts', ACCOUNT_COLUMNS);

describe('what is read', () => {
  it('--limit is that many rows, with several workers and small chunks', async () => {
    const flags = ['--table', 'accounts', '--workers', '4', '--chunk-size', '10KB', '--limit', '3333'];
    const report = await finish(test, flags);
    expect(report.rows).toBe(3333);
    const { manifest } = readManifestOf(test, 'accounts');
    expect(manifest.totals.rows).toBe(3333);
    expect((await finish(test, [...flags.slice(0, -1), '100000'])).rows).toBe(ROWS);
    expect((await finish(test, [...flags, '--where', 'id <= 200'])).rows).toBe(100);
  });

  it.each(['parquet', 'csv'])('an empty table is one %s file with the columns and no rows', async (format) => {
    const path = ownDatabase();
    change(path, 'CREATE TABLE empty (id INTEGER PRIMARY KEY, note TEXT)');
    const report = await finish(test, ['--table', 'empty', '--format', format, '--workers', '4']);
    expect(report).toMatchObject({ rows: 0, files: 1 });
    const manifest = await expectFiles(test, 'empty', { rows: 0, md5: '' });
    expect(manifest.schema.columns.map(({ name }) => name)).toEqual(['id', 'note']);
    await database.client.query(`CREATE TABLE empty_${format} (id bigint PRIMARY KEY, note text)`);
    test = newCase(database.url);
    expect(await finish(test, ['--table', `empty_${format}`, '--format', format])).toMatchObject({ rows: 0, files: 1 });
    await expectFiles(test, `public.empty_${format}`, { rows: 0, md5: '' });
  });

  it('sparse keys make no empty file, skewed keys no giant one', async () => {
    const { client } = database;
    await client.query(
      "CREATE TABLE sparse (id bigint PRIMARY KEY, note text); INSERT INTO sparse VALUES (-500000000000, 'a'), (0, 'b'), (500000000000, 'c')",
    );
    await client.query(
      "CREATE TABLE skewed (id bigint PRIMARY KEY, note text); INSERT INTO skewed SELECT CASE WHEN i <= 11000 THEN i ELSE i::bigint * 1000000000 END, repeat('x', 20) FROM generate_series(1, 12000) i; ANALYZE",
    );
    test = newCase(database.url);
    const flags = [
      '--table',
      'sparse',
      '--table',
      'skewed',
      '--workers',
      '4',
      '--chunk-size',
      '40KB',
      '--format',
      'csv',
      '--compression',
      'none',
    ];
    await finish(test, flags);
    for (const table of ['sparse', 'skewed']) {
      const manifest = await expectFiles(
        test,
        `public.${table}`,
        await digestOfPostgres(client, table, ['id', 'note']),
      );
      for (const file of manifest.files) {
        expect(file.rows, JSON.stringify(file)).toBeGreaterThan(0);
        expect(file.bytes, JSON.stringify(file)).toBeLessThan(160_000);
      }
    }
    expect(readManifestOf(test, 'public.skewed').manifest.files.length).toBeGreaterThan(5);
  });

  it('--columns, --exclude-columns, --where and --as-text choose what is in the files', async () => {
    await finish(test, [
      '--table',
      'accounts',
      '--columns',
      'BALANCE,id',
      '--where',
      "note IS NULL OR note = 'a;b'",
      '--as-text',
      'balance',
    ]);
    const manifest = await expectFiles(
      test,
      'accounts',
      digestOfSqlite(sqlite, 'accounts WHERE note IS NULL', ['balance', 'id']),
    );
    expect(manifest.schema.columns.map(({ name, type }) => [name, type.kind])).toEqual([
      ['balance', 'string'],
      ['id', 'int64'],
    ]);
    await finish(test, ['--table', 'accounts', '--exclude-columns', 'Note,version']);
    await expectFiles(test, 'accounts', digestOfSqlite(sqlite, 'accounts', ['id', 'balance']));
  });

  it('globs and --exclude-table choose the tables', async () => {
    const path = ownDatabase();
    change(
      path,
      'CREATE TABLE orders_1 (a); CREATE TABLE orders_2 (a); CREATE TABLE orders_old (a); CREATE VIEW orders_view AS SELECT 1 AS a',
    );
    const report = await finish(test, [
      '--table',
      'orders_?',
      '--table',
      'ORDERS_*',
      '--exclude-table',
      '*_old',
      '--exclude-table',
      '*view',
    ]);
    expect(report.tables.map(({ table }) => table).toSorted()).toEqual(['orders_1', 'orders_2']);
    const all = await finish(test, ['--table', '*', '--exclude-table', 'orders_view']);
    expect(all.tables.map(({ table }) => table).toSorted()).toEqual(['accounts', 'orders_1', 'orders_2', 'orders_old']);
  });

  const NAMES = [
    'with blank',
    'Capital',
    'quo"te',
    'select',
    '😀 emoji',
    'dot.ted',
    'per%cent',
    'back`tick',
    "apo'strophe",
  ];

  it.each(['sqlite', 'postgres'] as const)('tables and columns with any name work (%s)', async (source) => {
    const create = NAMES.map((name) => {
      const quoted = `"${name.replaceAll('"', '""')}"`;
      return `CREATE TABLE ${quoted} (${quoted} integer PRIMARY KEY, "x ${name.replaceAll('"', '""')}" text); INSERT INTO ${quoted} VALUES (1, 'one'), (2, NULL);`;
    });
    const path = ownDatabase();
    if (source === 'sqlite') change(path, create.join('\n'));
    else {
      await database.client.query(
        `CREATE SCHEMA "Odd schema"; SET search_path = "Odd schema"; ${create.join('\n')} RESET search_path`,
      );
      test = newCase(database.url);
    }
    const prefix = source === 'sqlite' ? '' : '"Odd schema".';
    const flags = NAMES.flatMap((name) => ['--table', `${prefix}"${name.replaceAll('"', '""')}"`]);
    const report = await finish(test, [...flags, '--format', 'csv', '--compression', 'none', '--workers', '2']);
    expect(report.tables).toHaveLength(NAMES.length);
    for (const table of report.tables) {
      const folder = dirname(table.folder).slice(join(test.folder, 'export').length + 1);
      const { schema, files } = readManifestOf(test, folder).manifest;
      const name = NAMES.find((one) => one === schema.columns[0]?.name);
      expect(schema.columns[1]?.name).toBe(`x ${name}`);
      const csv = (text: string) => text.replaceAll('"', '""');
      expect(
        readFileSync(join(table.folder, files[0]?.path ?? ''), 'utf8')
          .split('\n')
          .slice(1),
      ).toEqual(['1,"one"', '2,\\N', '']);
      expect(
        readFileSync(join(table.folder, files[0]?.path ?? ''), 'utf8')
          .split('\n')[0]
          ?.replaceAll(/^"|"(?=,)|(?<=,)"|"$/g, ''),
      ).toBe(`${csv(name ?? '')},${csv(`x ${name}`)}`);
    }
  });
});

describe('how it is said', () => {
  it('--on-table-error continue: one broken table is exit 8, the others are complete', async () => {
    const path = ownDatabase();
    change(path, "CREATE TABLE broken (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO broken VALUES (1, 'no number')");
    const flags = [
      '--table',
      'broken',
      '--table',
      'accounts',
      '--table',
      'missing',
      '--on-table-error',
      'continue',
      ...SMALL_CHUNKS,
    ];
    const run = await extract(test, [...flags, '--json']);
    expect(run.code, run.stderr).toBe(8);
    const report = JSON.parse(run.stdout) as RunReport;
    const byName = Object.fromEntries(report.tables.map((table) => [table.table, table]));
    expect(byName['accounts']).toMatchObject({ status: 'complete', rows: ROWS });
    expect(byName['broken']).toMatchObject({ status: 'failed', problem: { code: 'VALUE_DOES_NOT_FIT' } });
    expect(byName['missing']).toMatchObject({ status: 'failed', problem: { code: 'TABLE_NOT_FOUND' } });
    await expectFiles(test, 'accounts', digestOfSqlite(path, 'accounts', ACCOUNT_COLUMNS));
    change(path, 'UPDATE broken SET n = 5; CREATE TABLE missing (id INTEGER PRIMARY KEY)');
    const repaired = await finish(test, flags);
    expect(repaired.tables.map(({ table, status }) => `${table} ${status}`).toSorted()).toEqual([
      'accounts complete',
      'broken complete',
      'missing complete',
    ]);
  });

  it('--no-parallel-write writes the same rows', async () => {
    await finish(test, ['--table', 'accounts', '--workers', '4', '--chunk-size', '10KB', '--no-parallel-write']);
    await expectFiles(test, 'accounts', accounts());
  });

  it('--json is one document on stdout, --quiet nothing at all', async () => {
    const json = await extract(test, [...ACCOUNTS, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ status: 'complete', rows: ROWS, level: 'snapshot' });
    const quiet = await extract(test, [...ACCOUNTS, '--quiet']);
    expect(quiet).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const both = await extract(test, [...ACCOUNTS, '--quiet', '--json']);
    expect(both.stderr).toBe('');
    expect(JSON.parse(both.stdout)).toMatchObject({ rows: ROWS });
  });
});
