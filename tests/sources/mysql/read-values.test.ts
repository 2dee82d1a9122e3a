import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_POLICIES } from '../../../src/model/value-policies.ts';
import { describeQuery } from '../../../src/sources/mysql/describe-query.ts';
import { NOT_ON, refusedTypes, serverKind } from '../../support/mysql-kind.ts';
import { type Cell, type ReadFixture, readAll, readFixture, requestFor, schemaOf } from './read-fixture.ts';

/** Every type with random values and its edges: what is read against the server's own text of the same rows. */

const ROWS = 2000;
let fixture: ReadFixture;
let seed = 20_241_004;

beforeAll(async () => {
  fixture = await readFixture('values');
  await fixture.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES', sql_log_bin = 0");
});
afterAll(() => fixture[Symbol.asyncDispose]());

function random(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}
const below = (limit: number): number => Math.floor(random() * limit);
const digits = (count: number): string => Array.from({ length: count }, () => below(10)).join('');
const hex = (bytes: number): string => Array.from({ length: bytes * 2 }, () => below(16).toString(16)).join('');
const two = (value: number): string => String(value).padStart(2, '0');
const fraction = (count: number): string => (count === 0 ? '' : `.${digits(count)}`);

/** Of any length up to that of `limit`, and not above it. */
function upTo(limit: bigint): string {
  const text = digits(1 + below(String(limit).length));
  return String(BigInt(text) > limit ? limit - BigInt(below(1000)) : BigInt(text));
}
const signed = (bits: bigint) => (): string => `${random() < 0.5 ? '-' : ''}${upTo(2n ** (bits - 1n) - 1n)}`;
const unsigned = (bits: bigint) => (): string => upTo(2n ** bits - 1n);
const decimal = (precision: number, scale: number) => (): string => {
  const whole = digits(below(precision - scale + 1)) || '0';
  return `${random() < 0.5 ? '-' : ''}${whole}${fraction(below(scale + 1))}`;
};
const date = (first: number, last: number): string =>
  `'${String(first + below(last - first)).padStart(4, '0')}-${two(1 + below(12))}-${two(1 + below(28))}`;
const moment = (first: number, last: number, places: number): string =>
  `${date(first, last)} ${two(below(24))}:${two(below(60))}:${two(below(60))}${fraction(places)}'`;
const quoted = (text: string): string => `X'${Buffer.from(text).toString('hex')}'`;
const letters = (alphabet: string) => (): string => {
  const all = [...alphabet];
  return `CONVERT(${quoted(Array.from({ length: below(60) }, () => all[below(all.length)]).join(''))} USING utf8mb4)`;
};

interface Case {
  readonly type: string;
  readonly random: () => string;
  readonly edges: readonly string[];
  /** The server's text, of `v`; left out `CAST(v AS CHAR)`. */
  readonly expected?: string;
  readonly normalise?: (text: string) => string;
}

const sixPlaces = (text: string): string => (text.includes('.') ? text.padEnd(26, '0') : `${text}.000000`);
const signless = (text: string): string => text.replace(/^-(?=[0.]+$)/, '');

const WIDE = 'aZ0_ \t\n\'"\\éßΩЖ中文字😀𝄞\u0000\u{10ffff}';

