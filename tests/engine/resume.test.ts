import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import type { ExtractCase } from './extract-case.ts';
import {
  ACCOUNT_COLUMNS,
  createAccounts,
  createSqliteAccounts,
  die,
  digestOfPostgres,
  digestOfSqlite,
  expectFiles,
  extract,
  finish,
  newCase,
  newFolder,
  readManifestOf,
  refuse,
  removeFolders,
  SMALL_CHUNKS,
  smallChunks,
  until,
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

/** The files with the time they were written at, to see what was written again. */
function filesOf(tableFolder: string): Readonly<Record<string, number>> {
  const folder = join(test.folder, 'export', tableFolder);
  const [run = ''] = readdirSync(folder).filter((name) => name !== 'latest.json');
  const names = readdirSync(join(folder, run)).filter((name) => name.startsWith('part-'));
  return Object.fromEntries(names.map((name) => [name, statSync(join(folder, run, name)).mtimeMs]));
}

describe('the same command again', () => {
  it('with other workers, batches, buffers and chunk sizes goes on', async () => {
    await die(test, ACCOUNTS, 'mid-read:3');
    const before = filesOf('accounts');
    expect(Object.keys(before)).toHaveLength(2);
    const others = ['--workers', '3', '--batch-size', '100', '--chunk-size', '90KB', '--buffer-size', '32MB'];
    const report = await finish(test, ['--table', 'accounts', '--format', 'csv', '--compression', 'none', ...others]);
    expect(report).toMatchObject({ status: 'complete', rows: ROWS });
    expect(report.tables[0]?.resumedRows).toBeGreaterThan(0);
    await expectFiles(test, 'accounts', accounts());
    expect(filesOf('accounts')).toMatchObject(before);
  });

  it.each([
    [
      '--format',
      ['--table', 'accounts', '--workers', '1', '--chunk-size', '20KB', '--format', 'parquet', '--compression', 'none'],
      '--format was "csv" and is now "parquet"',
    ],
    ['--compression', [...ACCOUNTS.slice(0, -1), 'gzip'], '--compression was "none" and is now "gzip"'],
    ['--null', [...ACCOUNTS, '--null', 'NULL'], '--null was "\\N" and is now "NULL"'],
    ['--out', [...ACCOUNTS, '--out', 'elsewhere'], /--out was "\/.*\/export" and is now "\/.*\/elsewhere"/],
  ])(
    'with another %s is refused with the exact difference; the first one still finishes',
    async (_flag, flags, difference) => {
      await die(test, ACCOUNTS, 'mid-read:3');
      const { stderr } = await refuse(test, flags, 'FINGERPRINT_CHANGED', 4);
      expect(stderr).toMatch(
        difference instanceof RegExp ? difference : new RegExp(difference.replaceAll(/[\\.]/g, '\\$&')),
      );
      expect(stderr).toMatch(/accounts.*was begun with other settings/);
      expect(stderr).toMatch(/hint: .*--fresh/);
      expect((await finish(test, ACCOUNTS)).tables[0]?.resumedRows).toBeGreaterThan(0);
      await expectFiles(test, 'accounts', accounts());
    },
  );

  it('with a --limit is another job; the unfinished one still finishes', async () => {
    await die(test, ACCOUNTS, 'mid-read:3');
    expect((await finish(test, [...ACCOUNTS, '--limit', '5'])).tables[0]).toMatchObject({ rows: 5, resumedRows: 0 });
    expect((await finish(test, ACCOUNTS)).tables[0]?.resumedRows).toBeGreaterThan(0);
    await expectFiles(test, 'accounts', accounts());
  });

  it('--fresh discards what there is and begins anew', async () => {
    await die(test, ACCOUNTS, 'mid-read:3');
    const [first] = readdirSync(join(test.folder, 'export', 'accounts'));
    const flags = ['--table', 'accounts', '--workers', '2', '--format', 'parquet', '--fresh'];
    const report = await finish(test, flags);
    expect(report.tables[0]).toMatchObject({ resumedRows: 0, rows: ROWS });
    expect(readdirSync(join(test.folder, 'export', 'accounts'))).not.toContain(first);
    await expectFiles(test, 'accounts', accounts());
  });

  it('after it has finished is a new run; latest.json goes over to it', async () => {
    const first = await finish(test, ACCOUNTS);
    const second = await finish(test, ACCOUNTS);
    expect(second.tables[0]).toMatchObject({ status: 'complete', resumedRows: 0 });
    expect(second.tables[0]?.runId).not.toBe(first.tables[0]?.runId);
    expect(readManifestOf(test, 'accounts').manifest.run).toBe(second.tables[0]?.runId);
    await expectFiles(test, 'accounts', accounts());
  });

  it('reads a chunk again whose file was deleted or cut off, and says so', async () => {
    await die(test, ACCOUNTS, 'mid-read:4');
    const folder = join(test.folder, 'export', 'accounts');
    const run = join(folder, readdirSync(folder)[0] ?? '');
    rmSync(join(run, 'part-000001.csv'));
    truncateSync(join(run, 'part-000002.csv'), 100);
    const again = await extract(test, ACCOUNTS);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr + again.stdout).toMatch(/part-000001\.csv is missing/);
    expect(again.stderr + again.stdout).toMatch(/part-000002\.csv is missing/);
    await expectFiles(test, 'accounts', accounts());
  });

  it.each([
    ['added', 'ALTER TABLE accounts ADD COLUMN colour TEXT', 'colour'],
    ['dropped', 'ALTER TABLE accounts DROP COLUMN note', 'note'],
    ['renamed', 'ALTER TABLE accounts RENAME COLUMN note TO remark', 'remark'],
  ])('is refused when a column was %s in between, naming it', async (_what, alter, column) => {
    const path = ownDatabase();
    await die(test, ACCOUNTS, 'mid-read:3');
    change(path, alter);
    const { stderr } = await refuse(test, ACCOUNTS, 'FINGERPRINT_CHANGED', 4);
    expect(stderr).toMatch(new RegExp(`column \\d+ .*${column}`));
    await finish(test, [...ACCOUNTS, '--fresh']);
  });

  it('is refused on PostgreSQL when a type was changed or the table made anew', async () => {
    await createAccounts(database.client, 'altered', ROWS);
    test = newCase(database.url);
    const flags = ['--table', 'altered', ...SMALL_CHUNKS, '--hold', '0'];
    await die(test, flags, 'mid-read:3');
    await database.client.query('ALTER TABLE altered ALTER COLUMN version TYPE bigint');
    const { stderr } = await refuse(test, flags, 'FINGERPRINT_CHANGED', 4);
    expect(stderr).toMatch(/column 2 was "version integer.*" and is now "version bigint/);
    await database.client.query('DROP TABLE altered');
    await createAccounts(database.client, 'altered', ROWS);
    await refuse(test, flags, 'FINGERPRINT_CHANGED', 4);
    await finish(test, [...flags, '--fresh']);
    await expectFiles(test, 'public.altered', await digestOfPostgres(database.client, 'altered', ACCOUNT_COLUMNS));
  });
});

describe('jobs', () => {
  it('a second process on the same job is refused, one on another table runs beside it', async () => {
    const path = ownDatabase();
    change(path, 'CREATE TABLE other AS SELECT * FROM accounts');
    const first = start(['--table', 'accounts', ...smallChunks(1, '2KB')]);
    await until('the first files are there', () => firstFilesAreThere());
    first.child.kill('SIGSTOP');
    try {
      const { stderr } = await refuse(test, ACCOUNTS, 'JOB_LOCKED', 4);
      expect(stderr).toMatch(new RegExp(`locked by process ${first.child.pid} .*extract --table accounts`));
      await finish(test, ['--table', 'other', ...SMALL_CHUNKS]);
    } finally {
      first.child.kill('SIGCONT');
    }
    expect((await first.ended).code).toBe(0);
    await expectFiles(test, 'accounts', digestOfSqlite(path, 'accounts', ACCOUNT_COLUMNS));
    await expectFiles(test, 'other', digestOfSqlite(path, 'other', ACCOUNT_COLUMNS));
  });

  it('--job separates states of the same table', async () => {
    await die(test, [...ACCOUNTS, '--job', 'one', '--out', 'one'], 'mid-read:3');
    const other = await finish(test, [...ACCOUNTS, '--job', 'two', '--out', 'two']);
    expect(other.tables[0]?.resumedRows).toBe(0);
    const one = await finish(test, [...ACCOUNTS, '--job', 'one', '--out', 'one']);
    expect(one.tables[0]?.resumedRows).toBeGreaterThan(0);
    await expectFiles(test, 'accounts', accounts(), 'one');
    await expectFiles(test, 'accounts', accounts(), 'two');
  });

  it('--run-key does nothing the second time, also after a kill in between', async () => {
    const flags = [...ACCOUNTS, '--run-key', '2026-11-21'];
    await die(test, flags, 'mid-read:3');
    const first = await finish(test, flags);
    const before = filesOf('accounts');
    const second = await finish(test, flags);
    expect(second).toMatchObject({ status: 'already-done', rows: ROWS });
    expect(second.tables[0]?.runId).toBe(first.tables[0]?.runId);
    expect(filesOf('accounts')).toEqual(before);
    const other = await finish(test, [...ACCOUNTS, '--run-key', '2026-11-22']);
    expect(other.status).toBe('complete');
  });

  it('a run over several tables reads those again that were not complete, and no others', async () => {
    const path = ownDatabase();
    change(path, 'CREATE TABLE b AS SELECT * FROM accounts; CREATE TABLE c AS SELECT * FROM accounts');
    const flags = ['--table', 'accounts', '--table', 'b', '--table', 'c', ...SMALL_CHUNKS];
    await die(test, flags, 'before-manifest:3');
    const before = filesOf('accounts');
    const report = await finish(test, flags);
    expect(report.tables.find(({ table }) => table === 'accounts')?.status).toBe('already-done');
    expect(filesOf('accounts')).toEqual(before);
    for (const table of ['accounts', 'b', 'c']) {
      await expectFiles(test, table, digestOfSqlite(path, table, ACCOUNT_COLUMNS));
      expect(readManifestOf(test, table).manifest.run).toBe(report.tables[0]?.runId);
    }
    const next = await finish(test, flags);
    expect(next.tables.map(({ status }) => status)).toEqual(['complete', 'complete', 'complete']);
  });
});

describe('signals', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends with %i, and the same command finishes', async (signal, code) => {
    const flags = [
      '--table',
      'accounts',
      '--workers',
      '2',
      '--chunk-size',
      '2KB',
      '--format',
      'csv',
      '--compression',
      'none',
    ];
    const stopped = await stopBy(signal, flags);
    expect(stopped.code, stopped.stderr).toBe(code);
    expect(stopped.stderr).toContain(`${signal}: stopping`);
    const folder = join(test.folder, 'export', 'accounts');
    const run = readdirSync(folder)[0] ?? '';
    expect(readdirSync(join(folder, run)).filter((name) => !/^part-\d+\.csv$/.test(name))).toEqual([]);
    const report = await finish(test, flags);
    expect(report.tables[0]?.resumedRows).toBeGreaterThan(0);
    await expectFiles(test, 'accounts', accounts());
  });
});

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

/** The program, to be signalled while it works. */
function start(flags: readonly string[]): Started {
  const program = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
  const child = spawn(process.execPath, [program, 'extract', ...flags], {
    cwd: test.folder,
    env: { PATH: process.env['PATH'], HOME: test.folder, SQLEXTRACT_SOURCE: test.url },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }));
  return { child, ended };
}

function firstFilesAreThere(): boolean {
  const folder = join(test.folder, 'export', 'accounts');
  return existsSync(folder) && Object.keys(filesOf('accounts')).length > 2;
}

async function stopBy(signal: NodeJS.Signals, flags: readonly string[]): Promise<Awaited<Started['ended']>> {
  const { child, ended } = start(flags);
  await until('the first files are there', () => firstFilesAreThere());
  child.kill(signal);
  return ended;
}
