import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  statusOf,
} from '../engine/extract-case.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import type { CliRun } from '../support/run-cli.ts';
import { STATE_VERSION } from '../../src/checkpoint/schema.ts';

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

const accounts = () => digestOfSqlite(sqlite, 'accounts', ACCOUNT_COLUMNS);
const onPostgres = () => (test = newCase(database.url));

function errorOf(run: CliRun): string {
  return /^Error: (.*)$/m.exec(run.stderr)?.[1] ?? '';
}

/** With another part of the URL changed. */
function urlWith(change: (url: URL) => void): string {
  const url = new URL(database.url);
  change(url);
  return url.href;
}

async function nothingWasBegun(): Promise<void> {
  expect((await statusOf(test)).jobs.flatMap(({ runs }) => runs)).toEqual([]);
  expect(existsSync(join(test.folder, 'export'))).toBe(false);
}

describe.each(['sqlite', 'postgres'])('names that do not exist, %s', (source) => {
  beforeEach(() => {
    if (source === 'postgres') onPostgres();
  });

  it('a table, with the nearest names', async () => {
    const run = await refuse(test, ['--table', 'acounts'], 'TABLE_NOT_FOUND', 2);
    expect(errorOf(run)).toContain('acounts');
    expect(run.stderr).toMatch(/\baccounts\b/);
    await nothingWasBegun();
  });

  it.each([
    ['--columns', 'id,balanse'],
    ['--exclude-columns', 'balanse'],
    ['--as-text', 'balanse'],
  ])('a column in %s, with the nearest names', async (flag, value) => {
    const run = await refuse(test, ['--table', 'accounts', flag, value], 'COLUMN_NOT_FOUND', 2);
    expect(errorOf(run)).toMatch(/accounts.*balanse|balanse.*accounts/);
    expect(run.stderr).toMatch(/\bbalance\b/);
    await nothingWasBegun();
  });

  it.each([
    ['two statements', '1=1; drop table accounts'],
    ['a parenthesis closed that was not opened', '1=1) or (1=1'],
    ['a parenthesis left open', '(1=1'],
    ['a comment that is not closed', '1=1 /* so'],
    ['a text that is not closed', "note = 'so"],
    ['nothing', ' '],
  ])('--where with %s', async (_what, where) => {
    const run = await refuse(test, ['--table', 'accounts', '--where', where], 'WHERE_REFUSED', 2);
    expect(errorOf(run)).toMatch(/accounts|--where/);
    await nothingWasBegun();
  });

  it('--where that the database cannot read', async () => {
    const run = await refuse(test, ['--table', 'accounts', '--where', 'no_such_column > 1'], 'WHERE_REFUSED', 2);
    expect(errorOf(run)).toMatch(/accounts.*no_such_column/);
    await nothingWasBegun();
  });

  it('--where whose comment ends at the line is one condition', async () => {
    const where = 'note IS NULL -- and 1=0) or (1=1; drop table accounts';
    const folder = source === 'postgres' ? 'public.accounts' : 'accounts';
    const from = 'accounts WHERE note IS NULL';
    await finish(test, ['--table', 'accounts', '--where', where]);
    const truth =
      source === 'postgres'
        ? await digestOfPostgres(database.client, from, ACCOUNT_COLUMNS)
        : digestOfSqlite(sqlite, from, ACCOUNT_COLUMNS);
    expect(truth.rows).toBeGreaterThan(1000);
    await expectFiles(test, folder, truth);
  });
});

describe('flags that make no sense', () => {
  it.each([
    [['--workers', '0'], 'USAGE_WORKERS', '--workers'],
    [['--workers', 'many'], 'USAGE_WORKERS', 'many'],
    [['--chunk-size', '5XB'], 'USAGE_SIZE', '5XB'],
    [['--chunk-size', '0'], 'USAGE_SIZE', '--chunk-size'],
    [['--buffer-size', '-1MB'], 'USAGE_SIZE', '-1MB'],
    [['--batch-size', '0'], 'USAGE_BATCH_SIZE', '--batch-size'],
    [['--limit', '-5'], 'USAGE_LIMIT', '-5'],
    [['--hold', '15 parsecs'], 'USAGE_DURATION', '15 parsecs'],
    [['--consistency', 'total'], 'USAGE_CHOICE', 'total'],
    [['--format', 'csv', '--compression', 'snappy'], 'USAGE_COMPRESSION', 'snappy'],
  ])('%j is %s', async (flags, code, named) => {
    const run = await refuse(test, ['--table', 'accounts', ...flags], code, 2);
    expect(run.stderr).toContain(named);
    await nothingWasBegun();
  });
});

