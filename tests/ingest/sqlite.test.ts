import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sqliteTarget } from '../../src/ingest/targets/sqlite.ts';
import { dotArgument } from '../../src/ingest/targets/sqlite-files.ts';
import { PLACE, planOf } from '../conformance/ingest-example.ts';
import { targetSuite } from '../conformance/target.suite.ts';
import { sqliteShell } from '../support/sqlite-shell.ts';
import { doubledQuotes } from '../support/sql-tokens.ts';
import type { GivenLoad } from './given-load.ts';
import { givenLoad } from './given-load.ts';

targetSuite({
  target: sqliteTarget,
  unquoteIdentifier: doubledQuotes('"'),
  unquoteLiteral: doubledQuotes("'"),
});

const ID = { name: 'id', type: { kind: 'int64' }, nullable: false } as const;
const TEXT = { name: 'v', type: { kind: 'string' } } as const;
const TWO = { columns: [ID, TEXT], primaryKey: ['id'], table: { schema: '', name: 't' } };

function rowsOf(given: GivenLoad, table = 't'): readonly unknown[] {
  const database = new DatabaseSync(join(given.folder, 'target'), { readBigInts: true });
  try {
    return database
      .prepare(`SELECT * FROM "${table}" ORDER BY 1`)
      .all()
      .map((row) => Object.values(row));
  } finally {
    database.close();
  }
}

function prepared(given: GivenLoad, statements: string): void {
  const database = new DatabaseSync(join(given.folder, 'target'));
  database.exec(statements);
  database.close();
}

