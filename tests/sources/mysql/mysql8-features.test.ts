import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TableSchema } from '../../../src/model/table.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { describeAll, keyOver, planRanges, readPlan, readRows } from '../../conformance/source-reading.ts';
import { type FreshMariadb, freshMariadb } from '../../support/mariadb-server.ts';
import { type ServerKind, serverKind } from '../../support/mysql-kind.ts';
import { openSession } from './mysql-fixture.ts';

/** Tables that only MySQL 8 can have. MariaDB must refuse to make each: one that it makes is to be read there as well. */

let database: FreshMariadb;
let session: SourceSession;
let kind: ServerKind;

beforeAll(async () => {
  database = await freshMariadb('features');
  kind = await serverKind();
});

// All tables have one name, and a session remembers the columns of a table that it has walked.
beforeEach(async () => {
  session = await openSession(database);
});

afterEach(() => session[Symbol.asyncDispose]());
afterAll(() => database?.[Symbol.asyncDispose]());

interface Feature {
  readonly what: string;
  /** The first is what MariaDB refuses. */
  readonly make: readonly string[];
  check(table: TableSchema): Promise<void>;
}

const usable = (table: TableSchema) =>
  table.candidateKeys.filter(({ refused }) => refused === null).map(({ name }) => name);

async function readByKey(table: TableSchema, columns: readonly string[], step: number) {
  const key = keyOver(table, columns);
  const ranges = await planRanges(session, table, key, step);
  return { ranges, rows: await readPlan(session, table, key, ranges) };
}

const FEATURES: readonly Feature[] = [
  {
    what: 'indexes over expressions are no keys, and hidden columns are none',
    make: [
      "CREATE TABLE t (id int PRIMARY KEY, v varchar(20), j json, UNIQUE lowered ((lower(v))), INDEX many ((CAST(j->'$.a' AS UNSIGNED ARRAY))), INDEX mixed (v, (id + 1)))",
      `INSERT INTO t VALUES (1, 'A', '{"a":[1,2]}'), (2, 'b', NULL)`,
    ],
    async check(table) {
      expect(table.columns.map(({ name }) => name)).toEqual(['id', 'v', 'j']);
      expect(table.candidateKeys.map(({ name }) => name)).toEqual(['PRIMARY']);
      expect(await readRows(session, { table })).toEqual([
        ['1', 'A', '{"a": [1, 2]}'],
        ['2', 'b', null],
      ]);
    },
  },
  {
    what: 'a generated invisible primary key is read, and ranges are cut from it',
    make: [
      'SET SESSION sql_generate_invisible_primary_key = ON',
      'CREATE TABLE t (v int)',
      'SET SESSION sql_generate_invisible_primary_key = OFF',
      'INSERT INTO t (v) VALUES (5), (6), (7), (8), (9)',
    ],
    async check(table) {
      expect(table.primaryKey).toEqual(['my_row_id']);
      expect(table.remarks.join()).toMatch(/invisible columns are read too: my_row_id/);
      const { ranges, rows } = await readByKey(table, ['my_row_id'], 2);
      expect(ranges.length).toBe(3);
      expect(rows.map((row) => row.join()).toSorted()).toEqual(['1,5', '2,6', '3,7', '4,8', '5,9']);
    },
  },
  {
    what: 'an invisible index is no key',
    make: ['CREATE TABLE t (id int NULL, UNIQUE hid (id) INVISIBLE, INDEX (id))', 'INSERT INTO t VALUES (1)'],
    async check(table) {
      expect(usable(table)).toEqual(['id']);
      expect(table.candidateKeys.find(({ name }) => name === 'hid')?.refused).toMatch(/hidden/);
      expect(await readRows(session, { table })).toEqual([['1']]);
    },
  },
  {
    what: 'collations of Unicode 9 without padding: blanks at the end count, expansions and case do not',
    make: [
      'CREATE TABLE t (k varchar(20) COLLATE utf8mb4_0900_ai_ci NOT NULL, n int PRIMARY KEY, INDEX (k))',
      "INSERT INTO t VALUES ('a', 0), ('A', 1), ('a ', 2), ('á', 3), ('ß', 4), ('SS', 5), ('', 6), (' ', 7), ('😀', 8), ('a\\t', 9)",
    ],
    async check(table) {
      for (const step of [1, 2, 4]) {
        const { ranges, rows } = await readByKey(table, ['k'], step);
        expect(rows.map((row) => Number(row[1])).toSorted((one, other) => one - other)).toEqual([
          0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
        ]);
        // '', ' ', 'a' of three, 'a\t', 'a ', 'ß' of two, the face.
        if (step === 1) expect(ranges.length).toBe(7);
      }
    },
  },
  ...['utf8mb4_0900_bin', 'utf8mb4_0900_as_cs', 'utf8mb4_ja_0900_as_cs_ks'].map((collation) => ({
    what: `a primary key under ${collation} is cut at each text`,
    make: [
      `CREATE TABLE t (k varchar(20) COLLATE ${collation} PRIMARY KEY, n int)`,
      "INSERT INTO t VALUES ('', 0), (' ', 1), ('a', 2), ('A', 3), ('a ', 4), ('é', 5), ('e\u0301x', 6), ('日本', 7), ('😀', 8)",
    ],
    async check(table: TableSchema) {
      const { ranges, rows } = await readByKey(table, ['k'], 1);
      expect(ranges.length).toBe(9);
      expect(rows.map((row) => Number(row[1])).toSorted((one, other) => one - other)).toEqual([
        0, 1, 2, 3, 4, 5, 6, 7, 8,
      ]);
    },
  })),
];

describe('what MySQL 8 has and MariaDB has not', () => {
  it.each(FEATURES)('$what', async ({ make, check }) => {
    await database.client.query('DROP TABLE IF EXISTS t');
    const [first, ...others] = make as [string, ...string[]];
    if (kind === 'mariadb') return expect(database.client.query(first)).rejects.toThrow(/syntax|unknown/i);
    await database.client.query(first);
    for (const statement of others) await database.client.query(statement);
    await check(await describeAll(session, { schema: database.name, name: 't' }));
  });
});

describe('keys that run backwards', () => {
  it.each([['a DESC, id DESC'], ['a, id']])('PRIMARY KEY (%s)', async (parts) => {
    await database.client.query(
      `DROP TABLE IF EXISTS t; CREATE TABLE t (id int NOT NULL, a int NOT NULL, PRIMARY KEY (${parts}));
       INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT i, i MOD 7 FROM n`,
    );
    const table = await describeAll(session, { schema: database.name, name: 't' });
    expect(usable(table)).toEqual(['PRIMARY']);
    const { ranges, rows } = await readByKey(table, ['a', 'id'], 9);
    expect(ranges.length).toBeGreaterThan(10);
    expect(new Set(rows.map(([id]) => id)).size).toBe(100);
    expect(rows.length).toBe(100);
  });

  it('in part give no ranges', async () => {
    await database.client.query(
      'DROP TABLE IF EXISTS t; CREATE TABLE t (id int NOT NULL, a int NOT NULL, PRIMARY KEY (a DESC, id))',
    );
    const table = await describeAll(session, { schema: database.name, name: 't' });
    expect(table.candidateKeys.map(({ refused }) => refused)).toEqual(['its columns run in different directions']);
  });
});
