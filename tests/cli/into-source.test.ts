import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, test } from 'vitest';
import { createMariadb } from '../load/mysql-target.ts';
import { createPostgres } from '../load/postgres-target.ts';
import { freshMariadb } from '../support/mariadb-server.ts';
import { type CliRun, runCli } from '../support/run-cli.ts';
import { FLAVOR_FLAGS } from '../support/mysql-flavor.ts';

/* A table must not be loaded into itself: rows written since it was read would be gone, and nobody would be told. */

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'into-source-'));
  folders.push(folder);
  return folder;
}

async function sync(cwd: string, source: string, target: string, ...more: readonly string[]): Promise<CliRun> {
  return runCli(['sync', '--table', 'own', '--target', target, '--workers', '1', ...more], {
    cwd,
    env: { SQLEXTRACT_SOURCE: source },
  });
}

/** The scripts of a run that was read before, with the target's own client. */
async function runScripts(
  cwd: string,
  target: string,
  more: readonly string[],
  { runArguments, environment }: { readonly runArguments: readonly string[]; readonly environment: object },
): Promise<string> {
  const { code, stderr } = await runCli(['generate-ingest', '--target', target, '--to', 'scripts', ...more], { cwd });
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  const env = { PATH: process.env['PATH'], HOME: cwd, ...environment };
  const run = spawnSync('bash', [join(cwd, 'scripts', 'run.sh'), ...runArguments], { cwd, env });
  return `${run.status} ${run.stdout.toString()}${run.stderr.toString()}`;
}

async function extractCsv(cwd: string, source: string): Promise<void> {
  // One session has a snapshot also on a server where others commit all the time.
  const args = ['extract', '--table', 'own', '--format', 'csv', '--workers', '1'];
  expect(await runCli(args, { cwd, env: { SQLEXTRACT_SOURCE: source } })).toMatchObject({ code: 0 });
}

const ITSELF = /^1 [^]*it is the table that run \S+ was read from[^]*nothing was changed/;

function expectRefused({ code, stdout }: CliRun): void {
  expect(stdout).toContain('code: LOAD_INTO_SOURCE');
  expect(code).toBe(2);
}

describe('a table is not loaded into itself', () => {
  test('of PostgreSQL, whatever the server is called; another schema takes it', async () => {
    await using shop = await createPostgres();
    const { database } = shop;
    await database.client.query('CREATE TABLE own (id int PRIMARY KEY); INSERT INTO own VALUES (1), (2)');
    const { href } = Object.assign(new URL(database.url), { hostname: 'localhost' });
    const cwd = newFolder();
    expectRefused(await sync(cwd, database.url, href));
    const { rows } = await database.client.query(
      "SELECT to_regclass('_sqlextract_loads') AS ledger, (SELECT count(*) FROM own)::int AS rows",
    );
    expect(rows).toEqual([{ ledger: null, rows: 2 }]);
    const { code, stderr } = await sync(cwd, database.url, href, '--schema', 'copy');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect((await database.client.query('SELECT id FROM copy.own ORDER BY id')).rows).toEqual([{ id: 1 }, { id: 2 }]);
    await extractCsv(cwd, database.url);
    await database.client.query('INSERT INTO own VALUES (3)');
    expect(await runScripts(cwd, 'postgres', [], shop)).toMatch(ITSELF);
    expect(await shop.tables()).toEqual(['own']);
    expect((await database.client.query('SELECT FROM own')).rowCount).toBe(3);
    await using warehouse = await createPostgres();
    expect(await runScripts(cwd, 'postgres', [], warehouse)).toMatch(/^0 /);
    expect((await warehouse.database.client.query('SELECT FROM own')).rowCount).toBe(2);
  });

  test('of MariaDB; the database that the URL of the target names takes it', async () => {
    await using shop = await freshMariadb('into_source');
    await using warehouse = await freshMariadb('into_warehouse');
    await shop.client.query('CREATE TABLE own (id int PRIMARY KEY)');
    await shop.client.query('INSERT INTO own VALUES (1), (2)');
    const cwd = newFolder();
    expectRefused(await sync(cwd, shop.url, shop.url));
    expectRefused(await sync(cwd, shop.url, warehouse.url, '--schema', shop.name));
    const { code, stderr } = await sync(cwd, shop.url, warehouse.url);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const [rows] = await warehouse.client.query('SELECT id FROM own ORDER BY id');
    expect(JSON.stringify(rows)).toBe(JSON.stringify([{ id: 1 }, { id: 2 }]));
    const [tables] = await shop.client.query('SHOW TABLES');
    expect(tables).toHaveLength(1);
    await extractCsv(cwd, shop.url);
    expect(await runScripts(cwd, 'mysql', FLAVOR_FLAGS, createMariadb(shop))).toMatch(ITSELF);
    await warehouse.client.query('DROP TABLE own, _sqlextract_loads');
    expect(await runScripts(cwd, 'mysql', FLAVOR_FLAGS, createMariadb(warehouse))).toMatch(/^0 /);
  });

  test('of an SQLite file, by whatever path; a file that is not there yet takes it', async () => {
    const cwd = newFolder();
    const database = new DatabaseSync(join(cwd, 'shop.sqlite'));
    database.exec('CREATE TABLE own (id INTEGER PRIMARY KEY); INSERT INTO own VALUES (1), (2)');
    expectRefused(await sync(cwd, 'shop.sqlite', `sqlite:${join(cwd, '.', 'shop.sqlite')}`));
    expect(database.prepare('SELECT name FROM sqlite_schema').all()).toHaveLength(1);
    await extractCsv(cwd, 'shop.sqlite');
    const itself = { runArguments: [join(cwd, 'shop.sqlite')], environment: {} };
    expect(await runScripts(cwd, 'sqlite', [], itself)).toMatch(ITSELF);
    expect(database.prepare('SELECT name FROM sqlite_schema').all()).toHaveLength(1);
    database.close();
    const other = { runArguments: [join(cwd, 'other.sqlite')], environment: {} };
    expect(await runScripts(cwd, 'sqlite', [], other)).toMatch(/^0 /);
    const { code, stderr } = await sync(cwd, 'shop.sqlite', `sqlite:${join(cwd, 'copy.sqlite')}`);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  });

  test("of a query, only where it speaks of the table: its name is anybody's choice", async () => {
    const cwd = newFolder();
    const database = new DatabaseSync(join(cwd, 'shop.sqlite'));
    database.exec('CREATE TABLE own (id INTEGER PRIMARY KEY); INSERT INTO own VALUES (1), (2)');
    const query = async (name: string) =>
      runCli(['sync', '--query', 'SELECT sum(id) AS total FROM own', '--name', name, '--target', 'shop.sqlite'], {
        cwd,
        env: { SQLEXTRACT_SOURCE: 'shop.sqlite' },
      });
    expectRefused(await query('own'));
    const { code, stderr } = await query('totals');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(database.prepare('SELECT total FROM totals').all()).toEqual([{ total: 3 }]);
    database.close();
  });
});
