import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteDriver } from '../../../src/sources/sqlite/index.ts';
import { keyLiteral } from '../../../src/sources/sqlite/quote.ts';
import { rangeCondition } from '../../../src/sources/sqlite/range-predicate.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { ALL_COLUMNS, describeAll, keyOver, planRanges, readPlan, readRows } from '../../conformance/source-reading.ts';
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

async function keysOf(name: string) {
  const table = await describeAll(session, { schema: '', name });
  return table.candidateKeys.map(
    (key) => `${key.kind}(${key.columns.join(',')})${key.nullable ? '?' : ''}${key.refused === null ? '' : ' refused'}`,
  );
}

/** Reads the table once by its ranges at several steps; answers the first column of every row, sorted. */
async function byRanges(name: string, columns: readonly string[], asText: readonly string[] = []) {
  const table = await session.describe({ schema: '', name }, { ...ALL_COLUMNS, asText });
  const key = keyOver(table, columns);
  const whole = (await readRows(session, { table })).map(String).toSorted();
  for (const step of [1, 2, 5]) {
    const ranges = await planRanges(session, table, key, step);
    expect((await readPlan(session, table, key, ranges)).map(String).toSorted(), `step ${step}`).toEqual(whole);
    expect(ranges.length).toBeGreaterThan(step === 1 ? 1 : 0);
  }
  return whole.length;
}

describe('which keys a table offers', () => {
  it.each([
    ['id INTEGER PRIMARY KEY, b', ['primary(id)']],
    ['id INT PRIMARY KEY, b', ['rowid(rowid)', 'primary(id)?']],
    ['id INTEGER PRIMARY KEY DESC, b', ['rowid(rowid)', 'primary(id)?']],
    ['a TEXT PRIMARY KEY', ['rowid(rowid)', 'primary(a)?']],
    ['rowid TEXT, a', ['rowid(_rowid_)']],
    ['RowId, _ROWID_ TEXT', ['rowid(oid)']],
    ['rowid, _rowid_, oid', []],
    ['rowid, _rowid_, oid INTEGER PRIMARY KEY', ['primary(oid)']],
    ['a, b NOT NULL UNIQUE, UNIQUE (a, b)', ['rowid(rowid)', 'unique(b)', 'unique(a,b)?']],
  ])('%s', async (columns, keys) => {
    file.writer.exec(`CREATE TABLE t (${columns})`);
    expect(await keysOf('t')).toEqual(keys);
  });

  it('WITHOUT ROWID has its primary key only', async () => {
    file.writer.exec('CREATE TABLE t (a TEXT, b INT, PRIMARY KEY (b, a)) WITHOUT ROWID');
    expect(await keysOf('t')).toEqual(['primary(b,a)']);
    expect((await describeAll(session, { schema: '', name: 't' })).primaryKey).toEqual(['b', 'a']);
  });

  it.each([
    ['CREATE INDEX i ON t (a) WHERE a > 1', 'partial'],
    ['CREATE INDEX i ON t (a + 1)', 'expression'],
    ['CREATE INDEX i ON t (a COLLATE NOCASE)', 'sorted in another way'],
    ['CREATE INDEX i ON t (a, b DESC)', 'sorted in another way'],
  ])('%s is refused with the reason', async (sql, reason) => {
    file.writer.exec(`CREATE TABLE t (a TEXT, b TEXT); ${sql}`);
    const { candidateKeys } = await describeAll(session, { schema: '', name: 't' });
    expect(candidateKeys[1]?.refused).toContain(reason);
  });

  it('takes an index with the collation of its column, and one that is descending throughout', async () => {
    file.writer.exec(
      'CREATE TABLE t (a TEXT COLLATE NOCASE, b); CREATE INDEX i ON t (a); CREATE INDEX j ON t (b DESC)',
    );
    expect(await keysOf('t')).toEqual(['rowid(rowid)', 'index(b)?', 'index(a)?']);
  });

  it('views and virtual tables have none, and are read in one stream', async () => {
    file.writer.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (1, 'x'), (2, 'y')");
    file.writer.exec(
      "CREATE VIEW v AS SELECT a, b || '!' AS c, b FROM t; CREATE VIRTUAL TABLE f USING fts5(body); INSERT INTO f VALUES ('hello')",
    );
    const view = await describeAll(session, { schema: '', name: 'v' });
    expect(view).toMatchObject({ kind: 'view', candidateKeys: [] });
    expect(view.columns.map((column) => column.type.kind)).toEqual(['int64', 'string', 'string']);
    expect(await readRows(session, { table: view })).toEqual([
      ['1', 'x!', 'x'],
      ['2', 'y!', 'y'],
    ]);
    const virtual = await describeAll(session, { schema: '', name: 'f' });
    expect(virtual.columns.map((column) => column.name)).toEqual(['body']);
    expect(await readRows(session, { table: virtual })).toEqual([['hello']]);
    expect((await session.listTables()).map((each) => each.name)).toEqual(['f', 't', 'v']);
  });

  it('generated columns are columns', async () => {
    file.writer.exec("CREATE TABLE t (a INT, b AS (a * 2) STORED, c TEXT AS (a || 'x')); INSERT INTO t VALUES (4)");
    expect(await readRows(session, { table: await describeAll(session, { schema: '', name: 't' }) })).toEqual([
      ['4', '8', '4x'],
    ]);
  });
});