describe('the sqlite3 shell', () => {
  it('is one that the scripts run in', () => {
    expect(Number(sqliteShell().version.split('.')[1])).toBeGreaterThanOrEqual(37);
  });

  it.each([
    ['a row with too few cells', ['1,"a"', '2'], 2],
    ['a row less than the manifest says', ['1,"a"'], 2],
    ['a row more than the manifest says', ['1,"a"', '2,"b"'], 1],
  ])('stops at %s, and nothing is changed', (_, lines, rows) => {
    using given = givenLoad(sqliteTarget, TWO, lines, { rows });
    const { code, output } = given.run();
    expect({ code, output }).toMatchObject({ code: 1 });
    expect(output).toContain(
      `sqlextract: t: the rows that were loaded are not the ${rows} of the manifest; nothing was changed`,
    );
    expect(() => rowsOf(given)).toThrow(/no such table/);
  });

  it.each([
    [
      'a file that is not the one of the manifest',
      ['1,"a"'],
      { sha256: '0'.repeat(64) },
      /is not the one of the manifest \(SHA-256\)/,
    ],
    ['a U+0000, at which it would cut a text', ['1,"a\0b"'], {}, /a text has a U\+0000/],
    ['a word in a column of integers', ['x,"a"'], {}, /a value of column id is not an integer/],
    ['an integer of more than 64 bits', ['9223372036854775808,"a"'], {}, /a value of column id is not an integer/],
  ])('stops at %s', (_, lines, more, message) => {
    using given = givenLoad(sqliteTarget, TWO, lines, more);
    const { code, output } = given.run();
    expect(code, output).toBe(1);
    expect(output).toMatch(message);
    expect(output).toMatch(/nothing was changed/);
  });

  it('stops at NaN, which SQLite would make NULL, and keeps all other doubles to the bit', () => {
    const facts = {
      columns: [ID, { name: 'd', type: { kind: 'float64' } as const }],
      primaryKey: ['id'],
      table: TWO.table,
    };
    using bad = givenLoad(sqliteTarget, facts, ['1,NaN']);
    expect(bad.run().output).toMatch(/a value of column d is not a number that SQLite can keep exactly/);
    const doubles = [
      0.00085439075533,
      7.144067201e33,
      -4.570094633411456e-297,
      5e-324,
      1.7976931348623157e308,
      0.1,
      1 / 3,
      1e23,
      Infinity,
    ];
    const some = Array.from({ length: 300 }, (_, index) => (Math.sin(index) * 10 ** ((index % 60) - 30)) / 3);
    const all = [...doubles, ...some];
    using good = givenLoad(
      sqliteTarget,
      facts,
      all.map((value, index) => `${index},${value}`),
    );
    expect(good.run()).toMatchObject({ code: 0 });
    expect(rowsOf(good).map((row) => (row as unknown[])[1])).toEqual(all);
  });

  it.runIf(!sqliteShell().hasUnhex)(
    'is too old for binary columns here, and says so before anything is changed',
    () => {
      const facts = {
        columns: [ID, { name: 'b', type: { kind: 'binary' } as const }],
        primaryKey: ['id'],
        table: TWO.table,
      };
      using given = givenLoad(sqliteTarget, facts, ['1,"00ff"']);
      const { code, output } = given.run();
      expect(code).toBe(1);
      expect(output).toMatch(/binary columns need sqlite3 3\.41 or newer \(unhex\), and this shell is older/);
      expect(() => rowsOf(given)).toThrow(/no such table/);
    },
  );

  it('finds files in folders of hostile names', () => {
    for (const folderName of [`a 'b' "c" \\n $(id) |d`, '-x', 'new\nline', '%s {{x}} `id` ä😀']) {
      using given = givenLoad(sqliteTarget, TWO, [`1,"it's ""x"""`, '2,\\N', '3,""'], { folderName });
      expect(given.run(), folderName).toMatchObject({ code: 0 });
      expect(rowsOf(given)).toEqual([
        [1n, `it's "x"`],
        [2n, null],
        [3n, ''],
      ]);
    }
  });

  it('refuses a table whose types would change the values', () => {
    const facts = { ...TWO, columns: [ID, { name: 'v', type: { kind: 'decimal', precision: 20, scale: 2 } as const }] };
    using given = givenLoad(sqliteTarget, facts, ['1,123456789012345678.90']);
    prepared(given, 'CREATE TABLE t (id INTEGER PRIMARY KEY, v DECIMAL(20,2))');
    expect(given.run().output).toMatch(/column v of the table that is there has a type that would change the values/);
    prepared(given, 'DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)');
    expect(given.run()).toMatchObject({ code: 0 });
    expect(rowsOf(given)).toEqual([[1n, '123456789012345678.90']]);
  });

  it('keeps what hangs on a table when its rows are replaced, and refuses to leave references without a row', () => {
    using given = givenLoad(sqliteTarget, TWO, ['1,"new"']);
    prepared(
      given,
      `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE child (p INTEGER REFERENCES t(id) ON DELETE CASCADE);
       INSERT INTO t VALUES (1, 'old'); INSERT INTO child VALUES (1); CREATE VIEW w AS SELECT v FROM t`,
    );
    expect(given.run()).toMatchObject({ code: 0 });
    expect(rowsOf(given, 'w')).toEqual([['new']]);
    expect(rowsOf(given, 'child')).toEqual([[1n]]);
    using other = givenLoad(sqliteTarget, TWO, ['2,"new"']);
    prepared(
      other,
      `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE child (p INTEGER REFERENCES t(id) ON DELETE CASCADE);
       INSERT INTO t VALUES (1, 'old'); INSERT INTO child VALUES (1)`,
    );
    expect(other.run().output).toMatch(/rows that other tables refer to would be missing/);
    expect(rowsOf(other)).toEqual([[1n, 'old']]);
  });

  it('takes the largest of decimals and dates, not of their letters', () => {
    const decimal = { name: 'v', type: { kind: 'decimal', precision: 6, scale: 2 } as const };
    const facts = { ...TWO, columns: [ID, decimal], order: { mode: 'merge' as const, dedupeBy: 'v' } };
    using given = givenLoad(sqliteTarget, facts, [
      '1,9.50',
      '1,10.25',
      '1,-20.00',
      '2,-1.00',
      '2,-3.00',
      '2,\\N',
      '3,\\N',
    ]);
    expect(given.run()).toMatchObject({ code: 0 });
    expect(rowsOf(given)).toEqual([
      [1n, '10.25'],
      [2n, '-1.00'],
      [3n, null],
    ]);
    const day = { name: 'v', type: { kind: 'timestamp', zoned: false } as const };
    using dated = givenLoad(sqliteTarget, { ...facts, columns: [ID, day] }, [
      '1,9999-12-31T00:00:00',
      '1,10000-01-01T00:00:00',
      '2,-0044-03-15T00:00:00',
      '2,-0045-03-15T00:00:00',
    ]);
    expect(dated.run()).toMatchObject({ code: 0 });
    expect(rowsOf(dated)).toEqual([
      [1n, '10000-01-01T00:00:00'],
      [2n, '-0044-03-15T00:00:00'],
    ]);
  });

  it('takes a window out, and refuses rows outside of it', () => {
    const at = { name: 'v', type: { kind: 'timestamp', zoned: true } as const };
    const window = { column: 'v', from: '2024-01-01', to: '2024-01-02 00:00:00' };
    const facts = { ...TWO, columns: [ID, at], order: { mode: 'delete-insert' as const, window } };
    const inside = ['2,2024-01-01T00:00:00+00:00', '3,2024-01-01T23:59:59.999999+00:00'];
    using given = givenLoad(sqliteTarget, facts, inside);
    prepared(
      given,
      "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, '2023-12-31T23:59:59+00:00'), (2, '2024-01-01T00:00:00+00:00'), (4, '2024-01-01T12:00:00+00:00'), (5, '2024-01-02T00:00:00+00:00')",
    );
    expect(given.run()).toMatchObject({ code: 0 });
    expect(rowsOf(given).map((row) => (row as unknown[])[0])).toEqual([1n, 2n, 3n, 5n]);
    using outside = givenLoad(sqliteTarget, facts, [...inside, '5,2024-01-02T00:00:00+00:00']);
    expect(outside.run().output).toMatch(/rows of the files lie outside of the window; nothing was changed/);
    using other = givenLoad(sqliteTarget, facts, inside);
    prepared(other, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (9, '2024-01-01 12:00:00')");
    expect(other.run().output).toMatch(/times in the window that are written in another form/);
  });
});

describe('scripts', () => {
  it('quote arguments of dot-commands', () => {
    expect(String(dotArgument(`a"b\\c\nd'e`))).toBe(`"a\\"b\\\\c\\nd'e"`);
  });

  it('give .import nothing but what the shell of 3.37 knows', () => {
    const [script] = sqliteTarget.scripts(planOf(sqliteTarget, { files: 3 }), PLACE);
    const commands = (script?.text ?? '').split('\n').filter((line) => line.startsWith('.'));
    expect(commands.length).toBeGreaterThan(6);
    for (const command of commands) {
      expect(command).toMatch(
        /^(?:\.bail on|\.timeout 60000|\.import --csv (?:--skip 1 )?--schema temp "\|(?:[^"\\]|\\.)*" _sqlextract_(?:line|text))$/,
      );
    }
  });

  it('have the form of the golden ones', async () => {
    for (const mode of ['replace', 'merge', 'full-refresh'] as const) {
      const facts = { ...TWO, order: { mode }, files: 1 };
      const scripts = sqliteTarget.scripts(planOf(sqliteTarget, facts), PLACE);
      const text = scripts
        .filter(({ name }) => /\.(?:sql|sh)$/.test(name))
        .map(({ name, text: each }) => `### ${name}\n${each}`);
      await expect(text.join('\n')).toMatchFileSnapshot(`../../fixtures/ingest/sqlite/${mode}.txt`);
    }
  });

  it('are refused for schemas, and for markers that could be a binary value', () => {
    const facts = { ...TWO, table: { schema: 'sales', name: 't' } };
    expect(() => sqliteTarget.scripts(planOf(sqliteTarget, facts), PLACE)).toThrow(/SQLite has no schemas/);
    const binary = { ...TWO, columns: [ID, { name: 'b', type: { kind: 'binary' } as const }], nullMarker: '' };
    expect(() => sqliteTarget.scripts(planOf(sqliteTarget, binary), PLACE)).toThrow(/could be one of its values/);
  });
});
