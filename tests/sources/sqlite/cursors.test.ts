import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SourceSession } from '../../../src/sources/source.ts';
import { cursorCondition } from '../../../src/sources/sqlite/cursor-condition.ts';
import { sqliteDriver } from '../../../src/sources/sqlite/index.ts';
import { CursorJob, cursorsOf } from '../../conformance/cursor-job.ts';
import { codeOf, upTo } from '../../conformance/cursors.suite.ts';
import { SqliteFile } from './sqlite-fixture.ts';

let file: SqliteFile;
let session: SourceSession;
let tables = 0;

beforeAll(async () => {
  file = await SqliteFile.create();
  session = await sqliteDriver.open(file.config, 'coordinator');
});

afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await file[Symbol.asyncDispose]();
});

/** A table with the column `c` so declared, and these values in rows 1, 2, …. */
async function jobOver(declared: string, values: readonly string[]): Promise<CursorJob> {
  const name = `t${(tables += 1)}`;
  file.writer.exec(`CREATE TABLE ${name} (id INTEGER PRIMARY KEY, c ${declared})`);
  for (const value of values) file.writer.exec(`INSERT INTO ${name} (c) VALUES (${value})`);
  return CursorJob.over(session, { schema: '', name }, 'c');
}

describe('what is stored decides what a cursor is', () => {
  test('by the storage class at both ends of the order', async () => {
    const kinds = [
      ['DATETIME', ["'2024-01-31 08:00:00'"], 'time'],
      ['TIMESTAMP', ['1706688000'], 'integer'],
      ['BIGINT', [], 'integer'],
      ['DATE', ["'2024-01-31'"], 'date'],
      ['TEXT', ["'a'", 'NULL'], 'text'],
      ['', ['7'], 'integer'],
    ] as const;
    for (const [declared, values, kind] of kinds) {
      expect([declared, (await jobOver(declared, values)).column.kind]).toEqual([declared, kind]);
    }
  });

  test('reals, blobs and mixed classes are refused', async () => {
    for (const [declared, values] of [
      ['DATETIME', ["'2024-01-31'", '1706688000']],
      ['DATETIME', ['1706688000.5']],
      ['DOUBLE', []],
      ['BLOB', ["x'00'", "x'01'"]],
      ['BLOB', ["x'00'", "'text'"]],
    ] as const) {
      expect([declared, await codeOf(jobOver(declared, values))]).toEqual([declared, 'CURSOR_COLUMN']);
    }
    const grown = await jobOver('DATETIME', ["'2024-01-31'"]);
    file.writer.exec(`INSERT INTO ${grown.table.name} (c) VALUES (x'00')`);
    expect(await codeOf(grown.next())).toBe('CURSOR_COLUMN');
    const broken = await jobOver('TEXT', ["CAST(x'ff41' AS TEXT)"]);
    expect(await codeOf(broken.next())).toBe('CURSOR_COLUMN');
  });
});

