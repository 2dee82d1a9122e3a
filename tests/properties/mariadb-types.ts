import {
  BASIC_PLANE,
  DAYS,
  HEX,
  LATIN1,
  UTF8_HEX,
  WESTERN,
  bits,
  bytes,
  datetimes,
  decimals,
  doubles,
  floats,
  instants,
  integers,
  nameOf,
  texts,
  times,
  type MariadbValues,
} from './mariadb-columns.ts';
import type { Random } from './random.ts';
import { randomJson } from './random-text.ts';
import { randomDecimal } from './scalar-values.ts';
import { DATES, randomDate } from './time-values.ts';

const NUMBERS = ['12345678901234567890', '1.10', '-1', '9007199254740993', '1e-7', '0.30000000000000004'];

/** A JSON column of MariaDB keeps its text; that of MySQL has its own text of the value, which is what the oracle asks for. */
const JSONS: MariadbValues = {
  type: 'json',
  name: 'json',
  kind: 'json',
  edges: [
    'null',
    '""',
    '[]',
    '{}',
    '{"a":1,"a":2}',
    ' {"b" : 1 , "a": [1.10]}\n',
    '12345678901234567890',
    '[1 ,\t2\r\n]',
    '1E400',
  ],
  random: (random) => randomJson(random, [...NUMBERS, '1E400']),
  oracle: UTF8_HEX,
  onMysql: {
    reason: 'a number of its JSON is a double or an integer of 64 bits',
    refuses: ['1E400'],
    random: (random) => randomJson(random, NUMBERS),
  },
};

