import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rangePredicate } from '../../src/sources/postgres/ranges.ts';
import type { SourceSession } from '../../src/sources/source.ts';
import { ALL_COLUMNS, keyOver, planRanges, readPlan } from '../conformance/source-reading.ts';
import { digestOfPostgres, expectFiles, finish, newCase, refuse, removeFolders } from '../engine/extract-case.ts';
import { openSession } from '../sources/postgres/postgres-fixture.ts';
import { type FreshDatabase, freshDatabase } from '../support/postgres-server.ts';
import { readFiles } from './read-files.ts';

/* Items of the list in index.test.ts that no other test of PostgreSQL has. */

let database: FreshDatabase;
let session: SourceSession;

beforeAll(async () => {
  database = await freshDatabase('checklist');
  session = await openSession(database);
});

afterAll(async () => {
  await session?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  removeFolders();
});

const run = (sql: string) => database.client.query(sql);
const describeTable = (name: string) => session.describe({ schema: 'public', name }, ALL_COLUMNS);

/** So small that every range has the fewest rows that there can be. */
const TINY = ['--workers', '4', '--chunk-size', '1B', '--batch-size', '1'];

it.each(['csv', 'parquet'])(
  '1. keys at the ends of bigint and beyond 2^53 are exact and there once (%s)',
  async (format) => {
    const table = `ends_${format}`;
    const ends = ['-9223372036854775808', '-1', '0', '9007199254740993', '9223372036854775807'];
    await run(
      `CREATE TABLE ${table} (id bigint PRIMARY KEY); INSERT INTO ${table} VALUES (${ends.join('), (')}); ANALYZE ${table}`,
    );
    const test = newCase(database.url);
    await finish(test, ['--table', table, '--format', format, ...TINY]);
    expect((await readFiles(test, `public.${table}`)).rows.map(([id]) => id)).toEqual(ends);
    const described = await describeTable(table);
    const key = keyOver(described, ['id']);
    const ranges = await planRanges(session, described, key, 1);
    expect(ranges.length).toBe(ends.length);
    expect((await readPlan(session, described, key, ranges)).map(([id]) => id)).toEqual(ends);
  },
);

it('2. a key of three rows over 10^12 numbers makes at most three files', async () => {
  await run(
    'CREATE TABLE three (id bigint PRIMARY KEY); INSERT INTO three VALUES (1), (500000000000), (1000000000000); ANALYZE three',
  );
  const test = newCase(database.url);
  await finish(test, ['--table', 'three', ...TINY]);
  const { rows, rowsOfFiles } = await readFiles(test, 'public.three');
  expect(rows.map(([id]) => id)).toEqual(['1', '500000000000', '1000000000000']);
  expect(rowsOfFiles.length).toBeLessThanOrEqual(3);
  expect(Math.min(...rowsOfFiles)).toBeGreaterThan(0);
});

it('1. all values of a smallint key are there once, the largest too', async () => {
  await run(
    'CREATE TABLE small (id smallint PRIMARY KEY); INSERT INTO small SELECT generate_series(-32768, 32767); ANALYZE small',
  );
  const test = newCase(database.url);
  await finish(test, [
    '--table',
    'small',
    '--workers',
    '2',
    '--chunk-size',
    '20KB',
    '--format',
    'csv',
    '--compression',
    'none',
  ]);
  const manifest = await expectFiles(test, 'public.small', await digestOfPostgres(database.client, 'small', ['id']));
  expect(manifest.files.length).toBeGreaterThan(5);
});

it('3. the rows of a nullable unique key that are NULL are in exactly one range', async () => {
  await run(`CREATE TABLE nullable (k bigint UNIQUE, v text);
    INSERT INTO nullable SELECT i, 'v' FROM generate_series(1, 300) i;
    INSERT INTO nullable SELECT NULL, 'null ' || i FROM generate_series(1, 5) i; ANALYZE nullable`);
  const described = await describeTable('nullable');
  const key = keyOver(described, ['k']);
  const ranges = await planRanges(session, described, key, 40);
  const rowsOfRanges = await Promise.all(ranges.map((range) => readPlan(session, described, key, [range])));
  const withNull = rowsOfRanges.filter((rows) => rows.some(([k]) => k === null));
  expect(withNull).toHaveLength(1);
  expect(withNull[0]?.map(([, v]) => v).toSorted()).toEqual([1, 2, 3, 4, 5].map((i) => `null ${i}`));
  expect(rowsOfRanges.flat()).toHaveLength(305);
  const test = newCase(database.url);
  await finish(test, ['--table', 'nullable', ...TINY]);
  await expectFiles(test, 'public.nullable', await digestOfPostgres(database.client, 'nullable', ['k', 'v']));
});

it('4. a text key under an ICU collation, split at every value, is the whole table', async () => {
  const texts = ['', 'é', 'e\u0301', '😀', '\uffff', 'E', 'e', 'f', 'F', 'ß', 'ss', '-a', 'a-', 'z'];
  await run('CREATE TABLE words (k text COLLATE "en-US-x-icu" PRIMARY KEY, n int)');
  for (const [n, text] of texts.entries()) await database.client.query('INSERT INTO words VALUES ($1, $2)', [text, n]);
  const described = await describeTable('words');
  const key = keyOver(described, ['k']);
  const ranges = await planRanges(session, described, key, 1);
  expect(ranges.length).toBe(texts.length);
  const read = await readPlan(session, described, key, ranges);
  expect(read.toSorted((one, other) => Number(one[1]) - Number(other[1]))).toEqual(
    texts.map((text, n) => [text, String(n)]),
  );
});