const ALL: readonly Case[] = [
  { type: 'tinyint', random: signed(8n), edges: ['-128', '127', '0'] },
  { type: 'tinyint unsigned', random: unsigned(8n), edges: ['255'] },
  { type: 'tinyint(1)', random: signed(8n), edges: ['-128', '2', '0', '1'] },
  { type: 'smallint', random: signed(16n), edges: ['-32768', '32767'] },
  { type: 'smallint unsigned', random: unsigned(16n), edges: ['65535'] },
  { type: 'mediumint', random: signed(24n), edges: ['-8388608', '8388607'] },
  { type: 'mediumint unsigned', random: unsigned(24n), edges: ['16777215'] },
  { type: 'int', random: signed(32n), edges: ['-2147483648', '2147483647'] },
  { type: 'int unsigned', random: unsigned(32n), edges: ['4294967295', '2147483648'] },
  { type: 'int(8) zerofill', random: unsigned(32n), edges: ['5', '0', '4294967295'], expected: 'CAST(v + 0 AS CHAR)' },
  { type: 'bigint', random: signed(64n), edges: ['-9223372036854775808', '9223372036854775807', '9007199254740993'] },
  { type: 'bigint unsigned', random: unsigned(64n), edges: ['18446744073709551615', '9223372036854775808'] },
  {
    type: 'bigint(20) zerofill',
    random: unsigned(64n),
    edges: ['7', '18446744073709551615'],
    expected: 'CAST(v + 0 AS CHAR)',
  },
  { type: 'decimal(1,0)', random: decimal(1, 0), edges: ['-9', '9'], normalise: signless },
  { type: 'decimal(5,5)', random: decimal(5, 5), edges: ['-0.99999', '0.00001'], normalise: signless },
  {
    type: 'decimal(15,2)',
    random: decimal(15, 2),
    edges: ['9999999999999.99', '-9999999999999.99'],
    normalise: signless,
  },
  {
    type: 'decimal(16,0)',
    random: decimal(16, 0),
    edges: ['9999999999999999', '9007199254740993'],
    normalise: signless,
  },
  { type: 'decimal(17,3)', random: decimal(17, 3), edges: ['-99999999999999.999'], normalise: signless },
  { type: 'decimal(38,0)', random: decimal(38, 0), edges: ['9'.repeat(38), `-${'9'.repeat(38)}`], normalise: signless },
  { type: 'decimal(38,30)', random: decimal(38, 30), edges: [`99999999.${'9'.repeat(30)}`], normalise: signless },
  { type: 'decimal(65,30)', random: decimal(65, 30), edges: [`-${'9'.repeat(35)}.${'9'.repeat(30)}`] },
  {
    type: 'decimal(12,2) zerofill',
    random: () => decimal(12, 2)().replace('-', ''),
    edges: ['0', '1.5'],
    expected: 'CAST(CAST(v AS DECIMAL(12,2)) AS CHAR)',
  },
  {
    type: 'date',
    random: () => `${date(1, 10_000)}'`,
    edges: ["'0001-01-01'", "'9999-12-31'", "'2000-02-29'", "'1900-03-01'"],
  },
  ...[0, 1, 3, 6].flatMap((places) => [
    {
      type: `datetime(${places})`,
      random: () => moment(1, 10_000, places),
      edges: ["'0001-01-01 00:00:00'", "'9999-12-31 23:59:59'", "'1969-12-31 23:59:59'", "'1970-01-01'"],
      normalise: sixPlaces,
    },
    {
      type: `timestamp(${places}) NULL`,
      random: () => moment(1971, 2038, places),
      edges: ["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'"],
      normalise: sixPlaces,
    },
  ]),
  ...[0, 6].map((places) => ({
    type: `time(${places})`,
    random: () => `'${random() < 0.5 ? '-' : ''}${below(839)}:${two(below(60))}:${two(below(59))}${fraction(places)}'`,
    edges: ["'-838:59:59.999999'", "'838:59:59'", "'00:00:00'", "'-00:00:00.1'"],
  })),
  {
    type: 'year',
    random: () => String(1901 + below(255)),
    edges: ["'0000'", '1901', '2155'],
    expected: 'CAST(v + 0 AS CHAR)',
  },
  ...[1, 7, 8, 9, 33, 64].map((bits) => ({
    type: `bit(${bits})`,
    random: () => `b'${Array.from({ length: bits }, () => below(2)).join('')}'`,
    edges: ["b'0'", "b'1'", `b'${'1'.repeat(bits)}'`],
    expected: `LPAD(BIN(v + 0), ${bits}, '0')`,
  })),
  {
    type: "enum('', 'a', 'B b', 'é,😀')",
    random: () => ["''", "'a'", "'B b'", "'é,😀'"][below(4)] as string,
    edges: ['0', '1'],
  },
  { type: "set('a','b','é')", random: () => String(below(8)), edges: ["''", "'a,é'"] },
  { type: 'char(60)', random: letters(WIDE), edges: ["''", "'trailing   '"] },
  { type: 'varchar(200)', random: letters(WIDE), edges: ["''", "' '", "'NULL'", "'trailing   '"] },
  { type: 'tinytext', random: letters(WIDE), edges: ["''"] },
  { type: 'text', random: letters(WIDE), edges: ["''", "REPEAT('é😀', 10000)"] },
  {
    type: 'mediumtext',
    random: letters(WIDE),
    edges: ["REPEAT('x', 100000)", "REPEAT('é', 250)", "REPEAT('x', 250)", "REPEAT('x', 251)"],
  },
  { type: 'longtext', random: letters(WIDE), edges: ["REPEAT('x', 65535)", "REPEAT('x', 65536)"] },
  {
    type: 'varchar(200) character set latin1',
    random: letters('aZ€éß\u0081\u009d'),
    edges: ["CONVERT(X'80' USING latin1)"],
  },
  { type: 'varchar(200) character set utf8mb3', random: letters('aZ€éΩ中\u0000'), edges: ["''"] },
  { type: 'varchar(200) character set ascii', random: letters('aZ09 ~'), edges: ["''"] },
  { type: 'varchar(200) character set ucs2', random: letters('aZ€éΩ中'), edges: ["''"] },
  { type: 'varchar(200) character set utf16', random: letters('aZ€é中😀'), edges: ["''"] },
  { type: 'varchar(200) character set sjis', random: letters('aZ日本ｱ'), edges: ["''"] },
  { type: 'varchar(200) character set gbk', random: letters('aZ中文字'), edges: ["''"] },
  { type: 'varchar(200) character set cp1251', random: letters('aZЖдё€'), edges: ["''"] },
  {
    type: 'json',
    random: () => `'{"n":1${digits(19)}, "a" :[1.50,"é😀"], "a":${below(9)}}'`,
    edges: ["'null'", "'123456789012345678901234567890'", "'  [1 , 2]  '"],
  },
  { type: 'binary(16)', random: () => `X'${hex(below(17))}'`, edges: ["''", "X'00'"], expected: 'LOWER(HEX(v))' },
  { type: 'varbinary(60)', random: () => `X'${hex(below(61))}'`, edges: ["''", "X'00ff'"], expected: 'LOWER(HEX(v))' },
  {
    type: 'blob',
    random: () => `X'${hex(below(61))}'`,
    edges: ["''", "REPEAT(X'fe00', 20000)"],
    expected: 'LOWER(HEX(v))',
  },
  { type: 'longblob', random: () => `X'${hex(below(9))}'`, edges: ["REPEAT(X'ff', 70000)"], expected: 'LOWER(HEX(v))' },
  { type: 'inet6', random: () => `'${hex(2)}:${hex(2)}::${hex(2)}'`, edges: ["'::1'", "'::ffff:1.2.3.4'"] },
  { type: 'inet4', random: () => `'${below(256)}.${below(256)}.${below(256)}.${below(256)}'`, edges: ["'0.0.0.0'"] },
  {
    type: 'uuid',
    random: () => `'${hex(4)}-${hex(2)}-4${digits(3)}-8${digits(3)}-${hex(6)}'`,
    edges: ["'00000000-0000-0000-0000-000000000000'"],
  },
  {
    type: 'geometry',
    random: () => `ST_GeomFromText('POINT(${below(90)}.5 -${below(90)}.25)', ${[0, 3857, 4326][below(3)]})`,
    edges: ["ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))', 4326)", "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2))')"],
    expected: 'LOWER(HEX(v))',
  },
  {
    type: 'point',
    random: () => `ST_GeomFromText('POINT(${below(90)} ${below(90)})', 4326)`,
    edges: [],
    expected: 'LOWER(HEX(v))',
  },
];

