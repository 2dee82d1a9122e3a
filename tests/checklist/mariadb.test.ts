import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RowDataPacket } from 'mysql2/promise';
import { rangePredicate, rangeRelation } from '../../src/sources/mysql/ranges.ts';
import type { SourceSession } from '../../src/sources/source.ts';
import { ALL_COLUMNS, keyOver, planRanges, readPlan } from '../conformance/source-reading.ts';
import { finish, newCase, refuse, removeFolders } from '../engine/extract-case.ts';
import { Random } from '../properties/random.ts';
import { openSession } from '../sources/mysql/mysql-fixture.ts';
import { sequence } from '../support/mariadb-tables.ts';
import { serverKind } from '../support/mysql-kind.ts';
import { type FreshMariadb, freshMariadb } from '../support/mariadb-server.ts';
import { readFiles } from './read-files.ts';
import { readNumbers } from './read-numbers.ts';

/* Values and splits of the list in index.test.ts, on the MariaDB (or MySQL) of the tests. */

let database: FreshMariadb;
let session: SourceSession;

beforeAll(async () => {
  database = await freshMariadb('checklist');
  session = await openSession(database);
});

afterAll(async () => {
  await session?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  removeFolders();
});

const run = (sql: string) => database.client.query(sql);
const describeTable = (name: string) => session.describe({ schema: database.name, name }, ALL_COLUMNS);
const folderOf = (table: string) => `${database.name}.${table}`;
const FORMATS = ['csv', 'parquet'] as const;

/** One run of one table; its rows by the reader of the files. */
async function extracted(table: string, flags: readonly string[] = []) {
  const test = newCase(database.url);
  const report = await finish(test, ['--table', table, '--compression', 'none', ...flags]);
  return { report, ...(await readFiles(test, folderOf(table))) };
}

it.each(FORMATS)('21. the ends of BIGINT, signed and unsigned, are exact (%s)', async (format) => {
  await run(`DROP TABLE IF EXISTS ends; CREATE TABLE ends (id int PRIMARY KEY, u bigint unsigned, s bigint);
    INSERT INTO ends VALUES (1, 18446744073709551615, -9223372036854775808), (2, 0, 9223372036854775807), (3, 9007199254740993, -9007199254740993)`);
  const { manifest, rows } = await extracted('ends', ['--format', format]);
  expect(manifest.schema.columns[1]?.type).toEqual({ kind: 'decimal', precision: 20, scale: 0 });
  expect(rows).toEqual([
    ['1', '18446744073709551615', '-9223372036854775808'],
    ['2', '0', '9223372036854775807'],
    ['3', '9007199254740993', '-9007199254740993'],
  ]);
});

describe('22. 100 000 random DOUBLEs and FLOATs', () => {
  const COUNT = 100_000;
  const random = new Random(22);
  const view = new DataView(new ArrayBuffer(8));
  const anyDouble = () => {
    // Half of them where the driver's own parser goes wrong.
    if (random.chance(0.5)) return random.next() * 1e6;
    view.setBigUint64(0, BigInt(`0x${random.hex(16)}`));
    const value = view.getFloat64(0);
    return Number.isFinite(value) ? value : 0.5;
  };
  const anyFloat = () => {
    view.setUint32(0, Number(`0x${random.hex(8)}`));
    const value = view.getFloat32(0);
    return Number.isFinite(value) ? value : 16_777_217;
  };
  const doubles = Array.from({ length: COUNT }, anyDouble);
  const floats = Array.from({ length: COUNT }, anyFloat).map(Math.fround);
  const literal = (value: number) => (Object.is(value, -0) ? '-0e0' : value.toExponential());

  beforeAll(async () => {
    await run('CREATE TABLE floating (id int PRIMARY KEY, d double, f float)');
    for (let at = 0; at < COUNT; at += 5000) {
      const tuples = doubles
        .slice(at, at + 5000)
        .map((d, n) => `(${at + n}, ${literal(d)}, ${literal(floats[at + n] ?? 0)})`);
      await run(`INSERT INTO floating VALUES ${tuples.join(',')}`);
    }
  });

  it.each(FORMATS)('keep every bit (%s)', async (format) => {
    const test = newCase(database.url);
    await finish(test, ['--table', 'floating', '--format', format, '--workers', '2', '--chunk-size', '1MB']);
    const read = await readNumbers(test, folderOf('floating'), ['id', 'd', 'f']);
    expect(read.id).toHaveLength(COUNT);
    const wrong = (values: readonly number[], among: readonly number[]) =>
      values.filter((value, row) => !Object.is(value, among[read.id?.[row] ?? -1]));
    expect(wrong(read.d ?? [], doubles)).toEqual([]);
    expect(wrong(read.f ?? [], floats)).toEqual([]);
  });
});

