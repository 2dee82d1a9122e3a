import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteDriver } from '../../../src/sources/sqlite/index.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { ALL_COLUMNS, hashSum, planRanges, readPlan, readRows } from '../../conformance/source-reading.ts';
import { problemOf } from '../../conformance/source-describes.ts';
import { SqliteFile } from './sqlite-fixture.ts';

let file: SqliteFile;
let session: SourceSession;

beforeEach(async () => {
  file = await SqliteFile.create();
  session = await sqliteDriver.open(file.config, 'coordinator');
});

afterEach(async () => {
  await session[Symbol.asyncDispose]();
  await file[Symbol.asyncDispose]();
});

async function described(name = 't', asText: readonly string[] = []) {
  return session.describe({ schema: '', name }, { ...ALL_COLUMNS, asText });
}

async function cells(name = 't', asText: readonly string[] = []) {
  return readRows(session, { table: await described(name, asText) });
}

async function misfit(name = 't') {
  const table = await described(name);
  return problemOf(readRows(session, { table }));
}

describe('45. cells that contradict the declared type', () => {
  it.each([
    ['INTEGER', '1.5', 'the real 1.5'],
    ['INTEGER', "'abc'", 'the text "abc"'],
    ['INTEGER', "x'00ff'", "the blob x'00ff'"],
    ['INTEGER', '9223372036854775808', 'the real 9223372036854776000'],
    ['REAL', "'abc'", 'the text "abc"'],
    ['TEXT', "x'00ff'", "the blob x'00ff'"],
    ['BLOB', "'abc'", 'the text "abc"'],
    ['BLOB', '1', 'the integer 1'],
    ['BOOLEAN', '2', 'the integer 2'],
    ['BOOLEAN', "'true'", 'the text "true"'],
    ['DECIMAL(5,2)', '1.005', 'the real 1.005'],
    ['DECIMAL(5,2)', '1000', 'the integer 1000'],
    ['DECIMAL(5,2)', "'x'", 'the text "x"'],
    ['UUID', "'not one'", 'the text "not one"'],
    ['JSON', "x'00'", "the blob x'00'"],
    ['DATE', "x'00'", "the blob x'00'"],
  ])('%s with %s stops the read and names the cell; --as-text takes it', async (type, literal, named) => {
    file.writer.exec(
      `CREATE TABLE t (id INTEGER PRIMARY KEY, c ${type}); INSERT INTO t VALUES (6, NULL), (7, ${literal}), (8, NULL)`,
    );
    const problem = await misfit();
    expect(problem).toMatchObject({ code: 'VALUE_DOES_NOT_FIT', fault: 'data', verdict: 'fatal' });
    expect(problem.message).toContain('t.c, id = 7');
    expect(problem.message).toContain(named);
    expect(problem.hint).toContain('--as-text t.c');
    expect((await cells('t', ['c'])).map((row) => row[1] === null)).toEqual([true, false, true]);
    const table = await described();
    expect(await problemOf(session.checksum({ table, where: null }))).toMatchObject({ code: 'VALUE_DOES_NOT_FIT' });
  });

  it('names the primary key of a table without row ids, and the row id of one without a key', async () => {
    file.writer.exec(
      "CREATE TABLE w (a TEXT, b INT, c INT, PRIMARY KEY (a, b)) WITHOUT ROWID; INSERT INTO w VALUES ('x', 2, 'bad')",
    );
    file.writer.exec("CREATE TABLE r (c INT); INSERT INTO r (rowid, c) VALUES (41, 1), (42, 'bad')");
    expect((await misfit('w')).message).toContain('a = "x", b = 2');
    expect((await misfit('r')).message).toContain('rowid = 42');
  });

  it('names the right row far behind the first batch', async () => {
    file.writer.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, c INT)');
    file.writer.exec(
      "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 5000) INSERT INTO t SELECT n * 3, iif(n = 4321, 'bad', n) FROM s",
    );
    expect((await misfit()).message).toContain(`id = ${4321 * 3}:`);
  });

  it('refuses NULL in a column declared NOT NULL', async () => {
    file.writer.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, c INT); INSERT INTO t VALUES (1, 1), (2, NULL)');
    file.writer.enableDefensive(false);
    file.writer.exec(
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'c INT', 'c INT NOT NULL'); PRAGMA writable_schema = RESET",
    );
    await session[Symbol.asyncDispose]();
    session = await sqliteDriver.open(file.config, 'coordinator');
    expect((await misfit()).message).toContain('NULL in a column declared NOT NULL');
  });
});