const lacking = NOT_ON[await serverKind()];
const CASES = ALL.filter(({ type }) => lacking[type] === undefined);

async function fill(name: string, type: string, literals: readonly string[]): Promise<void> {
  await fixture.execute(`DROP TABLE IF EXISTS ${name}; CREATE TABLE ${name} (id int PRIMARY KEY, v ${type})`);
  for (let at = 0; at < literals.length; at += 500) {
    const rows = literals.slice(at, at + 500).map((literal, index) => `(${at + index},${literal})`);
    await fixture.execute(`INSERT INTO ${name} VALUES ${rows.join(',')}`);
  }
}

async function readColumn(name: string, asText = false): Promise<Cell[]> {
  const table = await schemaOf(fixture, name, { asText });
  return (await readAll(fixture, requestFor(table, { key: ['id'] }))).map((row) => row[1] as Cell);
}

describe('every type, against the text of the server', () => {
  it('and no other type is left out than the server does not have', async () => {
    const types = ALL.map(({ type }) => type);
    expect(await refusedTypes(types)).toEqual(types.filter((type) => lacking[type] !== undefined));
  });

  it.each(CASES)('$type', async (one) => {
    const literals = [
      ...one.edges,
      'NULL',
      ...Array.from({ length: ROWS }, () => (random() < 0.03 ? 'NULL' : one.random())),
    ];
    await fill('t', one.type, literals);
    const expected = await fixture.query(`SELECT ${one.expected ?? 'CAST(v AS CHAR)'} FROM t ORDER BY id`);
    const normalise = one.normalise ?? ((text: string) => text);
    expect(expected.length).toBe(literals.length);
    expect(expected.filter(([text]) => text !== null).length).toBeGreaterThan(ROWS * 0.9);
    expect(await readColumn('t')).toEqual(
      expected.map(([text]) => (text === null || text === undefined ? null : normalise(text))),
    );
  });
});

