import type { Random } from './random.ts';
import { AWKWARD_TEXTS, clipped, randomJson, randomText } from './random-text.ts';
import { listed, type TypeValues } from './type-values.ts';

const FLOATS = ['0', '-0', '1', '-1', '0.1', 'NaN', 'Infinity', '-Infinity', '16777217', '0.30000000000000004'];
export const DOUBLES = [
  ...FLOATS,
  '1.7976931348623157e308',
  '-1.7976931348623157e308',
  '5e-324',
  '-5e-324',
  '2.2250738585072014e-308',
];
export const REALS = [
  ...FLOATS,
  '3.4028235e38',
  '-3.4028235e38',
  '1e-45',
  '-1e-45',
  '1.17549435e-38',
  '1.17549421e-38',
];

/** Any double but NaN, by its bits. */
export function randomDouble(random: Random): string {
  const view = new DataView(new ArrayBuffer(8));
  if (random.chance(0.4)) return String(random.integer(-1e9, 1e9) / 10 ** random.integer(0, 6));
  view.setBigUint64(0, BigInt(`0x${random.hex(16)}`));
  const value = view.getFloat64(0);
  return Number.isNaN(value) ? '0.5' : Object.is(value, -0) ? '-0' : String(value);
}

export function randomReal(random: Random): string {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, Number(`0x${random.hex(8)}`));
  const value = view.getFloat32(0);
  return Number.isNaN(value) ? '0.5' : Object.is(value, -0) ? '-0' : String(value);
}

export const signed = (random: Random, most: bigint) => {
  const value = random.natural(most);
  return String(random.chance(0.5) ? -value - 1n : value);
};
const integers = (type: string, name: string, kind: 'int32' | 'int64', bits: bigint): TypeValues => {
  const most = (1n << (bits - 1n)) - 1n;
  const edges = [0n, 1n, -1n, most, -most - 1n, most - 1n, 10n, 9n, 99n, 100n].map(String);
  return { type, name, kind, edges, random: (random) => signed(random, most) };
};
const naturals = (type: string, kind: 'int64' | 'decimal', most: bigint): TypeValues => ({
  type,
  name: type,
  kind,
  edges: [0n, 1n, most, most - 1n, most >> 1n, (most >> 1n) + 1n].map(String),
  random: (random) => String(random.natural(most)),
});

/** Digits in groups of four, as numeric stores them: runs of zeros and nines at their borders. */
export function randomDigits(random: Random, most: number): string {
  const length = random.integer(1, most);
  const groups = random.list(Math.ceil(length / 4), Math.ceil(length / 4), () =>
    random.pick(['0000', '9999', '0001', '1000', String(random.integer(0, 9999)).padStart(4, '0')]),
  );
  return groups.join('').slice(0, length);
}

export function randomDecimal(random: Random, precision: number, scale: number): string {
  const digits = randomDigits(random, precision).padStart(scale + 1, '0');
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return random.chance(0.5) ? `-${text}` : text;
}

function decimal(precision: number, scale: number): TypeValues {
  const nines = '9'.repeat(precision);
  const most = scale === 0 ? nines : `${nines.slice(0, precision - scale)}.${nines.slice(precision - scale)}`;
  const least = scale === 0 ? '1' : `0.${'1'.padStart(scale, '0')}`;
  return {
    type: `numeric(${precision},${scale})`,
    name: 'numeric',
    kind: precision > 38 ? 'string' : 'decimal',
    edges: ['0', '-0', most, `-${most}`, least, `-${least}`, ...(precision > 38 ? ['NaN'] : [])],
    random: (random) => randomDecimal(random, precision, scale),
  };
}

const UNLIMITED: TypeValues = {
  type: 'numeric',
  name: 'numeric',
  kind: 'string',
  edges: ['0', '0.0000', '-1.10', 'NaN', '1e400', '1e-400', '9'.repeat(200), `0.${'0'.repeat(300)}1`],
  random: (random) => randomDecimal(random, random.integer(40, 80), random.integer(0, 40)),
};
const NEGATIVE_SCALE: TypeValues = {
  type: 'numeric(6,-3)',
  name: 'numeric',
  kind: 'string',
  edges: ['0', '999999000', '-999999000', '1499', '1500'],
  random: (random) => randomDecimal(random, 9, 0).replace(/^(-?)9/, '$18'),
  since: { version: 15 },
};

