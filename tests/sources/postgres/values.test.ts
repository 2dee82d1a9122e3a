import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TableSchema } from '../../../src/model/table.ts';
import { quoteLiteral } from '../../../src/sources/postgres/quote.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { ALL_COLUMNS, hashSum, readRows } from '../../conformance/source-reading.ts';
import { type FreshDatabase, freshDatabase } from '../../support/postgres-server.ts';
import { openSession } from './postgres-fixture.ts';

/** What the server itself is asked for, `$` being the column: the text that the reader of the tests makes of a vector. */
const MICROS = '(extract(epoch FROM $) * 1000000)::numeric(30,0)::text';
const DAYS = "($ - '1970-01-01')::text";
const PLAIN = '$::text';

type Zoo = readonly [type: string, kind: string, oracle: string, values: readonly string[]];

const ZOO: readonly Zoo[] = [
  ['boolean', 'boolean', PLAIN, ['t', 'f']],
  ['smallint', 'int32', PLAIN, ['-32768', '32767', '0', '-1']],
  ['integer', 'int32', PLAIN, ['-2147483648', '2147483647', '0', '-1']],
  [
    'bigint',
    'int64',
    PLAIN,
    ['-9223372036854775808', '9223372036854775807', '9007199254740993', '-1', '4294967296', '-4294967297', '0'],
  ],
  ['oid', 'int64', PLAIN, ['0', '4294967295', '2147483648']],
  ['xid', 'int64', PLAIN, ['0', '4294967295']],
  ['xid8', 'decimal', PLAIN, ['0', '18446744073709551615', '9223372036854775808']],
  ['money', 'decimal', '$::numeric::text', ['-92233720368547758.08', '92233720368547758.07', '1234.50', '0']],
  [
    'real',
    'float32',
    PLAIN,
    ['0.1', '-0', '3.4028235e38', '1e-45', 'NaN', 'Infinity', '-Infinity', '16777216', '1.17549435e-38'],
  ],
  [
    'double precision',
    'float64',
    PLAIN,
    ['0.1', '-0', '1.7976931348623157e308', '5e-324', 'NaN', 'Infinity', '-Infinity', '0.30000000000000004'],
  ],
  ['numeric(1,0)', 'decimal', PLAIN, ['0', '9', '-9']],
  ['numeric(4,4)', 'decimal', PLAIN, ['0.0001', '-0.9999', '0', '0.1']],
  ['numeric(5,1)', 'decimal', PLAIN, ['-9999.9', '0.1', '1000', '10']],
  ['numeric(9,2)', 'decimal', PLAIN, ['9999999.99', '-0.01', '8.16', '0.10', '10000', '4294967.29']],
  [
    'numeric(12,2)',
    'decimal',
    PLAIN,
    ['9999999999.99', '-9999999999.99', '42949672.96', '-42949672.96', '42949672.95', '21474836.48', '0.05'],
  ],
  ['numeric(15,3)', 'decimal', PLAIN, ['999999999999.999', '-999999999999.999', '0.001', '-0.010']],
  ['numeric(16,0)', 'decimal', PLAIN, ['9999999999999999', '9007199254740993', '-9007199254740993', '10000']],
  ['numeric(18,6)', 'decimal', PLAIN, ['999999999999.999999', '-0.000001', '123456.654321']],
  [
    'numeric(19,0)',
    'decimal',
    PLAIN,
    ['9999999999999999999', '-9223372036854775809', '1844674407370955161', '100000000'],
  ],
  [
    'numeric(38,0)',
    'decimal',
    PLAIN,
    [
      '99999999999999999999999999999999999999',
      '-99999999999999999999999999999999999999',
      '18446744073709551616',
      '-18446744073709551616',
      '340282366920938463463374607431768211',
      '1',
      '-1',
    ],
  ],
  ['numeric(38,19)', 'decimal', PLAIN, ['1234567890123456789.1234567890123456789', '-0.0000000000000000001', '0']],
  [
    'numeric(38,38)',
    'decimal',
    PLAIN,
    ['0.99999999999999999999999999999999999999', '-0.00000000000000000000000000000000000001'],
  ],
  ['numeric', 'string', PLAIN, ['1', '1.10', 'NaN', 'Infinity', '1e400']],
  ['numeric(39,2)', 'string', PLAIN, ['1.10', 'NaN']],
  ['date', 'date', DAYS, ['0001-01-01', '9999-12-31', '1970-01-01', '1969-12-31', '2000-02-29', '1582-10-10']],
  ['time', 'time', MICROS, ['00:00:00', '24:00:00', '23:59:59.999999', '00:00:00.000001']],
  [
    'timestamp',
    'timestamp',
    MICROS,
    [
      '0001-01-01 00:00:00',
      '9999-12-31 23:59:59.999999',
      '1969-12-31 23:59:59.999999',
      '2000-01-01',
      '2024-10-27 02:30:00.123456',
    ],
  ],
  [
    'timestamptz',
    'timestamp',
    MICROS,
    ['0001-01-01 00:00:00+00', '9999-12-31 23:59:59.999999+00', '2024-10-27 02:30:00.5+02', '1970-01-01 00:00:00+00'],
  ],
  ['timetz', 'string', PLAIN, ['12:34:56.789+05:30', '24:00:00-15:59']],
  ['interval', 'string', PLAIN, ['1 year -2 months 3 days 04:05:06.789012', '-1 sec', '0']],
  ['bytea', 'binary', "encode($, 'hex')", ['\\x', '\\x00ff5c27', '\\x0a']],
  [
    'text',
    'string',
    PLAIN,
    [
      '',
      'é',
      'e\u0301',
      '😀',
      '\uffff',
      'a\\b\'c"d\n\r\t',
      'x'.repeat(70_000),
      'NULL',
      '\\N',
      'ab',
      'abc',
      'abcd',
      'abcde',
    ],
  ],
  ['varchar(5)', 'string', PLAIN, ['', 'abcde', '😀😀']],
  ['character(5)', 'string', 'textin(bpcharout($))', ['', 'ab', 'abcde']],
  ['name', 'string', PLAIN, ['', 'abc']],
  ['"char"', 'string', PLAIN, ['a', '']],
  ['json', 'json', PLAIN, ['{"a": 1.10,  "a":12345678901234567890}', 'null', '[]']],
  ['jsonb', 'json', PLAIN, ['{"b":1,"a":[1.10,"é"]}', 'null', '12345678901234567890.10', '""']],
  [
    'uuid',
    'uuid',
    PLAIN,
    [
      '00000000-0000-0000-0000-000000000000',
      'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
    ],
  ],
  ['bit(5)', 'string', PLAIN, ['10101', '00000']],
  ['bit varying', 'string', PLAIN, ['', '1']],
  ['inet', 'string', 'textin(inet_out($))', ['10.0.0.1', '10.1.2.3/8', '::1', 'fe80::/64']],
  ['cidr', 'string', PLAIN, ['10.0.0.0/8']],
  ['macaddr', 'string', PLAIN, ['08:00:2b:01:02:03']],
  ['xml', 'string', PLAIN, ['<a b="1">é</a>']],
  ['tsvector', 'string', PLAIN, ["'a':1 'b c'"]],
  ['point', 'string', PLAIN, ['(0.1,-1e300)']],
  ['pg_lsn', 'string', PLAIN, ['0/3A1F2C8', 'FFFFFFFF/FFFFFFFF']],
  ['tid', 'string', PLAIN, ['(1,2)']],
  ['int4[]', 'string', PLAIN, ['{1,NULL,3}', '[0:2]={1,2,3}', '{}', '{{1,2},{3,4}}']],
  ['numeric[]', 'string', PLAIN, ['{1e400,NaN,1.10}']],
  ['text[]', 'string', PLAIN, ['{"a,b","","NULL",NULL}']],
  ['int4range', 'string', PLAIN, ['[1,5)', 'empty', '(,)']],
  ['tstzrange', 'string', PLAIN, ['["2024-01-01 00:00:00+02",infinity)']],
  ['zoo.color', 'string', PLAIN, ['red', 'Blue sky']],
  ['zoo.pair', 'string', PLAIN, ['(1,"a ""b"", c")', '(,)']],
  ['zoo.amount', 'decimal', PLAIN, ['1.50', '-99999999.99']],
  ['zoo.small_amount', 'decimal', PLAIN, ['1.50']],
  ['zoo.label', 'string', PLAIN, ['x']],
];

