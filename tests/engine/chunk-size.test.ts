import { afterAll, expect, it } from 'vitest';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { digestOfSqlite, expectFiles, finish, newCase, newFolder, removeFolders } from './extract-case.ts';

afterAll(removeFolders);

/** Ids in steps of 7: whoever takes them for a count sees seven times the rows, and rows of a seventh of their size. */
function sparseTable(): string {
  const path = join(newFolder(), 'sparse.sqlite');
  const database = new DatabaseSync(path);
  database.exec(
    `CREATE TABLE sparse (id INTEGER PRIMARY KEY, name TEXT, note TEXT);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
     INSERT INTO sparse SELECT i * 7, 'name ' || i, 'some note of row ' || i FROM n`,
  );
  database.close();
  return path;
}

it.each([
  ['csv', 'none'],
  ['parquet', 'none'],
])('files are near a small --chunk-size although the rows are estimated wrongly: %s', async (format, compression) => {
  const path = sparseTable();
  const test = newCase(path);
  const flags = ['--table', 'sparse', '--format', format, '--compression', compression];
  const report = await finish(test, [...flags, '--chunk-size', '300KB', '--workers', '2']);
  const manifest = await expectFiles(test, 'sparse', digestOfSqlite(path, 'sparse', ['id', 'name', 'note']));
  const sizes = manifest.files.map(({ bytes }) => bytes);
  expect(Math.max(...sizes)).toBeLessThan(600_000);
  const near = sizes.filter((bytes) => bytes > 150_000 && bytes < 500_000).length;
  expect(near / sizes.length).toBeGreaterThan(0.75);
  // What one file of a large range rolls over is the exception: most ranges are of the right size by themselves.
  const ranges = new Set(manifest.files.map(({ keyRange }) => keyRange.text)).size;
  expect(ranges).toBeGreaterThan(report.bytes / 600_000);
});
