import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import type { RunReport } from '../../src/engine/report.ts';
import { call, newCase, newFolder, removeFolders, SMALL_CHUNKS } from './extract-case.ts';

afterAll(removeFolders);

const NUMBERS = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000)';

/** `bad` has a text in an integer column, in its last row. */
function database(): string {
  const path = join(newFolder(), 'one.sqlite');
  const open = new DatabaseSync(path);
  open.exec(`CREATE TABLE good (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO good ${NUMBERS} SELECT i, 'value ' || i FROM n;
    CREATE TABLE bad (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO bad ${NUMBERS} SELECT i, i FROM n; UPDATE bad SET n = 'oops' WHERE id = 8000`);
  open.close();
  return path;
}

test('a bad value in one table costs the other neither its snapshot nor its rows', async () => {
  const crash = newCase(database());
  const both = [
    'extract',
    '--table',
    'bad',
    '--table',
    'good',
    '--on-table-error',
    'continue',
    '--consistency',
    'require',
    '--json',
    '--quiet',
  ];
  const run = await call(crash, [...both, ...SMALL_CHUNKS]);
  expect(run, run.stderr).toMatchObject({ code: 8 });
  const report = JSON.parse(run.stdout) as RunReport;
  expect(report.tables.map(({ table, status, level }) => [table, status, level])).toEqual([
    ['bad', 'failed', null],
    ['good', 'complete', 'snapshot'],
  ]);
  expect(report.tables[0]?.problem).toMatchObject({ code: 'VALUE_DOES_NOT_FIT' });
});

test('a finished run key is not taken for other settings', async () => {
  const crash = newCase(database());
  const keyed = ['extract', '--table', 'good', '--run-key', 'monday', '--quiet'];
  expect((await call(crash, [...keyed, '--format', 'csv'])).code).toBe(0);
  expect((await call(crash, [...keyed, '--format', 'csv'])).code).toBe(0);
  const other = await call(crash, [...keyed, '--format', 'parquet']);
  expect(other).toMatchObject({ code: 4 });
  expect(other.stderr).toMatch(/RUN_KEY_CHANGED/);
  expect(other.stderr).toContain('--format was "csv" and is now "parquet"');
});

test('a sample is another job than the whole table', async () => {
  const crash = newCase(database());
  expect((await call(crash, ['extract', '--table', 'good', '--quiet'])).code).toBe(0);
  expect((await call(crash, ['extract', '--table', 'good', '--limit', '5', '--quiet'])).code).toBe(0);
  const status = await call(crash, ['status']);
  expect(status.stdout).toMatch(/only at most 5 rows/);
  expect(status.stdout.match(/^ {2}job /gm)).toHaveLength(2);
});