describe('23. dates that no calendar has, and a long TIME', () => {
  beforeAll(async () => {
    await run("SET sql_mode = 'ALLOW_INVALID_DATES'");
    await run(`CREATE TABLE impossible (id int PRIMARY KEY, d date, t datetime(6), h time(6));
      INSERT INTO impossible VALUES (1, '0000-00-00', '0000-00-00 00:00:00', '-838:59:59.999999'),
        (2, '2024-00-15', '2024-02-31 10:20:30.5', '838:59:59'), (3, '2024-02-31', '2024-02-29 00:00:00', '-00:00:00.000001')`);
  });

  it('stop the run by default, which names the cell and the flag', async () => {
    const said = await refuse(newCase(database.url), ['--table', 'impossible'], 'VALUE_DOES_NOT_FIT', 6);
    expect(said.stderr).toMatch(/impossible.*0000-00-00/);
    expect(said.stderr).toContain('--zero-dates');
  });

  /** As the server stores what was written above: MySQL has no fraction of the last second. */
  const LEAST_TIME = { mariadb: '-838:59:59.999999', mysql: '-838:59:59.000000' };

  it.each(FORMATS)('are exact as text (%s)', async (format) => {
    const { rows } = await extracted('impossible', ['--format', format, '--zero-dates', 'text']);
    expect(rows).toEqual([
      ['1', '0000-00-00', '0000-00-00 00:00:00.000000', LEAST_TIME[await serverKind()]],
      ['2', '2024-00-15', '2024-02-31 10:20:30.500000', '838:59:59.000000'],
      ['3', '2024-02-31', '2024-02-29 00:00:00.000000', '-00:00:00.000001'],
    ]);
  });

  it.each(FORMATS)('are NULL when asked for, and counted (%s)', async (format) => {
    const { rows, report } = await extracted('impossible', ['--format', format, '--zero-dates', 'null']);
    expect(rows.map((row) => row.slice(0, 3).map((cell) => cell?.replace('T', ' ').slice(0, 19) ?? null))).toEqual([
      ['1', null, null],
      ['2', null, null],
      ['3', null, '2024-02-29 00:00:00'],
    ]);
    expect(report.tables[0]?.replacedCells).toEqual({ d: 3, t: 2 });
  });
});

describe('24. text keys that a collation compares in its own way', () => {
  it.each([
    ['utf8mb4_general_ci', ['', 'a', 'a\t', 'B', '_', '😀', 'é', 'z', 'ß']],
    ['utf8mb4_unicode_ci', ['', 'a', 'a\t', 'B', '_', '😀', 'é', 'z', 'ss']],
    ['utf8mb4_bin', ['', 'a', 'A', 'a\t', 'B', '_', '😀', 'e\u0301', 'é']],
    ['latin1_swedish_ci', ['', 'a', 'a\t', 'B', '_', 'ö', 'ü', '€']],
  ])('%s: split at each, the union is the table', async (collation, texts) => {
    const table = `keys_${collation}`;
    await run(`CREATE TABLE ${table} (k varchar(20) COLLATE ${collation} PRIMARY KEY, n int)`);
    for (const [n, text] of texts.entries())
      await database.client.query(`INSERT INTO ${table} VALUES (?, ?)`, [text, n]);
    const described = await describeTable(table);
    const key = keyOver(described, ['k']);
    for (const step of [1, 2, 5]) {
      const ranges = await planRanges(session, described, key, step);
      expect(ranges.length).toBe(Math.ceil(texts.length / step));
      const read = await readPlan(session, described, key, ranges);
      expect(read.toSorted((one, other) => Number(one[1]) - Number(other[1]))).toEqual(
        texts.map((text, n) => [text, String(n)]),
      );
    }
  });

  it('equal texts that differ by blanks and case are in one range', async () => {
    const texts = ['a', 'A', 'a ', 'A  ', 'á', 'b', 'B ', '', ' '];
    await run('CREATE TABLE padded (k varchar(20) COLLATE utf8mb4_general_ci NOT NULL, n int PRIMARY KEY, INDEX (k))');
    for (const [n, text] of texts.entries()) await database.client.query('INSERT INTO padded VALUES (?, ?)', [text, n]);
    const described = await describeTable('padded');
    const key = keyOver(described, ['k']);
    const ranges = await planRanges(session, described, key, 1);
    expect(ranges.length).toBe(3);
    const read = await readPlan(session, described, key, ranges);
    expect(read.toSorted((one, other) => Number(one[1]) - Number(other[1]))).toEqual(
      texts.map((text, n) => [text, String(n)]),
    );
  });
});