let database: FreshDatabase;

beforeAll(async () => {
  database = await freshDatabase('values');
  await database.client.query(`
    CREATE SCHEMA zoo;
    CREATE TYPE zoo.color AS ENUM ('red', 'Blue sky');
    CREATE TYPE zoo.pair AS (a int, b text);
    CREATE DOMAIN zoo.amount AS numeric(10,2);
    CREATE DOMAIN zoo.small_amount AS zoo.amount CHECK (VALUE < 10);
    CREATE DOMAIN zoo.label AS text;
    SET timezone = 'UTC'; SET lc_monetary = 'C'; SET intervalstyle = 'iso_8601'; SET extra_float_digits = 3`);
  const columns = ZOO.map(([type], index) => `c${index} ${type}`);
  await database.client.query(`CREATE TABLE zoo.zoo (id int PRIMARY KEY, ${columns.join(', ')})`);
  const most = Math.max(...ZOO.map(([, , , values]) => values.length));
  for (let row = 0; row <= most; row++) {
    const cells = ZOO.map(([, , , values]) => (row < values.length ? quoteLiteral(values[row] as string) : 'NULL'));
    await database.client.query(`INSERT INTO zoo.zoo VALUES (${row}, ${cells.join(', ')})`);
  }
});

afterAll(() => database?.[Symbol.asyncDispose]());

