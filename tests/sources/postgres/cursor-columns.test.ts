import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TableName } from '../../../src/model/table.ts';
import { cursorCondition } from '../../../src/sources/postgres/cursor-condition.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { CursorJob, cursorsOf } from '../../conformance/cursor-job.ts';
import { codeOf, upTo } from '../../conformance/cursors.suite.ts';
import { ALL_COLUMNS } from '../../conformance/source-reading.ts';
import { type FreshDatabase, freshDatabase } from '../../support/postgres-server.ts';
import { cursorZone, flooredMoment } from '../../../src/sources/postgres/cursor-zone.ts';
import { connect } from '../../../src/sources/postgres/connect.ts';
import { beginTransaction } from './cursor-fixture.ts';
import { configOf, openSession } from './postgres-fixture.ts';

let database: FreshDatabase;
let session: SourceSession;

beforeAll(async () => {
  database = await freshDatabase('cursor_columns');
  session = await openSession(database);
});

afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const named = (name: string): TableName => ({ schema: 'public', name });

async function one(sql: string): Promise<string> {
  const { rows } = await database.client.query({ text: sql, rowMode: 'array' });
  return String(rows[0]?.[0]);
}

async function jobOver(table: string, columns: string, cursor: string): Promise<CursorJob> {
  await database.client.query(`CREATE TABLE ${table} (id bigint PRIMARY KEY, ${columns})`);
  return CursorJob.over(session, named(table), cursor);
}

describe('zones', () => {
  test("columns without a zone are on the database's clock, or on the one that is named", async () => {
    await using kathmandu = await freshDatabase('cursor_zone');
    await kathmandu.client.query(`ALTER DATABASE ${kathmandu.name} SET timezone = 'Asia/Kathmandu'`);
    await using inZone = await openSession(kathmandu);
    const writer = await beginTransaction(kathmandu.url);
    await writer.execute(
      'CREATE TABLE z (id int PRIMARY KEY, at timestamp DEFAULT localtimestamp, day date DEFAULT current_date)',
    );
    await writer.execute('INSERT INTO z VALUES (1)');
    await writer.commit();
    const job = await CursorJob.over(inZone, named('z'), 'at');
    const { ids, bound } = await job.next();
    expect([ids, bound.promise.includes('Asia/Kathmandu')]).toEqual([[1], true]);
    const behind = async (zone: string | null) => {
      job.zone = zone;
      const { to } = await job.bound();
      const { rows } = await kathmandu.client.query<{ hours: number }>(
        `SELECT round(extract(epoch FROM (clock_timestamp() AT TIME ZONE 'UTC') - '${to?.value}'::timestamp) / 900)::int / 4.0::float8 AS hours`,
      );
      return Number(rows[0]?.hours);
    };
    expect(await behind(null)).toBe(-5.75);
    expect(await behind('+02:00')).toBe(-2);
    expect(await behind('-0330')).toBe(3.5);
    expect(await behind('Asia/Kolkata')).toBe(-5.5);
    for (const zone of ['UTC+3', 'Mars/Olympus', "'"])
      expect([zone, await codeOf(behind(zone))]).toEqual([zone, 'CURSOR_ZONE']);
    await kathmandu.client.query(`ALTER ROLE CURRENT_USER IN DATABASE ${kathmandu.name} SET timezone = 'Asia/Tokyo'`);
    await using ofOwn = await openSession(kathmandu);
    expect((await (await CursorJob.over(ofOwn, named('z'), 'at')).bound()).promise).toContain('Asia/Kathmandu');
    const days = await CursorJob.over(inZone, named('z'), 'day');
    const today = await kathmandu.client.query<{ day: string }>(
      `SELECT (now() AT TIME ZONE 'Asia/Kathmandu')::date::text AS day`,
    );
    expect((await days.bound()).to).toEqual({ value: today.rows[0]?.day, inclusive: false });
  });

  test('moments are floored to the precision that the column rounds half up to', async () => {
    await using floors = await floorsOf('UTC');
    for (const [name, typmod] of [
      ['timestamp', 0],
      ['timestamptz', 0],
      ['timestamptz', 3],
      ['timestamp', -1],
    ] as const) {
      for (const moment of ['2024-01-31 08:00:10.700000', '1969-12-31 23:59:59.999999', '2024-01-31 08:00:10.499500']) {
        const { value } = await floors.at({ name, typmod }, moment);
        const digits = typmod < 0 ? 6 : typmod;
        expect(value.replace('+00', '').padEnd(19 + (digits > 0 ? digits + 1 : 0), '0')).toBe(
          moment.slice(0, 19 + (digits > 0 ? digits + 1 : 0)),
        );
        const stored = await one(`SELECT '${value}'::timestamp <= '${moment}'::timestamp(${digits})`);
        expect(stored).toBe('true');
      }
    }
  });

  test('in the autumn both readings of the hour that comes twice wait for the second', async () => {
    await using floors = await floorsOf('Europe/Berlin');
    const at = async (time: string) => {
      const { value, setBack } = await floors.at({ name: 'timestamp', typmod: -1 }, `2024-10-27 ${time}.000000`);
      return [value, setBack];
    };
    expect(await at('23:00:00').then(([, setBack]) => setBack)).toBe(false);
    expect(await at('00:59:59')).toEqual(['2024-10-27 02:00:00', true]);
    expect(await at('00:10:00')).toEqual(['2024-10-27 02:00:00', true]);
    expect(await at('01:00:00')).toEqual(['2024-10-27 02:00:00', false]);
    expect(await at('01:10:00')).toEqual(['2024-10-27 02:10:00', false]);
    expect(await floors.at({ name: 'date', typmod: -1 }, '2024-10-26 22:30:00.000000')).toEqual({
      value: '2024-10-27',
      setBack: false,
    });
    // A day is the same day in both readings.
    expect(await floors.at({ name: 'date', typmod: -1 }, '2024-10-27 00:10:00.000000')).toMatchObject({
      setBack: false,
    });
    await using spring = await floorsOf('Asia/Kathmandu');
    expect((await spring.at({ name: 'date', typmod: -1 }, '2024-03-31 18:20:00.000000')).value).toBe('2024-04-01');
  });
});