it('25. both bounds of a key of three columns are used in full', async () => {
  await run(`CREATE TABLE triples (a int NOT NULL, b varchar(10) NOT NULL, c int NOT NULL, v text, PRIMARY KEY (a, b, c));
    INSERT INTO triples SELECT i DIV 1000, CONCAT('b', i DIV 10 % 100), i % 10, REPEAT('v', 50) FROM ${sequence(0, 19_999, 'i')}; ANALYZE TABLE triples`);
  const described = await describeTable('triples');
  const key = keyOver(described, ['a', 'b', 'c']);
  const boundary = (after: readonly string[] | null, step: number) =>
    session.nextBoundary({ table: described, key: key.columns, where: null, after, before: null, step });
  const from = await boundary(null, 4321);
  const range = { kind: 'between', from, to: await boundary(from, 2000) } as const;
  const relation = rangeRelation(described, range, key.columns);
  const predicate = rangePredicate(described, range, key.columns);
  const [plan] = await database.client.query<RowDataPacket[]>(
    `EXPLAIN FORMAT=TRADITIONAL SELECT * FROM ${relation} WHERE ${predicate}`,
  );
  expect(plan[0]).toMatchObject({ type: 'range', key: 'PRIMARY' });
  expect(Number(plan[0]?.['key_len'])).toBe(4 + (10 * 4 + 2) + 4);
  expect(Number(plan[0]?.['rows'])).toBeLessThan(6000);
  expect(await readPlan(session, described, key, [range])).toHaveLength(2000);
});

it.each(FORMATS)('31. the text of a JSON column is unchanged (%s)', async (format) => {
  const texts = [
    '{"a": 12345678901234567890, "b":1.10}',
    '[9007199254740993]',
    'null',
    '{"é😀": "\\\\n"}',
    '{"a":1,"a":2}',
  ];
  await run('DROP TABLE IF EXISTS documents; CREATE TABLE documents (id int PRIMARY KEY, j json)');
  for (const [id, text] of texts.entries())
    await database.client.query('INSERT INTO documents VALUES (?, ?)', [id, text]);
  const [stored] = await database.client.query<RowDataPacket[]>(
    'SELECT CAST(j AS CHAR) AS t FROM documents ORDER BY id',
  );
  const { manifest, rows } = await extracted('documents', ['--format', format]);
  expect(manifest.schema.columns[1]?.type.kind).toBe('json');
  expect(rows.map(([, text]) => text)).toEqual(stored.map((row) => row['t']));
  expect(rows[0]?.[1]).toContain('12345678901234567890');
});

it.each(FORMATS)('32. the SRID of a POINT and the euro sign of latin1 survive (%s)', async (format) => {
  await run(`DROP TABLE IF EXISTS places; CREATE TABLE places (id int PRIMARY KEY, p point, t varchar(10) CHARACTER SET latin1);
    INSERT INTO places VALUES (1, ST_GeomFromText('POINT(1.5 -2)', 4326), x'80e9')`);
  const { rows } = await extracted('places', ['--format', format]);
  const numbers = Buffer.alloc(16);
  // MySQL reads the text in the order of the reference system's axes (latitude first) and stores the longitude first.
  const [first, second] = (await serverKind()) === 'mysql' ? [-2, 1.5] : [1.5, -2];
  numbers.writeDoubleLE(first, 0);
  numbers.writeDoubleLE(second, 8);
  expect(rows).toEqual([['1', `e61000000101000000${numbers.toString('hex')}`, '€é']]);
});

describe('34. hostile names', () => {
  it.each(FORMATS)('a column named __proto__ is a column (%s)', async (format) => {
    await run(
      "DROP TABLE IF EXISTS odd; CREATE TABLE odd (id int PRIMARY KEY, __proto__ int, constructor text); INSERT INTO odd VALUES (1, 7, 'c')",
    );
    const { manifest, rows } = await extracted('odd', ['--format', format]);
    expect(manifest.schema.columns.map(({ name }) => name)).toEqual(['id', '__proto__', 'constructor']);
    expect(rows).toEqual([['1', '7', 'c']]);
    const test = newCase(database.url);
    await finish(test, [
      '--query',
      'SELECT 1 AS `__proto__`, 2 AS `a b`',
      '--name',
      'odd_query',
      '--format',
      format,
      '--compression',
      'none',
    ]);
    const read = await readFiles(test, 'odd_query');
    expect(read.manifest.schema.columns.map(({ name }) => name)).toEqual(['__proto__', 'a b']);
    expect(read.rows).toEqual([['1', '2']]);
  });

  it('two columns of one name in a query are refused by name', async () => {
    const test = newCase(database.url);
    const said = await refuse(
      test,
      ['--query', 'SELECT 1 AS twin, 2 AS twin', '--name', 'q'],
      'QUERY_DUPLICATE_COLUMN',
      2,
    );
    expect(said.stderr).toContain('twin');
  });
});