describe('moments as texts', () => {
  test('a typed value has to look like the stored ones', async () => {
    const typed = async (stored: string, text: string) => {
      const { table, column } = await jobOver('DATETIME', [`'${stored}'`]);
      return cursorsOf(session).literal(table, column, text);
    };
    expect(await typed('2024-01-31 08:00:00', '2024-02-01 09:00')).toBe('2024-02-01 09:00');
    expect(await typed('2024-01-31T08:00:00Z', '2024-02-01T09:00:00.5Z')).toBe('2024-02-01T09:00:00.5Z');
    expect(await typed('31.01.2024', 'anything')).toBe('anything');
    expect(await codeOf(typed('2024-01-31 08:00:00', '2024-02-01T09:00'))).toBe('CURSOR_VALUE');
    expect(await codeOf(typed('2024-01-31T08:00:00Z', '2024-02-01 09:00'))).toBe('CURSOR_VALUE');
    expect(await codeOf(typed('2024-01-31 08:00:00', '2024-02-31'))).toBe('CURSOR_VALUE');
  });

  test('have to be written alike, else a later one may sort before an earlier one', async () => {
    const codeOver = async (declared: string, ...stored: readonly string[]) =>
      codeOf(
        (
          await jobOver(
            declared,
            stored.map((text) => `'${text}'`),
          )
        ).next(),
      );
    expect(await codeOver('DATETIME', '2024-01-31 08:00:00', '2024-01-31T09:00:00')).toBe('CURSOR_COLUMN');
    expect(await codeOver('TEXT', '2024-01-31 08:00:00', '2024-01-31 09:00:00Z')).toBe('CURSOR_COLUMN');
    expect(await codeOver('TEXT', '2024-01-31T08:00:00Z', '2024-01-31T08:00:00.5Z')).toBe('CURSOR_COLUMN');
    expect(await codeOver('DATETIME', '2024-01-31 08:00:00', '31.01.2024 09:00')).toBe('CURSOR_COLUMN');
    const alike = await jobOver('TEXT', ["'2024-01-30'", "'2024-01-31 08:00'", "'2024-01-31 08:00:00.123'", "'none'"]);
    expect((await alike.next()).ids).toHaveLength(4);
    const changed = await jobOver('DATETIME', ["'2024-01-31T08:00:00'"]);
    await changed.next();
    file.writer.exec(`INSERT INTO ${changed.table.name} (c) VALUES ('2024-02-01 08:00:00')`);
    expect(await codeOf(changed.next())).toBe('CURSOR_COLUMN');
  });

  test('a lookback keeps the form, to the last digit', async () => {
    const back = async (value: string) => {
      const { table, column } = await jobOver('DATETIME', [`'${value}'`]);
      return cursorsOf(session).earlier(table, column, value, { amount: '90', unit: 'minute' });
    };
    expect(await back('2024-03-01 01:00:00')).toBe('2024-02-29 23:30:00');
    expect(await back('2024-03-01 01:00:00.1234567')).toBe('2024-02-29 23:30:00.1234567');
    expect(await back('2024-03-01T01:00:00.999Z')).toBe('2024-02-29T23:30:00.999Z');
    expect(await codeOf(back('01.03.2024 01:00'))).toBe('CURSOR_LOOKBACK');
    expect(await codeOf(back('0000-01-01 00:00:00'))).toBe('CURSOR_LOOKBACK');
  });

  test('a lag is counted in the zone that is named', async () => {
    const job = await jobOver('DATETIME', ["datetime('now', '+3 hours')"]);
    const hoursAhead = async (zone: string | null) => {
      job.zone = zone;
      const { to } = await job.bound({ lagMs: 60_000 });
      const sql = `SELECT round((julianday('${to?.value}') - julianday('now')) * 24 * 4) / 4 AS hours`;
      return file.writer.prepare(sql).get()?.['hours'];
    };
    expect(await hoursAhead(null)).toBe(0);
    expect(await hoursAhead('+02:00')).toBe(2);
    expect(await hoursAhead('-0530')).toBe(-5.5);
    expect(await hoursAhead('+04:00')).toBe(3);
  });
});

test('thousands of ties, and bounds that are found by the index', async () => {
  const job = await jobOver('DATETIME', ["'2024-01-31 08:00:00'"]);
  const { name } = job.table;
  file.writer.exec(`CREATE INDEX ${name}_c ON ${name} (c)`);
  file.writer.exec(
    `INSERT INTO ${name} (c) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2999) SELECT '2024-01-31 08:00:00' FROM n`,
  );
  expect((await job.next()).ids).toEqual(upTo(3000));
  expect((await job.next()).ids).toEqual([]);
  const { from } = job;
  const where = cursorCondition({
    column: job.column,
    from,
    to: { value: '2024-02-01', inclusive: false },
    nulls: false,
  });
  const plan = file.writer.prepare(`EXPLAIN QUERY PLAN SELECT * FROM ${name} WHERE ${where}`).all();
  expect(JSON.stringify(plan)).toMatch(new RegExp(`USING (COVERING )?INDEX ${name}_c \\(c>\\? AND c<\\?\\)`));
  job.key = ['c', 'id'];
  job.from = null;
  expect((await job.next()).ids).toEqual(upTo(3000));
  expect((await job.next()).ids).toEqual([]);
});

test('a row with a NULL in the key of the ties is repeated rather than lost', async () => {
  const job = await jobOver('DATETIME', ["'2024-01-31'"]);
  const { name } = job.table;
  file.writer.exec(`ALTER TABLE ${name} ADD COLUMN k TEXT; UPDATE ${name} SET k = 'a'`);
  job.key = ['k'];
  expect((await job.next()).ids).toEqual([1]);
  file.writer.exec(`INSERT INTO ${name} (c) VALUES ('2024-01-31')`);
  expect((await job.next()).ids).toEqual([2]);
  expect((await job.next()).ids).toEqual([1, 2]);
});
