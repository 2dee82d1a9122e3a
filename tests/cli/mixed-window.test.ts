import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { call, newCase, readManifestOf, removeFolders } from '../engine/extract-case.ts';
import { openDuckDb } from '../support/duckdb.ts';

afterAll(removeFolders);

const NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')";

async function newShop() {
  const test = newCase('shop.sqlite');
  const database = new DatabaseSync(join(test.folder, 'shop.sqlite'));
  database.exec(`PRAGMA journal_mode = WAL; CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, updated_at TEXT NOT NULL);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO users SELECT i, 'user' || i || '@example.com', ${NOW} FROM n`);
  // A younger file could have changed without showing it.
  await sleep(1100);
  return { test, database };
}

const SYNC = ['sync', '--table', 'users', '--incremental-by', 'updated_at', '--chunk-size', '20KB', '--workers', '1'];

it('a window that was killed when all was read is not compared with the source as it is now', async () => {
  const { test, database } = await newShop();
  expect((await call(test, SYNC, { fault: 'before-manifest' })).signal).toBe('SIGKILL');
  database.exec(`UPDATE users SET email = 'changed', updated_at = ${NOW} WHERE id = 5`);
  database.close();
  const run = await call(test, SYNC);
  expect(run, run.stdout + run.stderr).toMatchObject({ code: 0 });
  expect(run.stdout).toContain('the source has 2999 rows as it is now, and may have changed since it was read');
});

it('a window that was killed, and read on in another snapshot, is loaded; what changed meanwhile comes with the next one', async () => {
  const { test, database } = await newShop();
  expect((await call(test, SYNC, { fault: 'mid-read:3' })).signal).toBe('SIGKILL');
  database.exec(`UPDATE users SET email = 'changed', updated_at = ${NOW} WHERE id IN (5, 2900)`);
  await sleep(1100);
  const run = await call(test, SYNC);
  expect(run.code, run.stdout + run.stderr).toBe(0);
  const { manifest } = readManifestOf(test, 'users');
  expect(manifest.consistency.level).toBe('mixed');
  expect(manifest.totals.rows).toBe(2999);
  expect(await call(test, SYNC)).toMatchObject({ code: 0 });
  const text = "SELECT id || '|' || email || '|' || updated_at AS t FROM users ORDER BY id";
  const truth = database.prepare(text).all();
  database.close();
  expect(await targetRows(join(test.folder, 'warehouse.duckdb'), text)).toEqual(truth.map(({ t }) => t));
});

async function targetRows(path: string, text: string): Promise<readonly unknown[]> {
  const connection = await openDuckDb();
  await connection.run(`ATTACH '${path}' AS w (READ_ONLY); USE w`);
  const rows = (await connection.runAndReadAll(text)).getRows();
  connection.closeSync();
  return rows.map(([t]) => t);
}