describe('the server', () => {
  it('refuses the user who may not read the table; granted, the same command works', async () => {
    const role = `reader_${database.name}`;
    await database.client.query(
      `CREATE ROLE ${role} LOGIN PASSWORD 'hunter2secret'; REVOKE ALL ON accounts FROM PUBLIC`,
    );
    try {
      test = newCase(urlWith((url) => Object.assign(url, { username: role, password: 'hunter2secret' })));
      const run = await refuse(test, ACCOUNTS, 'SOURCE_PERMISSION', 3);
      expect(errorOf(run)).toContain('accounts');
      expect(run.stderr).toMatch(/hint: .*GRANT/);
      await database.client.query(`GRANT SELECT ON accounts TO ${role}`);
      await finish(test, ACCOUNTS);
      await expectFiles(test, 'public.accounts', await digestOfPostgres(database.client, 'accounts', ACCOUNT_COLUMNS));
    } finally {
      await database.client.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  it('refuses a wrong password, which is printed nowhere', async () => {
    test = newCase(urlWith((url) => Object.assign(url, { password: 'wr0ngPassw0rd' })));
    const run = await refuse(test, ACCOUNTS, 'SOURCE_AUTH', 3);
    expect(run.stderr).not.toContain('wr0ngPassw0rd');
    await nothingWasBegun();
  });

  it('is not there', async () => {
    test = newCase(urlWith((url) => Object.assign(url, { hostname: '127.0.0.1', port: '1' })));
    const run = await refuse(test, ACCOUNTS, 'SOURCE_UNREACHABLE', 5);
    expect(errorOf(run)).toContain('127.0.0.1:1');
    expect(run.ms).toBeLessThan(60_000);
  });

  it('has no such database', async () => {
    test = newCase(urlWith((url) => Object.assign(url, { pathname: '/no_such_database' })));
    const run = await refuse(test, ACCOUNTS, 'SOURCE_DATABASE_NOT_FOUND', 3);
    expect(run.stderr).toContain('no_such_database');
  });

  it('is a file that is not there, or is no database', async () => {
    const missing = await refuse(
      test,
      ['--source', 'no-such.sqlite', '--table', 'accounts'],
      'CONFIG_SOURCE_UNKNOWN',
      3,
    ).catch(async () => {
      const run = await call(test, ['extract', '--source', './no-such.sqlite', '--table', 'accounts']);
      requireClearError(run);
      return run;
    });
    expect(missing.stderr).toContain('no-such.sqlite');
    expect(existsSync(join(test.folder, 'no-such.sqlite'))).toBe(false);
    writeFileSync(
      join(test.folder, 'garbage.sqlite'),
      'this is not a database, but long enough to look like one '.repeat(50),
    );
    const garbage = await call(test, ['extract', '--source', './garbage.sqlite', '--table', 'accounts']);
    requireClearError(garbage);
    expect([3, 5]).toContain(garbage.code);
    expect(garbage.stderr).toContain('garbage.sqlite');
  });
});

describe('the state', () => {
  function stateFile(): string {
    const folder = join(test.folder, '.sqlextract', 'jobs');
    return join(folder, readdirSync(folder).find((name) => name.endsWith('.sqlite')) ?? '');
  }

  it('is damaged: refused, and once restored the run goes on', async () => {
    await die(test, ACCOUNTS, 'mid-read:3');
    const path = stateFile();
    // The killed run left what it wrote last in the -wal.
    const checkpoint = new DatabaseSync(path);
    checkpoint.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    checkpoint.close();
    copyFileSync(path, `${path}.backup`);
    writeFileSync(path, 'garbage '.repeat(1000));
    const run = await refuse(test, ACCOUNTS, 'STATE_UNREADABLE', 4);
    expect(errorOf(run)).toContain(path);
    expect(readFileSync(path, 'utf8')).toBe('garbage '.repeat(1000));
    copyFileSync(`${path}.backup`, path);
    rmSync(`${path}.backup`);
    expect((await finish(test, ACCOUNTS)).tables[0]?.resumedRows).toBeGreaterThan(0);
    await expectFiles(test, 'accounts', accounts());
  });

  it('is of a newer version: refused and not touched', async () => {
    await die(test, ACCOUNTS, 'mid-read:3');
    const path = stateFile();
    const setVersion = (version: number): void => {
      const state = new DatabaseSync(path);
      state.exec(`PRAGMA user_version = ${version}; PRAGMA wal_checkpoint(TRUNCATE)`);
      state.close();
    };
    setVersion(999);
    const before = readFileSync(path);
    const run = await refuse(test, ACCOUNTS, 'STATE_NEWER', 4);
    expect(errorOf(run)).toMatch(/999/);
    expect(readFileSync(path).equals(before)).toBe(true);
    setVersion(STATE_VERSION);
    expect((await finish(test, ACCOUNTS)).tables[0]?.resumedRows).toBeGreaterThan(0);
    await expectFiles(test, 'accounts', accounts());
  });

  it('has no folder to be in', async () => {
    writeFileSync(join(test.folder, 'occupied'), 'a file');
    const run = await refuse(test, [...ACCOUNTS, '--state-dir', 'occupied'], 'STATE_DIR_NOT_WRITABLE', 4);
    expect(errorOf(run)).toContain('occupied');
    expect(readFileSync(join(test.folder, 'occupied'), 'utf8')).toBe('a file');
  });
});
