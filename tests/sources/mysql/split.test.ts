import type { Connection } from 'mysql2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyTuple } from '../../../src/model/key-range.ts';
import type { TableSchema } from '../../../src/model/table.ts';
import { connect } from '../../../src/sources/mysql/connect.ts';
import { endConnection } from '../../../src/sources/mysql/open-connection.ts';
import { queryRecords } from '../../../src/sources/mysql/query-rows.ts';
import { rangePredicate, rangeRelation } from '../../../src/sources/mysql/ranges.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { describeAll, keyOver, planRanges, readPlan } from '../../conformance/source-reading.ts';
import { type FreshMariadb, freshMariadb } from '../../support/mariadb-server.ts';
import { configOf, openSession } from './mysql-fixture.ts';

let database: FreshMariadb;
let session: SourceSession;
let connection: Connection;

beforeAll(async () => {
  database = await freshMariadb('split');
  session = await openSession(database);
  connection = await connect(configOf(database), 'sqlextract test');
});

afterAll(async () => {
  if (connection !== undefined) await endConnection(connection);
  await session?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

async function table(name: string, ...statements: readonly string[]): Promise<TableSchema> {
  for (const statement of statements) await database.client.query(statement);
  return describeAll(session, { schema: database.name, name });
}

/** Ranges of `step` rows over the key, read; the ids must be all of them, once. */
async function expectWhole(schema: TableSchema, columns: readonly string[], steps: readonly number[]): Promise<void> {
  const key = keyOver(schema, columns);
  const [rows] = await database.client.query<never[]>(`SELECT id FROM \`${schema.name}\` ORDER BY id`);
  const expected = (rows as unknown as { id: number }[]).map(({ id }) => String(id));
  for (const step of steps) {
    const ranges = await planRanges(session, schema, key, step);
    const read = await readPlan(session, schema, key, ranges);
    const at = schema.columns.findIndex((column) => column.name === 'id');
    const ids = read.map((row) => row[at] as string).toSorted((a, b) => Number(a) - Number(b));
    expect(ids, `step ${step} over ${columns.join(', ')}`).toEqual(expected);
  }
}

async function explain(schema: TableSchema, key: readonly string[], from: KeyTuple, to: KeyTuple) {
  const range = { kind: 'between', from, to } as const;
  const statement = `SELECT * FROM ${rangeRelation(schema, range, key)} WHERE ${rangePredicate(schema, range, key)}`;
  const [row] = await queryRecords(connection, `EXPLAIN FORMAT=TRADITIONAL ${statement}`);
  return row ?? new Map<string, string | null>();
}

describe('ranges over keys of MySQL and MariaDB', () => {
  it('24: a key under a collation without case that pads with blanks', async () => {
    const schema = await table(
      'padded',
      `CREATE TABLE padded (id int NOT NULL, k varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL, INDEX (k))`,
      `INSERT INTO padded VALUES (1,'a'),(2,'a\\t'),(3,'B'),(4,'_'),(5,'😀'),(6,'A '),(7,'b'),(8,''),(9,' '),(10,'é'),(11,'e'),
        (12,'a\\\\'),(13,'"'),(14,'\\''),(15,'ß'),(16,'ss'),(17,'A'),(18,'a')`,
    );
    await expectWhole(schema, ['k'], [1, 2, 3, 5]);
  });

  it('25: both bounds of a key over three columns are a range of its whole index', async () => {
    const schema = await table(
      'three',
      `CREATE TABLE three (a int NOT NULL, b varchar(20) CHARACTER SET latin1 NOT NULL, id bigint NOT NULL, c char(100) DEFAULT 'x',
        PRIMARY KEY (a, b, id))`,
      `INSERT INTO three (a, b, id) WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
        SELECT i DIV 100, CONCAT('b', i DIV 10 MOD 10), i FROM n`,
      `INSERT INTO three (a, b, id) SELECT a + 10, b, id + 1000 FROM three`,
      `INSERT INTO three (a, b, id) SELECT a + 20, b, id + 2000 FROM three`,
      `INSERT INTO three (a, b, id) SELECT a + 40, b, id + 4000 FROM three`,
      'ANALYZE TABLE three',
    );
    const key = ['a', 'b', 'id'];
    const bounds: KeyTuple[] = [];
    for (let after: KeyTuple | null = null; bounds.length < 3; ) {
      after = await session.nextBoundary({ table: schema, key, where: null, after, before: null, step: 2000 });
      bounds.push(after as KeyTuple);
    }
    const plan = await explain(schema, key, bounds[0] as KeyTuple, bounds[1] as KeyTuple);
    expect(Object.fromEntries(plan)).toMatchObject({ type: 'range', key: 'PRIMARY', key_len: String(4 + 22 + 8) });
    expect(Number(plan.get('rows'))).toBeLessThan(5000);
    await expectWhole(schema, key, [1700]);
  });

  it('a range over most of a table keeps to the index of its key', async () => {
    const schema = await table(
      'wide',
      'CREATE TABLE wide (id int NOT NULL, k int NOT NULL, c char(200) DEFAULT "x", PRIMARY KEY (id), INDEX second (k))',
      `INSERT INTO wide (id, k) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i, -i FROM n`,
      'ANALYZE TABLE wide',
    );
    expect(Object.fromEntries(await explain(schema, ['k'], ['-890'], ['-1']))).toMatchObject({
      key: 'second',
      type: 'range',
    });
  });

  it('keys of every type that can be one, at every value', async () => {
    const types: Readonly<Record<string, readonly string[]>> = {
      'bigint unsigned': ['0', '1', '9223372036854775808', '18446744073709551615'],
      bigint: ['-9223372036854775808', '-1', '9223372036854775807'],
      'int zerofill': ['5', '500'],
      'decimal(65,30)': ['-1.000000000000000000000000000001', '0', '12345678901234567890123456789012345.1'],
      float: ['-3.4e38', '-0.1', '0.1', '16777216', '16777217', '1e-40'],
      double: ['-1.7976931348623157e308', '5e-324', '0.1', '0.10000000000000002', '1e15', '123456789012345680000'],
      date: ["'0000-00-00'", "'2024-00-15'", "'2024-02-31'", "'0001-01-01'", "'9999-12-31'"],
      'datetime(6)': ["'0000-00-00'", "'2024-02-31 23:59:59.999999'", "'2024-03-31 02:30:00.000001'"],
      'timestamp(3)': ["'2024-10-27 00:30:00.001'", "'2024-10-27 01:30:00.001'", "'1970-01-02 00:00:00'"],
      'time(6)': ["'-838:59:59.999999'", "'-00:00:00.000001'", "'00:00:00'", "'838:59:59'"],
      year: ['0', '1901', '1969', '2069', '2155'],
      'bit(64)': ['0', '1', '18446744073709551615'],
      'binary(4)': ["''", "X'00FF'", "X'FF'"],
      'varbinary(10)': ["''", "X'00'", "X'0000'", "X'FFFF'", "'a '"],
      'char(5) CHARACTER SET latin1': ["''", "'a'", "'é'", "'€'", "'Z'"],
      'varchar(9) CHARACTER SET ucs2': ["''", "'a'", "'é'", "'日'"],
      'varchar(9) CHARACTER SET utf8mb3': ["''", "'a'", "'é'", "'日'"],
    };
    let number = 0;
    for (const [type, values] of Object.entries(types)) {
      const name = `key_${number++}`;
      const list = values.map((value, id) => `(${id}, ${value}), (${id + 100}, ${value})`).join(', ');
      const schema = await table(
        name,
        `CREATE TABLE ${name} (id int NOT NULL, k ${type} NULL, INDEX (k))`,
        `SET SESSION sql_mode = 'ALLOW_INVALID_DATES'`,
        `INSERT INTO ${name} VALUES ${list}, (1000, NULL), (1001, NULL)`,
      );
      const key = keyOver(schema, ['k']);
      const only = await session.describe(schema, { include: ['id'], exclude: [], asText: [], policies: POLICIES });
      for (const step of [1, 2, 3]) {
        const ranges = await planRanges(session, only, key, step);
        const read = await readPlan(session, only, key, ranges);
        expect(read.length, `${type} by ${step}`).toBe(values.length * 2 + 2);
        expect(new Set(read.map(([id]) => id)).size, `${type} by ${step}`).toBe(values.length * 2 + 2);
        expect(ranges.length, `${type} is cut`).toBeGreaterThan(2);
      }
    }
  });

  it('a walk stops before its end', async () => {
    const schema = await table(
      'stops',
      'CREATE TABLE stops (id int NOT NULL PRIMARY KEY)',
      'INSERT INTO stops VALUES (1),(2),(3),(4),(5),(6)',
    );
    const ask = (before: KeyTuple | null, step: number) =>
      session.nextBoundary({ table: schema, key: ['id'], where: null, after: ['2'], before, step });
    expect(await ask(null, 2)).toEqual(['4']);
    expect(await ask(['5'], 2)).toEqual(['4']);
    expect(await ask(['4'], 2)).toBeNull();
  });

  it('a partitioned table is cut by its key over all partitions', async () => {
    const schema = await table(
      'parts',
      'CREATE TABLE parts (id int NOT NULL PRIMARY KEY, v int) PARTITION BY HASH (id) PARTITIONS 4',
      'INSERT INTO parts WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT i, i FROM n',
    );
    expect(schema.kind).toBe('partitioned table');
    await expectWhole(schema, ['id'], [7, 50]);
  });

  it('a boundary that is none of our constants never reaches a statement', () => {
    const schema = { schema: 's', name: 't', candidateKeys: [] } as unknown as TableSchema;
    for (const bad of ["'a' OR 1=1", '1; DROP TABLE t', "_utf8mb4 X'zz'", '', 'NULL', '0x41', "'x'"]) {
      const range = { kind: 'between', from: [bad], to: null } as const;

      expect(() => rangePredicate(schema, range, ['k']), bad).toThrow(RangeError);
    }
  });
});

const POLICIES = { zeroDates: 'fail', tinyint1: 'integer' } as const;