it('6. a collation of another version than its index was built with is no key, and it is said why', async () => {
  await run(`CREATE COLLATION aged (provider = icu, locale = 'de'); CREATE TABLE old_words (k text COLLATE aged PRIMARY KEY);
    INSERT INTO old_words VALUES ('a'), ('b'), ('c'); UPDATE pg_collation SET collversion = '0.1' WHERE collname = 'aged'`);
  const described = await describeTable('old_words');
  expect(described.candidateKeys.find(({ columns }) => columns.join() === 'k')?.refused).toMatch(
    /collation aged.*REINDEX/,
  );
  const test = newCase(database.url);
  await finish(test, ['--table', 'old_words', ...TINY]);
  expect((await readFiles(test, 'public.old_words')).rows).toEqual([['a'], ['b'], ['c']]);
});

it('7. both bounds of a composite key are index conditions', async () => {
  await run(`CREATE TABLE pairs (a int, b text, v text, PRIMARY KEY (a, b));
    INSERT INTO pairs SELECT i % 100, 'b' || i, 'v' FROM generate_series(1, 100000) i; ANALYZE pairs`);
  const described = await describeTable('pairs');
  const key = keyOver(described, ['a', 'b']);
  const from = await session.nextBoundary({
    table: described,
    key: key.columns,
    where: null,
    after: null,
    before: null,
    step: 5000,
  });
  const to = await session.nextBoundary({
    table: described,
    key: key.columns,
    where: null,
    after: from,
    before: null,
    step: 2000,
  });
  const predicate = rangePredicate(described, { kind: 'between', from, to }, key.columns);
  const { rows } = await database.client.query<{ 'QUERY PLAN': string }>(
    `EXPLAIN SELECT * FROM pairs WHERE ${predicate}`,
  );
  const condition = rows.map((row) => row['QUERY PLAN']).find((line) => line.includes('Index Cond'));
  expect(condition).toMatch(/ROW\(a, b\) >= ROW\(.*ROW\(a, b\) < ROW\(/);
  const { rows: counted } = await database.client.query<{ n: string }>(
    `SELECT count(*) AS n FROM pairs WHERE ${predicate}`,
  );
  expect(counted[0]?.n).toBe('2000');
});

describe('8. partitions of three levels', () => {
  it('with an empty leaf and a foreign one are read whole', async () => {
    await run(`CREATE EXTENSION IF NOT EXISTS postgres_fdw;
      CREATE TABLE tree (id int, region text, note text) PARTITION BY LIST (region);
      CREATE TABLE tree_eu PARTITION OF tree FOR VALUES IN ('eu') PARTITION BY RANGE (id);
      CREATE TABLE tree_eu_1 PARTITION OF tree_eu FOR VALUES FROM (0) TO (2000);
      CREATE TABLE tree_eu_empty PARTITION OF tree_eu FOR VALUES FROM (2000) TO (9000);
      CREATE TABLE tree_us PARTITION OF tree FOR VALUES IN ('us');
      CREATE TABLE far_away (id int, region text, note text);
      INSERT INTO far_away SELECT i, 'as', 'far ' || i FROM generate_series(1, 500) i;
      INSERT INTO tree SELECT i, CASE WHEN i % 3 = 0 THEN 'us' ELSE 'eu' END, repeat('n', 50) FROM generate_series(1, 1999) i`);
    const { hostname, port, username, password } = new URL(database.url);
    await run(`CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${hostname}', port '${port}', dbname '${database.name}');
      CREATE USER MAPPING FOR CURRENT_USER SERVER elsewhere OPTIONS (user '${username}', password '${password}');
      CREATE FOREIGN TABLE tree_as PARTITION OF tree FOR VALUES IN ('as') SERVER elsewhere OPTIONS (table_name 'far_away')`);
    const test = newCase(database.url);
    const report = await finish(test, ['--table', 'tree', '--workers', '2', '--chunk-size', '20KB']);
    await expectFiles(test, 'public.tree', await digestOfPostgres(database.client, 'tree', ['id', 'region', 'note']));
    expect(report.rows).toBe(2499);
    expect(JSON.stringify(report)).toMatch(/foreign/);
  });
});

it('14. a table whose policy hides rows from the role is refused', async () => {
  const role = `limited_${process.pid}`;
  await run(`CREATE ROLE ${role} LOGIN PASSWORD 'limited'; CREATE TABLE policed (id int PRIMARY KEY, owner text);
    INSERT INTO policed VALUES (1, 'someone'), (2, '${role}'); ALTER TABLE policed ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON policed USING (owner = current_user); GRANT SELECT ON policed TO ${role}`);
  try {
    const url = new URL(database.url);
    Object.assign(url, { username: role, password: 'limited' });
    const refused = await refuse(newCase(url.href), ['--table', 'policed'], 'SOURCE_ROW_SECURITY', 3);
    expect(refused.stderr).toContain('policed');
    const test = newCase(database.url);
    await finish(test, ['--table', 'policed']);
    expect((await readFiles(test, 'public.policed')).rows).toHaveLength(2);
  } finally {
    await run(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});