describe('47. ranges hold every row once', () => {
  it('over row ids, with gaps and below zero', async () => {
    file.writer.exec(
      'CREATE TABLE t (a); INSERT INTO t (rowid, a) VALUES (-9223372036854775808, 1), (-3, 2), (7, 3), (9223372036854775807, 4)',
    );
    expect(await byRanges('t', ['rowid'])).toBe(4);
  });

  it('over a key whose cells are of all storage classes', async () => {
    file.writer.exec(`CREATE TABLE t (k UNIQUE); INSERT INTO t VALUES (1), (2.5), (1e300), (9e999), (-9e999), (9007199254740993), (9007199254740992.0),
      (''), ('10'), ('A'), ('a'), ('it''s'), (char(0)), ('a' || char(0) || 'b'), ('a' || char(0) || 'c'), (CAST(x'ff41' AS TEXT)), (CAST(x'ff42' AS TEXT)),
      (char(65533)), (x''), (x'00'), (x'00ff'), (NULL), (NULL)`);
    // Cells that are no UTF-8 can be keys, but not be read: the rows of the ranges are counted instead.
    const table = await session.describe({ schema: '', name: 't' }, { ...ALL_COLUMNS, asText: ['k'] });
    const key = keyOver(table, ['k']);
    for (const step of [1, 2, 3, 5, 100]) {
      const conditions = (await planRanges(session, table, key, step)).map((range) =>
        rangeCondition(table, key.columns, range, null),
      );
      const hits = file.writer.prepare(
        `SELECT ${conditions.map((each) => `total(${each})`).join(' + ')} AS hits, min(${conditions.map((each) => `coalesce(${each}, 0)`).join(' + ')}) AS least FROM t`,
      );
      expect(hits.get(), `step ${step}`).toEqual({ hits: 23, least: 1 });
    }
  });

  it('over a numeric column that holds texts', async () => {
    file.writer.exec(
      "CREATE TABLE t (k NUMERIC UNIQUE); INSERT INTO t VALUES (1), ('2'), ('x'), ('1e3'), (' 5'), ('5 x'), ('0x10'), ('99999999999999999999'), ('1.10'), (x'31'), ('')",
    );
    expect(await byRanges('t', ['k'], ['k'])).toBe(11);
  });

  it('over a NOCASE column with texts that differ by case only', async () => {
    file.writer.exec(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT COLLATE NOCASE); CREATE INDEX i ON t (k); INSERT INTO t (k) VALUES ('a'), ('A'), ('b'), ('B'), ('é'), ('É'), ('_'), (NULL)",
    );
    expect(await byRanges('t', ['k'])).toBe(8);
  });

  it('over a TEXT PRIMARY KEY with several NULLs', async () => {
    file.writer.exec(
      "CREATE TABLE t (k TEXT PRIMARY KEY, v INT); INSERT INTO t VALUES ('a', 1), (NULL, 2), ('b', 3), (NULL, 4), (NULL, 5)",
    );
    expect(await byRanges('t', ['k'])).toBe(5);
  });

  it('over a descending index', async () => {
    file.writer.exec(
      'CREATE TABLE t (k INT NOT NULL, v); CREATE INDEX i ON t (k DESC); INSERT INTO t VALUES (3, 1), (1, 2), (2, 3), (2, 4), (9, 5)',
    );
    expect(await byRanges('t', ['k'])).toBe(5);
  });

  it('over a key of three columns', async () => {
    file.writer.exec(`CREATE TABLE t (a INT, b TEXT, c REAL, PRIMARY KEY (a, b, c)) WITHOUT ROWID;
      INSERT INTO t SELECT value % 3, char(97 + value % 5), value * 0.1 FROM json_each('[${Array.from({ length: 60 }, (_, n) => n).join(',')}]')`);
    expect(await byRanges('t', ['a', 'b', 'c'])).toBe(60);
  });
});