describe('values', () => {
  it('writes every storage class as text where asked', async () => {
    file.writer.exec(
      "CREATE TABLE t (c); INSERT INTO t VALUES (9223372036854775807), (0.1), (1e300), (-9e999), ('a'), (x'00ff'), (x''), (NULL)",
    );
    const texts = [['9223372036854775807'], ['0.1'], ['1e+300'], ['-Infinity'], ['a'], ["x'00ff'"], ["x''"], [null]];
    expect(await cells('t', ['c'])).toEqual(texts);
    const table = await described('t', ['c']);
    expect(await session.checksum({ table, where: null })).toEqual({ rows: 8n, sum: hashSum(texts) });
  });

  it('keeps dates as they were stored', async () => {
    file.writer.exec(
      "CREATE TABLE t (c DATETIME); INSERT INTO t VALUES ('2024-02-30'), (1700000000), (2460000.5), ('')",
    );
    expect(await cells()).toEqual([['2024-02-30'], ['1700000000'], ['2460000.5'], ['']]);
  });

  it('writes decimals exactly, whichever class SQLite gave them', async () => {
    file.writer.exec(
      "CREATE TABLE t (c DECIMAL(12,2)); INSERT INTO t VALUES (8.16), ('19.99'), (5), (-0.01), (-123456789.01), (0.0), (-0.0)",
    );
    const texts = [['8.16'], ['19.99'], ['5.00'], ['-0.01'], ['-123456789.01'], ['0.00'], ['0.00']];
    expect(await cells()).toEqual(texts);
    expect(await session.checksum({ table: await described(), where: null })).toEqual({
      rows: 7n,
      sum: hashSum(texts),
    });
  });

  it('keeps doubles to the last bit, infinities and negative zero included', async () => {
    file.writer.exec(
      'CREATE TABLE t (c REAL); INSERT INTO t VALUES (0.1), (5e-324), (1.7976931348623157e308), (9e999), (-9e999), (1)',
    );
    file.writer.prepare('INSERT INTO t VALUES (?)').run(0.1 + 0.2);
    expect(await cells()).toEqual([
      ['0.1'],
      ['5e-324'],
      ['1.7976931348623157e+308'],
      ['Infinity'],
      ['-Infinity'],
      ['1'],
      ['0.30000000000000004'],
    ]);
  });

  it('plans untyped columns by their cells', async () => {
    file.writer.exec(
      "CREATE TABLE t (i, r, m, big, x, b, e); INSERT INTO t VALUES (1, 1.5, 1, 9007199254740993, 1, x'01', NULL), (2, 2.5, 1.5, 1.5, 'a', x'', NULL)",
    );
    expect((await described()).columns.map((column) => column.type.kind)).toEqual([
      'int64',
      'float64',
      'float64',
      'string',
      'string',
      'binary',
      'string',
    ]);
    expect(await cells()).toEqual([
      ['1', '1.5', '1', '9007199254740993', '1', '01', null],
      ['2', '2.5', '1.5', '1.5', 'a', '', null],
    ]);
  });

  it('refuses blobs beside other cells in an untyped column, but not when the column is left out or read as text', async () => {
    file.writer.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, c ANY); INSERT INTO t VALUES (1, 'a'), (2, x'00')");
    const problem = await problemOf(described());
    expect(problem).toMatchObject({ code: 'TYPE_REFUSED', fault: 'data' });
    expect(problem.hint).toContain('--as-text t.c');
    expect(await cells('t', ['C'])).toEqual([
      ['1', 'a'],
      ['2', "x'00'"],
    ]);
    expect((await session.describe({ schema: '', name: 't' }, { ...ALL_COLUMNS, exclude: ['c'] })).columns.length).toBe(
      1,
    );
  });

  it('writes numbers in a JSON column as JSON', async () => {
    file.writer.exec(
      `CREATE TABLE t (c JSON); INSERT INTO t VALUES ('{"a":  1, "a": 2}'), ('123'), ('1.50'), (NULL), ('null')`,
    );
    expect(await cells()).toEqual([['{"a":  1, "a": 2}'], ['123'], ['1.5'], [null], ['null']]);
  });
});

describe('46. text survives or stops the read', () => {
  // Without U+FFFF, in whose place SQLite itself stores U+FFFD when the database is in UTF-16.
  const ZOO = [
    '',
    'é',
    'e\u0301',
    '😀',
    '\ufffd',
    '\ufeffbom',
    'a\0b',
    '\u{10ffff}',
    'plain',
    '日本語',
    `${'x'.repeat(5000)}é`,
  ];

  it.each(['UTF-8', 'UTF-16le', 'UTF-16be'])('survives in a database in %s', async (encoding) => {
    file.writer.exec(`PRAGMA encoding = '${encoding}'; CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT, d TEXT)`);
    await session[Symbol.asyncDispose]();
    session = await sqliteDriver.open(file.config, 'coordinator');
    const insert = file.writer.prepare('INSERT INTO t (c, d) VALUES (?, ?)');
    file.writer.exec('BEGIN');
    for (let i = 0; i < 100; i++) for (const text of ZOO) insert.run(text, i % 3 === 0 ? null : `${text}-${i}`);
    file.writer.exec('COMMIT');
    const read = await cells();
    expect(read.map((row) => row[1])).toEqual(Array.from({ length: 100 }, () => ZOO).flat());
    expect(read.slice(ZOO.length, 2 * ZOO.length).map((row) => row[2])).toEqual(ZOO.map((text) => `${text}-1`));
  });

  it.each(["x'ff41'", "x'41c3'", "x'eda080'", "x'f5808080'", "x'c080'"])(
    'stops at bytes that are no UTF-8: %s',
    async (bytes) => {
      file.writer.exec(
        `CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, c TEXT); INSERT INTO t VALUES (1, 1, char(65533)), (2, 2, 'ok'), (3, 3, CAST(${bytes} AS TEXT))`,
      );
      const problem = await misfit();
      expect(problem.code).toBe('VALUE_DOES_NOT_FIT');
      expect(problem.message).toContain('t.c, id = 3');
      expect(problem.hint).toContain('--exclude-columns');
    },
  );

  it('finds invalid bytes among thousands of stored replacement characters, in any range', async () => {
    file.writer.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, k INT, c TEXT, d TEXT); CREATE INDEX i ON t (k, c)');
    file.writer.exec(`WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 6000)
      INSERT INTO t SELECT n, -n, char(65533) || n, iif(n % 7 = 0, char(65533), 'x') FROM s`);
    const table = await described();
    const key = { columns: ['k'], nullable: true } as unknown as Parameters<typeof planRanges>[2];
    const ranges = await planRanges(session, table, key, 2000);
    expect((await readPlan(session, table, key, ranges)).length).toBe(6000);
    file.writer.exec("UPDATE t SET d = CAST(x'78ff' AS TEXT) WHERE id = 4567");
    const problem = await problemOf(readPlan(session, table, key, ranges));
    expect(problem.message).toContain('t.d, id = 4567');
  });
});