const MEMBERS = ['sad', 'Blue sky', 'a"b', '😀', 'NULL', '\\N', ''];
const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\')}'`;
const CHOICE: MariadbValues = {
  type: `enum(${MEMBERS.map(quoted).join(', ')})`,
  name: 'enum',
  kind: 'string',
  edges: MEMBERS,
  random: (random) => random.pick(MEMBERS),
  oracle: UTF8_HEX,
};
const SETS: MariadbValues = {
  type: "set('a', 'B c', 'd\"e', '😀')",
  name: 'set',
  kind: 'string',
  edges: ['', 'a', 'a,B c,d"e,😀', '😀'],
  random: (random) => ['a', 'B c', 'd"e', '😀'].filter(() => random.chance(0.4)).join(','),
  oracle: UTF8_HEX,
};

const coordinate = (random: Random) => random.integer(-9000, 9000) / 100;
function geometry(type: string, make: (random: Random) => string, edges: readonly string[]): MariadbValues {
  // MySQL takes only reference systems that it knows.
  const literal = (text: string) => `ST_GeomFromText('${text}', ${[4326, 0, 3857][text.length % 3]})`;
  return { type, name: nameOf(type), kind: 'binary', edges, random: make, literal, oracle: HEX };
}
const randomPoint = (random: Random) => `POINT(${coordinate(random)} ${coordinate(random)})`;
const randomLine = (random: Random) =>
  `LINESTRING(${random.list(2, 6, () => `${coordinate(random)} ${coordinate(random)}`).join(',')})`;

const ADDRESSES6 = ['::', '::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '::ffff:10.0.0.1', '2001:db8::'];
const groups = (random: Random) => random.list(8, 8, () => random.pick(['0', '0', random.hex(4)])).join(':');
const ASCII = 'LOWER(HEX(CAST($ AS CHAR CHARACTER SET utf8mb4)))';

export const MARIADB_TYPES: readonly MariadbValues[] = [
  ...[integers('tinyint', 'int32', 8), integers('tinyint(1)', 'int32', 8), integers('tinyint unsigned', 'int32', 8)],
  ...[integers('smallint', 'int32', 16), integers('smallint unsigned', 'int32', 16)],
  ...[integers('mediumint', 'int32', 24), integers('mediumint unsigned', 'int32', 24)],
  ...[integers('int', 'int32', 32), integers('int unsigned', 'int64', 32), integers('int(8) zerofill', 'int64', 32)],
  ...[integers('bigint', 'int64', 64), integers('bigint unsigned', 'decimal', 64)],
  integers('bigint(20) zerofill', 'decimal', 64),
  {
    ...integers('year', 'int32', 8),
    edges: ['0', '1901', '2155', '1970', '2000'],
    random: (random) => String(random.integer(1901, 2155)),
  },
  ...(
    [
      ...[
        [1, 0],
        [4, 4],
        [5, 1],
        [9, 2],
        [10, 0],
        [12, 2],
        [18, 6],
        [19, 0],
        [19, 19],
        [20, 3],
        [28, 10],
      ],
      ...[
        [38, 0],
        [38, 1],
        [38, 19],
        [38, 30],
        [38, 38],
        [39, 2],
        [60, 30],
        [65, 0],
        [65, 30],
      ],
    ] as [number, number][]
  ).map(([precision, scale]) => ({
    ...decimals(precision, scale),
    // MySQL has at most 30 digits behind the point.
    ...(scale > 30 ? { since: { version: 10.02 } } : {}),
  })),
  ...[decimals(12, 2, ' unsigned'), decimals(10, 3, ' zerofill'), decimals(40, 3, ' zerofill')],
  ...[doubles('double'), floats('float')],
  {
    ...doubles('double(20,3)'),
    // The server shows three digits of what it keeps.
    oracle: 'CAST($ * 1e0 AS CHAR)',
    edges: ['0', '-1.5', '1234567890123.125', '0.001'],
    random: (random) => randomDecimal(random, 15, 3),
  },
  {
    ...floats('float(10,2)'),
    edges: ['0', '-1.5', '16777216', '0.25'],
    random: (random) => randomDecimal(random, 7, 2),
  },
  ...[bits(1), bits(7), bits(8), bits(33), bits(64)],
  { type: 'date', name: 'date', kind: 'date', edges: DATES, random: (random) => randomDate(random), oracle: DAYS },
  ...[datetimes('datetime'), datetimes('datetime(3)'), datetimes('datetime(6)')],
  ...[instants('timestamp'), instants('timestamp(6)')],
  ...[times('time'), times('time(3)'), times('time(6)')],
  ...[texts('char(12)', 12), texts('varchar(60)', 60), texts('tinytext', 40), texts('text', 300)],
  ...[texts('mediumtext', 300), texts('longtext', 300)],
  texts('varchar(60) character set utf8mb3', 60, BASIC_PLANE),
  texts('varchar(60) character set utf16', 60),
  texts('varchar(60) character set ucs2', 60, BASIC_PLANE),
  texts('varchar(60) character set utf32', 60),
  {
    ...texts('varchar(60) character set latin1', 60, WESTERN),
    random: (random) => random.list(0, 60, () => random.pick([...LATIN1, 'a', '"', '\n', '\\'])).join(''),
  },
  texts('text character set ascii', 300, /^[\0-\u007f]$/u),
  ...[bytes('binary(7)', 7), bytes('varbinary(200)', 200), bytes('tinyblob', 255), bytes('blob', 4096)],
  ...[bytes('mediumblob', 400), bytes('longblob', 400)],
  ...[
    JSONS,
    CHOICE,
    {
      ...CHOICE,
      type: "enum('é', 'x') character set latin1",
      edges: ['é', 'x'],
      random: (random: Random) => random.pick(['é', 'x']),
    },
    SETS,
  ],
  geometry('point', randomPoint, ['POINT(0 0)', 'POINT(-180.5 90)', 'POINT(1e300 -1e-300)']),
  geometry('linestring', randomLine, ['LINESTRING(0 0,1 1)']),
  geometry(
    'polygon',
    (random) => random.pick(['POLYGON((0 0,0 5,5 5,0 0))', 'POLYGON((0 0,0 9,9 9,0 0),(1 2,1 3,2 3,1 2))']),
    [],
  ),
  geometry('geometry', (random) => (random.chance(0.5) ? randomPoint(random) : randomLine(random)), [
    'MULTIPOINT(0 0,1 1)',
  ]),
  geometry('geometrycollection', (random) => `GEOMETRYCOLLECTION(${randomPoint(random)},${randomLine(random)})`, []),
  {
    type: 'uuid',
    name: 'uuid',
    kind: 'uuid',
    edges: [
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
      'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
    ],
    // The server takes only the variants and versions that it knows.
    random: (random) => `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-a${random.hex(3)}-${random.hex(12)}`,
    oracle: ASCII,
    since: { version: 10.07 },
  },
  {
    type: 'inet6',
    name: 'inet6',
    kind: 'string',
    edges: ADDRESSES6,
    random: groups,
    oracle: ASCII,
    since: { version: 10.05 },
  },
  {
    type: 'inet4',
    name: 'inet4',
    kind: 'string',
    edges: ['0.0.0.0', '255.255.255.255'],
    random: (random) => random.list(4, 4, () => random.integer(0, 255)).join('.'),
    oracle: ASCII,
    since: { version: 10.1 },
  },
];
