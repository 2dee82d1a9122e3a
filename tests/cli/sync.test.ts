import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { openDuckDb } from '../support/duckdb.ts';
import { type CliRun, runCli } from '../support/run-cli.ts';
import type { SyncReport } from '../../src/sync/sync-report.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const ROWS = 3000;

/** A folder with a small database, and the command that syncs it in many chunks. */
async function newShop(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sync-'));
  folders.push(folder);
  const database = new DatabaseSync(join(folder, 'shop.sqlite'));
  database.exec('CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, total DECIMAL(12,2))');
  database.exec('CREATE TABLE tags ("na`me" TEXT PRIMARY KEY NOT NULL)');
  database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
    INSERT INTO users SELECT i, 'user' || i || '@example.com', i / 4.0 FROM n`);
  database.exec(`INSERT INTO tags VALUES ('a'), (''), ('\\N'), ('NULL'), ('"; DROP')`);
  database.close();
  return folder;
}

function change(folder: string, statement: string): void {
  const database = new DatabaseSync(join(folder, 'shop.sqlite'));
  database.exec(statement);
  database.close();
}

async function sync(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliRun> {
  return runCli(['sync', '--source', 'shop.sqlite', '--chunk-size', '20KB', ...args], {
    cwd: folder,
    env,
  });
}

async function report(folder: string, args: readonly string[]): Promise<SyncReport> {
  const { code, stdout, stderr } = await sync(folder, [...args, '--json']);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as SyncReport;
}

async function target(folder: string, statement: string): Promise<readonly (readonly unknown[])[]> {
  const connection = await openDuckDb();
  await connection.run(`ATTACH '${join(folder, 'warehouse.duckdb')}' AS w (READ_ONLY)`);
  const rows = await connection.runAndReadAll(statement);
  await connection.run('DETACH w');
  connection.closeSync();
  return rows.getRows();
}

/** Rows and a hash over them, which the source has to give as well. */
async function usersIn(folder: string): Promise<string> {
  const rows = await target(folder, 'SELECT count(*), sum(id), sum(length(email)), sum(total) FROM w.users');
  return rows.map(String).join();
}

function usersOf(folder: string): string {
  const database = new DatabaseSync(join(folder, 'shop.sqlite'), { readOnly: true });
  const row = database
    .prepare("SELECT count(*) AS n, sum(id) AS i, sum(length(email)) AS l, printf('%.2f', sum(total)) AS t FROM users")
    .get();
  database.close();
  return Object.values(row ?? {}).join();
}

describe('sync', () => {
  test('says one line a table, and no more on stdout than report and consistency', async () => {
    const folder = await newShop();
    const { code, stdout } = await sync(folder, ['--table', '*', '--workers', '2']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ tags: 5 rows in source = files = target \(replace, [\d.]+ m?s\)$/m);
    expect(stdout).toMatch(/^✓ users: 3,000 rows in source = files = target \(replace, [\d.]+ m?s\)$/m);
    expect(stdout).toMatch(/^synced into .*warehouse\.duckdb, /m);
    expect(await usersIn(folder)).toBe(usersOf(folder));
    expect(await target(folder, 'FROM w.tags ORDER BY ALL')).toEqual([[''], ['"; DROP'], ['NULL'], ['\\N'], ['a']]);
    expect(await readdir(join(folder, '.sqlextract', 'sync'))).toEqual([]);
  });

  test('CSV into a target that cannot tell the marker in quotes: loaded where no cell is it, refused where one is', async () => {
    const folder = await newShop();
    const args = ['--format', 'csv', '--target', 'sqlite:dw.sqlite'];
    expect(await sync(folder, ['--table', 'users', ...args])).toMatchObject({ code: 0 });
    expect((await sync(folder, ['--table', 'tags', ...args])).stdout).toContain('1 cell of tags is the text "\\\\N"');
  });

  test('in every mode: again after new data, the target has what the source has', async () => {
    const folder = await newShop();
    await report(folder, ['--table', 'users']);
    change(folder, `UPDATE users SET email = 'x' WHERE id <= 10; INSERT INTO users VALUES (${ROWS + 1}, NULL, 0)`);
    const merged = await report(folder, ['--table', 'users', '--mode', 'merge']);
    expect(merged.verification[0]).toMatchObject({
      verdict: 'equal',
      source: { rows: ROWS + 1, when: 'run' },
      target: { before: ROWS, after: ROWS + 1, expected: ROWS + 1 },
      updated: ROWS,
      inserted: 1,
    });
    for (const mode of ['delete-insert', 'full-refresh', 'replace']) {
      expect((await report(folder, ['--table', 'users', '--mode', mode])).status).toBe('complete');
      expect(await usersIn(folder)).toBe(usersOf(folder));
    }
    const appended = await report(folder, ['--table', 'users', '--mode', 'append', '--schema', 'log']);
    expect(appended.verification[0]).toMatchObject({ into: 'log.users', target: { before: 0, after: ROWS + 1 } });
  }, 300_000);

  test('--json is one document with the two halves and the counts', async () => {
    const found = await report(await newShop(), ['--table', 'users']);
    expect(found).toMatchObject({
      status: 'complete',
      extract: { status: 'complete', rows: ROWS },
      load: { status: 'complete', tables: [{ outcome: { kind: 'loaded', counted: { before: 0, after: ROWS } } }] },
      verification: [{ table: 'users', into: 'main.users', verdict: 'equal', fileRows: ROWS }],
      refused: [],
    });
  });

  test('with --limit the source is not compared, and that is said', async () => {
    const { code, stdout } = await sync(await newShop(), ['--table', 'users', '--limit', '7']);
    expect(code).toBe(0);
    expect(stdout).toContain('✓ users: 7 rows in files = target');
    expect(stdout).toContain('the source was not counted');
  });

  test('--dry-run extracts and loads nothing', async () => {
    const folder = await newShop();
    const { code, stdout } = await sync(folder, ['--table', 'users', '--dry-run', '--mode', 'merge']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/then loaded into .*warehouse\.duckdb \(merge\)/);
    expect((await readdir(folder)).filter((name) => name !== 'shop.sqlite')).toEqual([]);
  });
});

describe('refusals', () => {
  test('of the target are told before a row is read', async () => {
    const folder = await newShop();
    const result = await sync(folder, ['--table', 'users', '--key', 'nope']);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('code: INGEST_COLUMN');
    expect(existsSync(join(folder, 'warehouse.duckdb'))).toBe(false);
  });

  test.each([
    [['--target', 'snowpark'], 2, 'TARGET_UNKNOWN'],
    [['--target', 'duckdb'], 2, 'TARGET_URL'],
    [['--target', './no/such/folder/w.duckdb'], 5, 'TARGET_CONNECT'],
    [['--window', 'id', '--window', '1', '--window', '2'], 2, 'INGEST_WINDOW'],
  ])('%j ends with %i %s', async (args, code, errorCode) => {
    const result = await sync(await newShop(), ['--table', 'users', ...args]);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(`code: ${errorCode}`);
  });

  test('of a table that was altered in the target leave it as it is, and exit with 6', async () => {
    const folder = await newShop();
    await report(folder, ['--table', 'users']);
    change(folder, 'ALTER TABLE users ADD COLUMN note TEXT');
    const result = await sync(folder, ['--table', 'users']);
    expect(result.code).toBe(6);
    expect(result.stdout).toContain('code: LOAD_DRIFT');
    expect(result.stdout).toContain('Next: what the hint above says');
    const added = await sync(folder, ['--table', 'users', '--on-drift', 'add-columns']);
    expect(added.code).toBe(0);
    expect(await usersIn(folder)).toBe(usersOf(folder));
  });
});

describe('killed and run again', () => {
  const faults = [
    'mid-read:3',
    'after-state-commit:2',
    'before-manifest',
    'after-manifest:2',
    'before-run-close',
    'after-run-close',
    'before-load-prepare',
    'before-load-publish',
    'after-load-publish',
  ];

  test.each(faults)('at %s: the target has the rows once, appended', async (fault) => {
    const folder = await newShop();
    const args = ['--table', 'users', '--mode', 'append', '--workers', '2'];
    // A younger file could have changed without showing it: nothing proves it unchanged for the rerun, and the run would be mixed.
    await sleep(1100);
    const killed = await sync(folder, args, { SQLEXTRACT_FAULT: fault });
    expect(killed.signal).toBe('SIGKILL');
    const found = await report(folder, args);
    expect(found.status).toBe('complete');
    expect(await usersIn(folder)).toBe(usersOf(folder));
    expect(await target(folder, 'SELECT count(*), sum(inserted) FROM w._sqlextract_loads')).toEqual([
      [1n, BigInt(ROWS)],
    ]);
  });

  test('between extract and load: the run is loaded as it is, and a source that moved meanwhile is told of', async () => {
    const folder = await newShop();
    await sync(folder, ['--table', 'users'], { SQLEXTRACT_FAULT: 'before-load-prepare' });
    const before = usersOf(folder);
    change(folder, 'DELETE FROM users WHERE id > 2000');
    const { code, stdout, stderr } = await sync(folder, ['--table', 'users']);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /users: run \S+, which an earlier call extracted, is loaded as it is; --fresh extracts anew/,
    );
    expect(stdout).toContain('✓ users: 3,000 rows in files = target');
    expect(stdout).toContain('the source has 2000 rows as it is now, and may have changed since it was read');
    expect(await usersIn(folder)).toBe(before);
    expect((await report(folder, ['--table', 'users'])).verification[0]).toMatchObject({ fileRows: 2000 });
    expect(await usersIn(folder)).toBe(usersOf(folder));
  });

  test('--fresh extracts anew', async () => {
    const folder = await newShop();
    await sync(folder, ['--table', 'users'], { SQLEXTRACT_FAULT: 'before-load-prepare' });
    change(folder, 'DELETE FROM users WHERE id > 2000');
    expect((await report(folder, ['--table', 'users', '--fresh'])).verification[0]).toMatchObject({ fileRows: 2000 });
  });

  test('an extract of its own is not taken for the unloaded one', async () => {
    const folder = await newShop();
    await sync(folder, ['--table', 'users'], { SQLEXTRACT_FAULT: 'before-load-prepare' });
    change(folder, 'DELETE FROM users WHERE id > 2000');
    const extracted = await runCli(['extract', '--source', 'shop.sqlite', '--table', 'users', '--json'], {
      cwd: folder,
    });
    expect(JSON.parse(extracted.stdout)).toMatchObject({ status: 'complete', rows: 2000 });
  });
});