describe('--as-text', () => {
  it.each(CASES.filter(({ expected }) => expected === undefined))('$type is the server’s text', async (one) => {
    await fill('t', one.type, [...one.edges, ...Array.from({ length: 200 }, one.random)]);
    const expected = await fixture.query('SELECT CAST(v AS CHAR) FROM t ORDER BY id');
    expect(await readColumn('t', true)).toEqual(expected.map(([text]) => text));
  });

  it('of bytes is hexadecimal', async () => {
    await fill('t', 'varbinary(20)', ["''", "X'00ff10'", 'NULL']);
    expect(await readColumn('t', true)).toEqual(['0x', '0x00ff10', null]);
  });
});

describe('ZEROFILL', () => {
  it('is left away by a table and by a query over it alike', async () => {
    await fixture.execute(`DROP TABLE IF EXISTS zeros; CREATE TABLE zeros (i int(6) zerofill, b bigint zerofill, d decimal(65,0) zerofill,
      e decimal(10,2) zerofill, f float zerofill, g double(9,3) zerofill)`);
    await fixture.execute('INSERT INTO zeros VALUES (5, 6, 7, 8.5, 1.5, 2.25)');
    const table = await schemaOf(fixture, 'zeros');
    const selection = { include: null, exclude: [], asText: [], policies: DEFAULT_POLICIES };
    const request = { sql: 'SELECT * FROM zeros', name: 'asked', splitBy: null, selection };
    const query = await describeQuery(fixture.connection, request, fixture.database.name);
    const rows = [['5', '6', '7', '8.50', 1.5, 2.25]];
    expect(await readAll(fixture, requestFor(table))).toEqual(rows);
    expect(await readAll(fixture, requestFor(query))).toEqual(rows);
    expect(query.columns.map(({ type }) => type)).toEqual(table.columns.map(({ type }) => type));
  });
});
