import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { freshMariadb } from '../support/mariadb-server.ts';
import { sequence } from '../support/mariadb-tables.ts';
import { finish, newCase, newFolder, removeFolders } from './extract-case.ts';

/** Arms of a UNION can compare the same column differently: a range's condition must not be pushed into them. */

afterAll(removeFolders);

const RANGES = [
  '--name',
  'both',
  '--split-by',
  'k',
  '--chunk-size',
  '40KB',
  '--format',
  'csv',
  '--compression',
  'none',
];

it.each([
  'SELECT id, k FROM a UNION ALL SELECT id, k FROM b',
  'SELECT id, k FROM b UNION ALL SELECT id, k FROM a',
  'SELECT * FROM both_of',
])('SQLite: every row once, whatever the affinity of an arm: %s', async (query) => {
  const path = join(newFolder(), 'union.sqlite');
  const database = new DatabaseSync(path);
  database.exec(`CREATE TABLE a (id INTEGER PRIMARY KEY, k INTEGER); CREATE TABLE b (id INTEGER PRIMARY KEY, k TEXT);
      INSERT INTO a WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 8000) SELECT i, i FROM c;
      INSERT INTO b SELECT id + 100000, CAST(k AS TEXT) FROM a;
      CREATE VIEW both_of AS SELECT id, k FROM a UNION ALL SELECT id, k FROM b`);
  database.close();
  const test = newCase(path);
  const report = await finish(test, ['--query', query, ...RANGES, '--as-text', 'k']);
  expect(report.rows).toBe(16_000);
  expect(report.files).toBeGreaterThan(3);
});

it.each([
  'SELECT id, id AS k FROM n UNION ALL SELECT id + 100000, CAST(id AS CHAR) FROM n',
  'SELECT id, k FROM (SELECT id, g AS k FROM n UNION ALL SELECT id + 100000, b FROM n) AS x',
])('MariaDB, MySQL: every row once, whatever the type and collation of an arm: %s', async (query) => {
  await using database = await freshMariadb('unions');
  await database.client.query(
    `CREATE TABLE n (id int PRIMARY KEY, g varchar(20) COLLATE utf8mb4_general_ci, b varchar(20) COLLATE utf8mb4_bin);
     INSERT INTO n SELECT i, CONCAT(IF(i % 2 = 0, 'x', 'X'), i), CONCAT(IF(i % 3 = 0, 'x', 'X'), i) FROM ${sequence(1, 8000, 'i')}`,
  );
  const report = await finish(newCase(database.url), ['--query', query, ...RANGES]);
  expect(report.rows).toBe(16_000);
});