async function floorsOf(zone: string) {
  const client = await connect(configOf(database), 'sqlextract test');
  const known = await cursorZone(client, zone);
  return {
    at: ({ name, typmod }: { name: string; typmod: number }, moment: string) =>
      flooredMoment(client, { display: name, schema: 'pg_catalog', name, typtype: 'b', typmod }, moment, known),
    [Symbol.asyncDispose]: () => client.end(),
  };
}

describe('numbers', () => {
  test('sequences with a cache are named; NaN ends the order; decimals are compared as numbers', async () => {
    await database.client.query('CREATE SEQUENCE blocks CACHE 50');
    const job = await jobOver(
      'numbers',
      `n bigint DEFAULT nextval('blocks'), d numeric(6,2), w numeric(5,0), s smallint`,
      'n',
    );
    expect((await job.bound()).remarks.join()).toContain('sequence public.blocks gives each session 50 numbers');
    const over = (column: string) => CursorJob.over(session, named('numbers'), column);
    const [decimals, whole, small] = [await over('d'), await over('w'), await over('s')];
    expect([decimals, whole, small].map(({ column }) => column.kind)).toEqual(['text', 'integer', 'integer']);
    expect(await whole.bound()).toMatchObject({ to: { value: '-100000', inclusive: false } });
    await database.client.query('INSERT INTO numbers VALUES (1, 9, 9.5, 10, -32760), (2, 10, 10.25, 20, 7)');
    expect((await decimals.next()).ids).toEqual([1, 2]);
    expect(decimals.from?.value).toBe('10.25');
    const { earlier, literal } = cursorsOf(session);
    expect(await earlier(small.table, small.column, '-32760', { amount: '500', unit: null })).toBe('-32768');
    expect(await codeOf(literal(small.table, small.column, '40000'))).toBe('CURSOR_VALUE');
    await database.client.query(`INSERT INTO numbers VALUES (3, 11, 'NaN', 30, 8)`);
    expect(await codeOf(decimals.next())).toBe('CURSOR_COLUMN');
  });
});

