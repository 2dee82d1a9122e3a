import type { Connection } from 'mysql2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ColumnType } from '../../../src/model/column-type.ts';
import { checksumHere } from '../../../src/sources/mysql/checksum.ts';
import { connect } from '../../../src/sources/mysql/connect.ts';
import { eachCell } from '../../../src/sources/mysql/each-cell.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { DEFAULT_POLICIES, type ValuePolicies } from '../../../src/model/value-policies.ts';
import { hashSum, readRows } from '../../conformance/source-reading.ts';
import { type FreshMariadb, freshMariadb } from '../../support/mariadb-server.ts';
import { NOT_ON, refusedTypes, serverKind } from '../../support/mysql-kind.ts';
import { configOf, openSession } from './mysql-fixture.ts';

let database: FreshMariadb;
let session: SourceSession;
/** Of a server that hashes nothing itself. */
let connection: Connection;

beforeAll(async () => {
  database = await freshMariadb('checksum');
  await database.client.query("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'");
  session = await openSession(database);
  connection = await connect(configOf(database), 'coordinator');
});

afterAll(async () => {
  connection?.destroy();
  await session?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

const VALUES: Readonly<Record<string, readonly string[]>> = {
  'tinyint(1)': ['0', '1', '-128'],
  'int(8) zerofill': ['5'],
  'bigint unsigned': ['18446744073709551615', '0'],
  'decimal(10,4) zerofill': ['12.5'],
  'decimal(38,38)': ['-0.00000000000000000000000000000000000001'],
  'decimal(30,30)': ['-0.000000000000000000000000000001'],
  'decimal(65,30)': ['-12345678901234567890123456789012345.123456789012345678901234567890'],
  float: ['0.1', '-0.1', '16777216', '1e-45', '1.1754944e-38', '3.4028235e38', '1e-40', '0', '-0e0', '1.9999999'],
  double: [
    ...[
      '0.1',
      '-0.1',
      '5e-324',
      '2.2250738585072014e-308',
      '2.225073858507201e-308',
      '1.7976931348623157e308',
      '-1.2345678901234567e-101',
      '0',
      '-0e0',
    ],
    ...['1', '2', '0.9999999999999999', '1.9999999999999998', '4503599627370497.5', '1e22', '1e23', '123456789.125'],
  ],
  date: ["'2024-02-29'", "'0001-01-01'", "'9999-12-31'", "'1969-12-31'", "'0400-02-29'"],
  'datetime(6)': ["'1969-12-31 23:59:59.999999'", "'0001-01-01'", "'9999-12-31 23:59:59.999999'"],
  'timestamp(6)': ["'2024-03-31 01:59:59.123456'"],
  'time(6)': ["'-838:59:59.999999'", "'00:00:00.000001'"],
  year: ['0', '1901'],
  'bit(10)': ["b'1000000001'", '0'],
  "enum('b','a')": ["'a'", '0'],
  "set('x','y')": ["'x,y'", "''"],
  'varchar(20) CHARACTER SET latin1': ["'caf\u00e9 €'"],
  'varchar(20) CHARACTER SET utf8mb3': ["'日本'"],
  'varchar(20) CHARACTER SET utf16': ["'日本 é'"],
  'char(5)': ["'ab  '"],
  'binary(4)': ["X'00ff'"],
  'varbinary(4)': ["''", "X'00ff'"],
  longtext: ["'😀 \\'\"\\\\\\n'", "''"],
  json: [`'{"a": 12345678901234567890, "b":  "é"}'`],
  point: ['ST_GeomFromText("POINT(1 2)", 4326)'],
};

/** As model/row-hash.ts writes it, from what `rowsOf` of the suites gives. */
function hashed(type: ColumnType, text: string | null): string | null {
  if (text === null) return null;
  if (type.kind === 'boolean') return text === 'true' ? 't' : 'f';
  const bytes = Buffer.alloc(type.kind === 'float32' ? 4 : 8);
  if (type.kind === 'float32') bytes.writeFloatBE(Number(text));
  else if (type.kind === 'float64') bytes.writeDoubleBE(Number(text));
  else return text;
  return [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

async function compare(name: string, policies: ValuePolicies, asText: readonly string[] = []): Promise<void> {
  const table = await session.describe(
    { schema: database.name, name },
    { include: null, exclude: [], asText, policies },
  );
  const rows = await readRows(session, { table, policies });
  const texts = rows.map((row) => row.map((cell, at) => hashed(table.columns[at]?.type as ColumnType, cell)));
  const described = table.columns.map(({ nativeType }) => nativeType).join();
  const expected = { rows: BigInt(rows.length), sum: hashSum(texts) };
  expect(await session.checksum({ table, where: null }), described).toEqual(expected);
  expect(await checksumHere(connection, { table, where: null }), described).toEqual(expected);
}

describe('the checksum of MySQL and MariaDB', () => {
  it('is that of the cells which are read, for every type', async () => {
    let number = 0;
    const lacking = NOT_ON[await serverKind()];
    const types = Object.keys(VALUES);
    expect(await refusedTypes(types)).toEqual(types.filter((type) => lacking[type] !== undefined));
    for (const [type, values] of Object.entries(VALUES)) {
      if (lacking[type] !== undefined) continue;
      const name = `hashed_${number++}`;
      await database.client.query(`CREATE TABLE ${name} (id int, k ${type} NULL)`);
      await database.client.query(
        `INSERT INTO ${name} VALUES (0, NULL), ${values.map((value, id) => `(${id}, ${value})`).join()}`,
      );
      await compare(name, DEFAULT_POLICIES);
      if (!type.startsWith('float')) await compare(name, DEFAULT_POLICIES, ['k']);
    }
  });

  it('is that of the cells which are read, for any double', async () => {
    await database.client.query('CREATE TABLE doubles (d double, f float)');
    const bytes = Buffer.alloc(8);
    const rows = Array.from({ length: 4000 }, () => {
      for (let at = 0; at < 8; at++) bytes[at] = Math.floor(Math.random() * 256);
      const [double, float] = [bytes.readDoubleBE(), bytes.readFloatBE()];
      return `(${Number.isFinite(double) ? double : 1}, ${Number.isFinite(float) ? float : 1})`;
    });
    await database.client.query(`INSERT INTO doubles VALUES ${rows.join()}`);
    await compare('doubles', DEFAULT_POLICIES);
  });

  it('23: has NULL where the policy writes NULL for a date that is none', async () => {
    await database.client.query('CREATE TABLE zeros (d date, t datetime(3), s timestamp NULL)');
    await database.client.query(
      "INSERT INTO zeros VALUES ('0000-00-00', '2024-02-31 10:00:00', 0), ('2024-00-15', '0000-01-01', '2024-01-01'), ('2024-02-29', '2023-02-29', NULL)",
    );
    await compare('zeros', { ...DEFAULT_POLICIES, zeroDates: 'null' });
    await compare('zeros', { ...DEFAULT_POLICIES, zeroDates: 'text' });
  });

  it('follows the planned boolean', async () => {
    await database.client.query('CREATE TABLE flags (f tinyint(1))');
    await database.client.query('INSERT INTO flags VALUES (0), (1), (NULL)');
    await compare('flags', { ...DEFAULT_POLICIES, tinyint1: 'boolean' });
    await compare('flags', DEFAULT_POLICIES);
  });
});

describe('texts that the server only writes', () => {
  const THREE = 'SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3';
  const MANY = `(${THREE}) AS a, (${THREE}) AS b, (${THREE}) AS c, (${THREE}) AS d, (${THREE}) AS e, (${THREE}) AS f, (${THREE}) AS g`;

  it('are more than are read ahead, and the session can be asked again', async () => {
    let rows = 0;
    await eachCell(connection, `SELECT REPEAT('x', 3000) FROM ${MANY}`, (cell) => {
      rows += cell?.length === 3000 ? 1 : 0;
    });
    expect(rows).toBe(3 ** 7);
    await eachCell(connection, 'SELECT NULL', (cell) => expect(cell).toBeNull());
    await expect(eachCell(connection, 'SELECT nothing', () => undefined)).rejects.toThrow(/nothing/);
    await eachCell(connection, 'SELECT 1 FROM DUAL WHERE FALSE', () => expect.fail('there is no row'));
  });

  it('a connection that is lost in the middle of them is an error', async () => {
    const other = await connect(configOf(database), 'coordinator');
    let rows = 0;
    const reading = eachCell(other, `SELECT REPEAT('x', 300000) FROM ${MANY}`, () => {
      rows += 1;
      if (rows === 3) void database.client.query(`KILL ${other.threadId}`);
    });
    await expect(reading).rejects.toThrow(/lost|closed|killed|interrupted|ECONNRESET/i);
    expect(rows).toBeLessThan(3 ** 7);
  });
});