const BYTEA_EDGES = ['', '00', 'ff', '0a', '5c78', '22', '2c', 'ff'.repeat(4096), '00'.repeat(4096), 'c328', 'efbbbf'];
const BYTEA: TypeValues = {
  type: 'bytea',
  name: 'bytea',
  kind: 'binary',
  edges: BYTEA_EDGES.map((hex) => `\\x${hex}`),
  random: (random) =>
    `\\x${random.hex(2 * random.integer(0, random.pick([3, 20, 200, random.chance(0.1) ? 4096 : 300])))}`,
};

const texts = (type: string, name: string, most: number, oracle?: string): TypeValues => ({
  type,
  name,
  kind: 'string',
  edges: AWKWARD_TEXTS.map((text) => clipped(text, most)),
  random: (random) => clipped(randomText(random, Math.min(most, random.pick([5, 20, 80]))), most),
  ...(oracle === undefined ? {} : { oracle }),
});
/** A cast of char(n) to text drops the padding, which is part of the value. */
const PADDED = 'textin(bpcharout($))';

const EXTREME_NUMBERS = [
  '12345678901234567890',
  '1.10',
  '-0',
  '-0.0',
  '9007199254740993',
  '1e-7',
  '0.30000000000000004',
];
const jsonEdges = [
  'null',
  '""',
  '[]',
  '{}',
  '{"a":1,"a":2}',
  ' {"b" : 1 , "a": [1.10]}\n',
  '12345678901234567890.10',
  '"\\u00e9\\n\\\\"',
];

export const SCALARS: readonly TypeValues[] = [
  listed('boolean', 'boolean', ['true', 'false'], { name: 'bool' }),
  integers('smallint', 'int2', 'int32', 16n),
  integers('integer', 'int4', 'int32', 32n),
  integers('bigint', 'int8', 'int64', 64n),
  naturals('oid', 'int64', (1n << 32n) - 1n),
  naturals('xid', 'int64', (1n << 32n) - 1n),
  naturals('cid', 'int64', (1n << 32n) - 1n),
  naturals('xid8', 'decimal', (1n << 64n) - 1n),
  {
    type: 'money',
    name: 'money',
    kind: 'decimal',
    edges: ['0', '0.01', '-0.01', '92233720368547758.07', '-92233720368547758.08', '1234.50'],
    random: (random) => signed(random, (1n << 63n) - 1n).replace(/^(-?)(\d*?)(\d{1,2})$/, '$10$2.$3'),
    oracle: '$::numeric::text',
  },
  { type: 'real', name: 'float4', kind: 'float32', edges: REALS, random: randomReal },
  { type: 'double precision', name: 'float8', kind: 'float64', edges: DOUBLES, random: randomDouble },
  ...(
    [
      [1, 0],
      [4, 4],
      [5, 1],
      [8, 8],
      [9, 2],
      [10, 0],
      [12, 2],
      [15, 3],
      [18, 6],
      [19, 0],
      [19, 19],
      [20, 3],
      [28, 10],
      [38, 0],
      [38, 1],
      [38, 19],
      [38, 38],
      [39, 2],
      [60, 30],
    ] as const
  ).map(([precision, scale]) => decimal(precision, scale)),
  UNLIMITED,
  NEGATIVE_SCALE,
  BYTEA,
  texts('text', 'text', 10_000),
  texts('varchar', 'varchar', 10_000),
  texts('varchar(12)', 'varchar', 12),
  texts('char(7)', 'bpchar', 7, PADDED),
  texts('char', 'bpchar', 1, PADDED),
  texts('bpchar', 'bpchar', 40, PADDED),
  texts('name', 'name', 15),
  texts('refcursor', 'refcursor', 40),
  {
    type: '"char"',
    name: 'char',
    kind: 'string',
    edges: ['', ' ', '"', ',', '\\', '\n', '\r', '\t', '\u0001', '\u007f', 'N'],
    random: (random) => String.fromCharCode(random.integer(1, 127)),
  },
  {
    type: 'uuid',
    name: 'uuid',
    kind: 'uuid',
    edges: [
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
      'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
    ],
    random: (random) => random.hex(32),
  },
  {
    type: 'json',
    name: 'json',
    kind: 'json',
    edges: [...jsonEdges, '"\\u0000"', '"\\ud800"', '1E400', '[1 ,\t2\r\n]'],
    random: (random) => randomJson(random, [...EXTREME_NUMBERS, '1E400', '1e+05']),
  },
  {
    type: 'jsonb',
    name: 'jsonb',
    kind: 'json',
    edges: jsonEdges,
    random: (random) => randomJson(random, [...EXTREME_NUMBERS, '1e40']),
  },
];
