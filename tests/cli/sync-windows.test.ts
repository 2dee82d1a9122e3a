import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, test } from 'vitest';
import type { SyncReport } from '../../src/sync/sync-report.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { openDuckDb } from '../support/duckdb.ts';
import { type CliRun, runCli } from '../support/run-cli.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

async function newShop(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sync-windows-'));
  folders.push(folder);
  change(folder, 'CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, at DATETIME)');
  change(folder, "INSERT INTO users VALUES (1, 'one', '2024-01-01 00:00:00'), (2, 'two', '2024-01-02 00:00:00')");
  return folder;
}

function change(folder: string, statement: string): void {
  const database = new DatabaseSync(join(folder, 'shop.sqlite'));
  database.exec(statement);
  database.close();
}

const WINDOWS = ['--source', 'shop.sqlite', '--table', 'users', '--incremental-by', 'at', '--strategy', 'merge'];

type Words = Readonly<Record<string, string>>;

async function run(folder: string, command: string, env: Words = {}): Promise<CliRun> {
  return runCli([command, ...WINDOWS, ...(command === 'sync' ? ['--json'] : ['--quiet'])], { cwd: folder, env });
}

async function synced(folder: string, env: Words = {}): Promise<SyncReport> {
  const { code, stdout, stderr } = await run(folder, 'sync', env);
  expect({ code, stderr: code === 0 ? '' : stderr + stdout }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as SyncReport;
}

const USERS = "SELECT id || ' ' || email || ' ' || \"at\" FROM";

async function usersIn(folder: string): Promise<readonly string[]> {
  const connection = await openDuckDb();
  await connection.run(`ATTACH '${join(folder, 'warehouse.duckdb')}' AS w (READ_ONLY)`);
  const rows = await connection.runAndReadAll(`${USERS} w.users`);
  await connection.run('DETACH w');
  connection.closeSync();
  return rows
    .getRows()
    .map(([row]) => String(row))
    .toSorted();
}

function usersOf(folder: string): readonly string[] {
  const database = new DatabaseSync(join(folder, 'shop.sqlite'), { readOnly: true });
  const rows = database
    .prepare(`${USERS} users`)
    .all()
    .map((row) => String(Object.values(row)[0]));
  database.close();
  return rows.toSorted();
}

describe('sync of an incremental job', () => {
  test('loads what was extracted and not loaded, each window once and in order, and extracts a new one each time', async () => {
    const folder = await newShop();
    expect((await synced(folder)).verification).toMatchObject([{ mode: 'replace', verdict: 'equal' }]);
    change(folder, "INSERT INTO users VALUES (3, 'three', '2024-01-03 00:00:00')");
    expect(await run(folder, 'extract')).toMatchObject({ code: 0 });
    change(folder, "UPDATE users SET email = 'one again', at = '2024-01-04 00:00:00' WHERE id = 1");
    const killed = await run(folder, 'sync', { SQLEXTRACT_FAULT: 'before-load-publish' });
    expect(killed).toMatchObject({ signal: 'SIGKILL' });
    change(folder, "UPDATE users SET email = 'three again', at = '2024-01-05 00:00:00' WHERE id = 3");
    const { verification } = await synced(folder);
    expect(verification).toMatchObject([
      { mode: 'merge', verdict: 'equal', source: null, inserted: 1, updated: 0, target: { after: 3 } },
      { mode: 'merge', verdict: 'equal', source: null, inserted: 0, updated: 1, target: { after: 3 } },
      { mode: 'merge', verdict: 'equal', source: { rows: 1, when: 'run' }, inserted: 0, updated: 1 },
    ]);
    expect(await usersIn(folder)).toEqual(usersOf(folder));
    expect((await synced(folder)).verification).toMatchObject([{ fileRows: 0, mode: 'merge', verdict: 'equal' }]);
    expect(await usersIn(folder)).toEqual(usersOf(folder));
  });

  test('where files are staged while the run goes on, what a killed call left in the staging table is no trouble', async () => {
    const folder = await newShop();
    await using database = await freshDatabase('sync_windows');
    const env = { SQLEXTRACT_TARGET: database.url };
    expect((await synced(folder, env)).verification).toMatchObject([{ mode: 'replace', verdict: 'equal' }]);
    change(folder, "UPDATE users SET email = 'one again', at = '2024-01-04 00:00:00' WHERE id = 1");
    const killed = await run(folder, 'sync', { ...env, SQLEXTRACT_FAULT: 'before-load-publish' });
    expect(killed).toMatchObject({ signal: 'SIGKILL' });
    change(folder, "INSERT INTO users VALUES (3, 'three', '2024-01-05 00:00:00')");
    expect((await synced(folder, env)).verification).toMatchObject([
      { mode: 'merge', verdict: 'equal', inserted: 0, updated: 1 },
      { mode: 'merge', verdict: 'equal', inserted: 1, updated: 0 },
    ]);
    const { rows } = await database.client.query<string[]>({ text: `${USERS} users`, rowMode: 'array' });
    expect(rows.map(([row]) => String(row)).toSorted()).toEqual(usersOf(folder));
    const left = await database.client.query(
      "SELECT relname FROM pg_class WHERE relname ~ '^_sqlextract_[0-9a-f]{12}'",
    );
    expect(left.rows).toEqual([]);
  });
});
