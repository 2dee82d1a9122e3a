import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import { call, newCase, newFolder, removeFolders, SMALL_CHUNKS } from './extract-case.ts';

afterAll(removeFolders);

function twoTables(): string {
  const path = join(newFolder(), 'two.sqlite');
  const database = new DatabaseSync(path);
  for (const table of ['a', 'b']) {
    database.exec(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, v TEXT);
      INSERT INTO ${table} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'value ' || i FROM n`);
  }
  database.close();
  return path;
}

test('a table that left a killed run over two tables by --fresh does not keep the command from finishing', async () => {
  const crash = newCase(twoTables());
  const both = ['extract', '--table', 'a', '--table', 'b', ...SMALL_CHUNKS];
  expect((await call(crash, both, { fault: 'mid-read:2' })).signal).toBe('SIGKILL');
  expect((await call(crash, ['extract', '--table', 'b', ...SMALL_CHUNKS, '--fresh'])).code).toBe(0);
  const finished = await call(crash, both);
  expect(finished, finished.stderr).toMatchObject({ code: 0 });
  expect(finished.stdout).toContain('10,000 rows');
});

test('a table is complete before the next one is read', async () => {
  const crash = newCase(twoTables());
  const both = ['extract', '--table', 'a', '--table', 'b', '--workers', '1', '--chunk-size', '1MB', '--format', 'csv'];
  expect((await call(crash, both, { fault: 'mid-read:2' })).signal).toBe('SIGKILL');
  expect(existsSync(join(crash.folder, 'export', 'a', 'latest.json'))).toBe(true);
  expect(existsSync(join(crash.folder, 'export', 'b', 'latest.json'))).toBe(false);
  const finished = await call(crash, both);
  expect(finished, finished.stderr).toMatchObject({ code: 0 });
  expect(finished.stdout).toMatch(/^a +already-done/m);
});