describe('texts of values', () => {
  test('what the server would drop from a typed value without a word is refused', async () => {
    const job = await jobOver(
      'typed',
      'a timestamp(0), b date, c timestamptz, d varchar(3), e uuid, f json, g time',
      'a',
    );
    const typed = async (column: string, text: string) => {
      const described = await cursorsOf(session).describe(job.table, column);
      return cursorsOf(session).literal(job.table, described, text);
    };
    expect(await typed('a', '2024-01-31T08:00:00.5Z')).toBe('2024-01-31 08:00:00.5');
    expect(await typed('b', '2024-01-31 00:00')).toBe('2024-01-31');
    expect(await typed('c', '2024-01-31 08:00+02')).toBe('2024-01-31 06:00:00+00');
    expect(await typed('d', 'longer')).toBe('longer');
    for (const [column, text] of [
      ['a', '2024-01-31 08:00:00+02'],
      ['a', 'infinity'],
      ['b', '2024-01-31 08:00'],
      ['c', '-infinity'],
      ['e', 'no uuid'],
      ['d', 'a\0'],
    ] as const) {
      expect([column, text, await codeOf(typed(column, text))]).toEqual([column, text, 'CURSOR_VALUE']);
    }
    expect(await codeOf(typed('f', '{}'))).toBe('CURSOR_COLUMN');
    expect(await codeOf(typed('g', '08:00'))).toBe('CURSOR_COLUMN');
  });
});

describe('conditions', () => {
  test('bounds are found by the index, with ties and with rows without a value', async () => {
    const job = await jobOver('indexed', 'at timestamptz, k text', 'at');
    await database.client.query(
      `INSERT INTO indexed SELECT i, timestamptz '2024-01-01' + i * interval '1 second', 'k' || i FROM generate_series(1, 20000) i;
       CREATE INDEX ON indexed (at); ANALYZE indexed`,
    );
    const ties = { kind: 'except', key: ['k', 'id'], tuples: upTo(50).map((n) => [`k'${n}\\`, String(n)]) } as const;
    for (const nulls of [false, true]) {
      const from = { value: '2024-01-01 05:00:00+00', ties } as const;
      const to = { value: '2024-01-01 05:00:10+00', inclusive: false };
      const where = cursorCondition({ column: job.column, from, to, nulls });
      const { rows } = await database.client.query<Record<string, string>>(
        `EXPLAIN SELECT * FROM indexed WHERE ${where}`,
      );
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).toContain('indexed_at_idx');
      expect(plan).toMatch(/Index Cond: .*at >= .*at < /);
      expect(plan).not.toContain('Seq Scan');
      expect(plan).toContain('hashed SubPlan');
    }
  });

  test('a row with a NULL in the key of the ties is repeated rather than lost', async () => {
    const job = await jobOver('null_key', 'at timestamp, k text', 'at');
    job.key = ['k'];
    await database.client.query(`INSERT INTO null_key VALUES (1, '2024-01-31', 'a')`);
    expect((await job.next()).ids).toEqual([1]);
    await database.client.query(`INSERT INTO null_key VALUES (2, '2024-01-31', NULL)`);
    expect((await job.next()).ids).toEqual([2]);
    expect((await job.next()).ids).toEqual([1, 2]);
  });

  test('the columns of a query are cursors as well', async () => {
    await database.client.query(
      `CREATE TABLE asked (id bigint PRIMARY KEY, at timestamptz); INSERT INTO asked VALUES (1, now()), (2, NULL)`,
    );
    const sql = 'SELECT id, at AS changed FROM asked';
    const table = await session.describeQuery({ sql, name: 'q', splitBy: null, selection: ALL_COLUMNS });
    const { describe: find, bound, condition, delivered, hasNulls } = cursorsOf(session);
    const column = await find(table, 'CHANGED');
    expect(column).toMatchObject({ name: 'changed', kind: 'time', nullable: true });
    expect(await codeOf(find(table, 'xmin'))).toBe('CURSOR_COLUMN');
    const signal = new AbortController().signal;
    const { to } = await bound({ table, column, where: null, zone: null, lagMs: null, waitMs: 0, signal });
    const window = { column, from: null, to, nulls: true };
    expect(await session.countRows({ table, where: condition(table, window) })).toBe(2n);
    expect((await delivered({ table, window, where: 'id < 5', key: ['id'], most: 5 })).ties).toEqual([['1']]);
    expect(await hasNulls(table, column, null)).toBe(true);
  });
});