/** The server's own words for a column, by id. */
async function serverTexts(index: number): Promise<readonly (string | null)[]> {
  const [, kind, oracle] = ZOO[index] as Zoo;
  const { rows } = await database.client.query<{ t: string | null }>(
    `SELECT ${oracle.replaceAll('$', `c${index}`)} AS t FROM zoo.zoo ORDER BY id`,
  );
  const float = (text: string): string => (Object.is(Number(text), -0) ? '-0' : String(Number(text)));
  return rows.map(({ t }) => {
    if (t === null) return null;
    if (kind === 'float64') return float(t);
    return kind === 'float32' ? String(Object.is(Number(t), -0) ? '-0' : Math.fround(Number(t))) : t;
  });
}

async function readZoo(
  session: SourceSession,
): Promise<{ table: TableSchema; rows: readonly (readonly (string | null)[])[] }> {
  const table = await session.describe({ schema: 'zoo', name: 'zoo' }, ALL_COLUMNS);
  const rows = await readRows(session, { table });
  return { table, rows: rows.toSorted((one, other) => Number(one[0]) - Number(other[0])) };
}

describe.each(['', 'copy=off'])('17. every type equals the server (%s)', (options) => {
  let read: Awaited<ReturnType<typeof readZoo>>;
  beforeAll(async () => {
    await using session = await openSession(database, options);
    read = await readZoo(session);
  });

  it.each(ZOO.map(([type, kind], index) => [type, kind, index] as const))('%s as %s', async (_, kind, index) => {
    expect(read.table.columns[index + 1]?.type.kind).toBe(kind);
    expect(read.rows.map((row) => row[index + 1])).toEqual(await serverTexts(index));
  });

  it('as text, by --as-text', async () => {
    await using session = await openSession(database, options);
    const asText = ZOO.map((_, index) => `c${index}`);
    const table = await session.describe({ schema: 'zoo', name: 'zoo' }, { ...ALL_COLUMNS, exclude: ['id'], asText });
    expect(new Set(table.columns.map((column) => column.type.kind))).toEqual(new Set(['string']));
    const { rows } = await database.client.query<{ t: string }>(
      'SELECT c3::text AS t FROM zoo.zoo WHERE c3 IS NOT NULL',
    );
    const read = (await readRows(session, { table })).map((row) => row[3]).filter((cell) => cell !== null);
    expect(new Set(read)).toEqual(new Set(rows.map(({ t }) => t)));
  });
});

it('16. a role with hostile settings reads the same', async () => {
  await database.client.query(`
    CREATE ROLE hostile LOGIN PASSWORD 'hostile' SUPERUSER;
    ALTER ROLE hostile SET extra_float_digits = 0; ALTER ROLE hostile SET datestyle = 'German, DMY';
    ALTER ROLE hostile SET intervalstyle = 'postgres_verbose'; ALTER ROLE hostile SET timezone = 'Asia/Kolkata';
    ALTER ROLE hostile SET bytea_output = 'escape'; ALTER ROLE hostile SET standard_conforming_strings = off;
    ALTER ROLE hostile SET statement_timeout = 1000; ALTER ROLE hostile SET search_path = zoo;
    ALTER ROLE hostile SET client_encoding = 'LATIN1'; ALTER ROLE hostile SET quote_all_identifiers = on`);
  try {
    await using plain = await openSession(database);
    for (const options of ['', 'copy=off']) {
      const url = new URL(database.url);
      Object.assign(url, { username: 'hostile', password: 'hostile' });
      await using session = await openSession({ ...database, url: url.href }, options);
      expect((await readZoo(session)).rows).toEqual((await readZoo(plain)).rows);
      const table = (await readZoo(session)).table;
      expect(await session.checksum({ table, where: null })).toEqual(
        await plain.checksum({ table: (await readZoo(plain)).table, where: null }),
      );
    }
  } finally {
    await database.client.query('DROP ROLE hostile');
  }
});

it('the checksum is that of the rows that were read', async () => {
  await using session = await openSession(database);
  const exclude = ZOO.flatMap(([, kind], index) => (kind.startsWith('float') ? [`c${index}`] : []));
  const table = await session.describe({ schema: 'zoo', name: 'zoo' }, { ...ALL_COLUMNS, exclude });
  const rows = await readRows(session, { table });
  const spelled = rows.map((row) =>
    row.map((cell, index) =>
      table.columns[index]?.type.kind === 'boolean' && cell !== null ? cell.slice(0, 1) : cell,
    ),
  );
  expect(await session.checksum({ table, where: null })).toEqual({ rows: BigInt(rows.length), sum: hashSum(spelled) });
});