describe('boundary literals', () => {
  it.each([
    [5n, '35', 'integer'],
    [-9223372036854775808n, '', 'integer'],
    [5, '35', 'real'],
    [0.1, '', 'real'],
    [5e-324, '', 'real'],
    [1e21, '', 'real'],
    [Infinity, '', 'real'],
    [-Infinity, '', 'real'],
    ["it's", '', 'text'],
    ['5\0', '3500', 'text'],
    [new Uint8Array([0, 255]), '00ff', 'blob'],
  ])('%s is its own literal', (value, hex, kind) => {
    const literal = keyLiteral({ value, hex });
    const row = file.writer.prepare(`SELECT typeof(${literal}) AS kind, ? = ${literal} AS same`).get(value);
    expect({ ...row }).toEqual({ kind, same: 1 });
  });

  it('does not convert what it is compared with', () => {
    const literal = keyLiteral({ value: '5\0', hex: '3500' });
    expect(file.writer.prepare(`SELECT abs(-6) < ${literal} AS less`).get(), 'numbers come before text').toEqual({
      less: 1,
    });
  });
});

describe('estimates', () => {
  it('come from ANALYZE, else from the row ids', async () => {
    file.writer.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, k); CREATE INDEX i ON t (k); CREATE TABLE e (a)');
    file.writer.exec(
      'WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 500) INSERT INTO t SELECT n, n FROM s',
    );
    const rows = async (name: string) => (await describeAll(session, { schema: '', name })).estimatedRows;
    expect(await rows('t')).toBe(500);
    expect(await rows('e')).toBe(0);
    file.writer.exec('DELETE FROM t WHERE id BETWEEN 100 AND 200; ANALYZE');
    expect(await rows('t')).toBe(399);
  });

  it('change with the definition of the table, not with its rows', async () => {
    file.writer.exec('CREATE TABLE t (a)');
    const id = async () => (await describeAll(session, { schema: '', name: 't' })).objectId;
    const before = await id();
    file.writer.exec('INSERT INTO t VALUES (1)');
    expect(await id()).toBe(before);
    file.writer.exec('ALTER TABLE t ADD COLUMN b');
    expect(await id()).not.toBe(before);
  });

  it('change with a VACUUM, where it gives new row ids', async () => {
    file.writer.exec(
      'CREATE TABLE t (a); INSERT INTO t VALUES (1), (2); DELETE FROM t WHERE a = 1; CREATE TABLE k (id INTEGER PRIMARY KEY)',
    );
    const ids = async () =>
      Promise.all(['t', 'k'].map(async (name) => (await describeAll(session, { schema: '', name })).objectId));
    const [table, keyed] = await ids();
    file.writer.exec('VACUUM');
    const [after, keyedAfter] = await ids();
    expect(after).not.toBe(table);
    expect(keyedAfter).toBe(keyed);
  });
});
