import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StandInColumn, StandInTable } from '../../support/tds-stand-in/table-engine.ts';
import { tableHandler } from '../../support/tds-stand-in/table-engine.ts';
import { TdsStandIn } from '../../support/tds-stand-in/server.ts';
import * as wire from '../../support/tds-stand-in/wire-types.ts';
import { readCells, readingOf, type Reading } from './stand-in-read.ts';

type Value = { readonly value: unknown; readonly typed: string | null; readonly text?: string };
type Case = Omit<StandInColumn, 'name'> & { readonly values: readonly Value[] };

const DAY_2024 = 738_944; // 2024-02-29 as days since 0001-01-01
const TICKS_PER_DAY = 86_400 * 300;
const utf16 = (text: string): Uint8Array => Buffer.from(text, 'utf16le');
const UNICODE = [0x08, 0x02, 0x09, 0x04, 0xd0, 0x00, 0x34];
const bigintBytes = Buffer.from('0100000000000080', 'hex');

/** `typed` is the cell as planned, `text` with --as-text (left out: the same). */
const CASES: Readonly<Record<string, Case>> = {
  bits: {
    typeName: 'bit',
    wire: wire.bitN,
    values: [
      { value: true, typed: 'true', text: '1' },
      { value: false, typed: 'false', text: '0' },
    ],
  },
  tiny: {
    typeName: 'tinyint',
    wire: wire.intN(1),
    values: [
      { value: 255, typed: '255' },
      { value: 0, typed: '0' },
    ],
  },
  small: { typeName: 'smallint', wire: wire.intN(2), values: [{ value: -32768, typed: '-32768' }] },
  ints: { typeName: 'int', wire: wire.intN(4), values: [{ value: -2147483648, typed: '-2147483648' }] },
  bigs: {
    typeName: 'bigint',
    wire: wire.intN(8),
    values: [
      { value: 9007199254740993n, typed: '9007199254740993' },
      { value: -9223372036854775808n, typed: '-9223372036854775808' },
      { value: 9223372036854775807n, typed: '9223372036854775807' },
    ],
  },
  reals: {
    typeName: 'real',
    wire: wire.realN,
    values: [
      { value: 0.1, typed: String(Math.fround(0.1)), text: '0.1' },
      { value: 16777216, typed: '16777216' },
      { value: 1.401298464324817e-45, typed: '1.401298464324817e-45', text: '1.4013e-45' },
    ],
  },
  floats: {
    typeName: 'float',
    wire: wire.floatN,
    values: [
      { value: 0.1, typed: '0.1' },
      { value: 1.7976931348623157e308, typed: '1.7976931348623157e+308' },
      { value: -0, typed: '0', text: '-0' },
    ],
  },
  // Checklist 35: decimal(38,10), the largest money, the smallest smallmoney.
  decimals: {
    typeName: 'decimal',
    precision: 38,
    scale: 10,
    wire: wire.decimalN(38, 10),
    values: [
      { value: 10n ** 38n - 1n, typed: '9'.repeat(38), text: `${'9'.repeat(28)}.${'9'.repeat(10)}` },
      { value: -(10n ** 38n - 1n), typed: `-${'9'.repeat(38)}`, text: `-${'9'.repeat(28)}.${'9'.repeat(10)}` },
      { value: -1n, typed: '-1', text: '-0.0000000001' },
      { value: 0n, typed: '0', text: '0.0000000000' },
      { value: -(2n ** 96n), typed: String(-(2n ** 96n)), text: '-7922816251426433759.3543950336' },
      { value: -(2n ** 64n), typed: String(-(2n ** 64n)), text: '-1844674407.3709551616' },
    ],
  },
  narrow: {
    typeName: 'decimal',
    precision: 9,
    scale: 0,
    wire: wire.decimalN(9, 0),
    values: [
      { value: -999_999_999n, typed: '-999999999' },
      { value: 4n, typed: '4' },
    ],
  },
  moneys: {
    typeName: 'money',
    wire: wire.moneyN,
    values: [
      { value: 9223372036854775807n, typed: '9223372036854775807', text: '922337203685477.5807' },
      { value: -9223372036854775808n, typed: '-9223372036854775808', text: '-922337203685477.5808' },
      { value: 900719925474099301n, typed: '900719925474099301', text: '90071992547409.9301' },
      { value: -1n, typed: '-1', text: '-0.0001' },
    ],
  },
  smallmoneys: {
    typeName: 'smallmoney',
    wire: wire.smallMoneyN,
    values: [{ value: -2147483648n, typed: '-2147483648', text: '-214748.3648' }],
  },
  dates: {
    typeName: 'date',
    wire: wire.dateN,
    values: [
      { value: 0, typed: '-719162', text: '0001-01-01' },
      { value: 3_652_058, typed: '2932896', text: '9999-12-31' },
      { value: DAY_2024, typed: '19782', text: '2024-02-29' },
    ],
  },
  times: {
    typeName: 'time',
    scale: 6,
    wire: wire.timeN(6),
    values: [
      { value: 86_399_999_999, typed: '86399999999', text: '23:59:59.999999' },
      { value: 1, typed: '1', text: '00:00:00.000001' },
    ],
  },
  time0: {
    typeName: 'time',
    scale: 0,
    wire: wire.timeN(0),
    values: [{ value: 86_399, typed: '86399000000', text: '23:59:59' }],
  },
  time7: {
    typeName: 'time',
    scale: 7,
    wire: wire.timeN(7),
    values: [{ value: 863_999_999_999, typed: '23:59:59.9999999' }],
  },
  // Checklist 37: .003, .007 and .997 are what the server shows for 1, 2 and 299 ticks.
  datetimes: {
    typeName: 'datetime',
    wire: wire.datetimeN,
    values: [
      { value: [0, 1], typed: '-2208988799997000', text: '1900-01-01 00:00:00.003' },
      { value: [0, 2], typed: '-2208988799993000', text: '1900-01-01 00:00:00.007' },
      { value: [25_567, TICKS_PER_DAY - 1], typed: '86399997000', text: '1970-01-01 23:59:59.997' },
      { value: [-53_690, 0], typed: '-6847804800000000', text: '1753-01-01 00:00:00.000' },
    ],
  },
  smalldatetimes: {
    typeName: 'smalldatetime',
    wire: wire.smallDatetimeN,
    values: [{ value: [65_535, 1439], typed: '3453321540000000', text: '2079-06-06 23:59:00' }],
  },
  datetime2: {
    typeName: 'datetime2',
    scale: 6,
    wire: wire.datetime2N(6),
    values: [
      { value: [0, 0], typed: '-62135596800000000', text: '0001-01-01 00:00:00.000000' },
      { value: [86_399_999_999, 3_652_058], typed: '253402300799999999', text: '9999-12-31 23:59:59.999999' },
      { value: [1, DAY_2024], typed: '1709164800000001', text: '2024-02-29 00:00:00.000001' },
    ],
  },
  datetime2s3: {
    typeName: 'datetime2',
    scale: 3,
    wire: wire.datetime2N(3),
    values: [{ value: [86_399_999, 719_161], typed: '-1000', text: '1969-12-31 23:59:59.999' }],
  },
  datetime2s7: {
    typeName: 'datetime2',
    scale: 7,
    wire: wire.datetime2N(7),
    values: [{ value: [1_234_567, DAY_2024], typed: '2024-02-29 00:00:00.1234567' }],
  },
  // Checklist 36: the wire has UTC (19:30 the day before) and the offset of +05:30.
  offsets: {
    typeName: 'datetimeoffset',
    scale: 7,
    wire: wire.datetimeoffsetN(7),
    values: [
      { value: [702_001_234_567, DAY_2024 - 60, 330], typed: '2024-01-01 01:00:00.1234567 +05:30' },
      { value: [1, DAY_2024, -90], typed: '2024-02-28 22:30:00.0000001 -01:30' },
      { value: [0, DAY_2024, 0], typed: '2024-02-29 00:00:00.0000000 +00:00' },
    ],
  },
  guids: {
    typeName: 'uniqueidentifier',
    wire: wire.guidN,
    values: [{ value: '00112233-4455-6677-8899-aabbccddeeff', typed: '00112233-4455-6677-8899-aabbccddeeff' }],
  },
  texts: {
    typeName: 'nvarchar',
    maxLength: 800,
    wire: wire.nvarchar(400),
    values: [
      { value: '', typed: '' },
      { value: 'árvíztűrő €\u0000 😀 \uffff', typed: 'árvíztűrő €\u0000 😀 \uffff' },
      { value: 'ő'.repeat(390), typed: 'ő'.repeat(390) },
    ],
  },
  longs: {
    typeName: 'nvarchar',
    maxLength: -1,
    wire: wire.nvarcharMax(4001),
    values: [
      { value: '', typed: '' },
      { value: '😀x'.repeat(700_001), typed: '😀x'.repeat(700_001) },
      { value: 'short', typed: 'short' },
    ],
  },
  codepage: { typeName: 'varchar', maxLength: 20, wire: wire.nvarchar(4000), values: [{ value: '€ő', typed: '€ő' }] },
  xmls: { typeName: 'xml', wire: wire.nvarcharMax(7, false), values: [{ value: '<a b="ű"/>', typed: '<a b="ű"/>' }] },
  bytes: {
    typeName: 'varbinary',
    maxLength: 20,
    wire: wire.varbinary(20),
    values: [
      { value: Buffer.from('00ff0a', 'hex'), typed: '00ff0a' },
      { value: Buffer.alloc(0), typed: '' },
    ],
  },
  blobs: {
    typeName: 'varbinary',
    maxLength: -1,
    wire: wire.varbinaryMax(1000, false),
    values: [
      { value: Buffer.alloc(1_000_000, 0xd1), typed: 'd1'.repeat(1_000_000) },
      { value: Buffer.alloc(0), typed: '' },
    ],
  },
  variants: {
    typeName: 'sql_variant',
    wire: wire.variant,
    values: [
      { value: { code: 0x38, bytes: Buffer.from('fbffffff', 'hex') }, typed: 'int:-5' },
      { value: { code: 0x7f, bytes: bigintBytes }, typed: 'bigint:-9223372036854775807' },
      { value: { code: 0x6a, properties: [5, 2], bytes: Buffer.from('0196000000', 'hex') }, typed: 'decimal:1.50' },
      { value: { code: 0xe7, properties: UNICODE, bytes: utf16('ő😀') }, typed: 'nvarchar:ő😀' },
      { value: { code: 0xa7, properties: UNICODE, bytes: Buffer.from([0x80]) }, typed: 'varchar:€' },
      {
        value: { code: 0x2a, properties: [7], bytes: wire.datetime2N(7).encode([1_234_567, DAY_2024]).subarray(1) },
        typed: 'datetime2:2024-02-29 00:00:00.1234567',
      },
      { value: { code: 0xa5, properties: [10, 0], bytes: Buffer.from('00ff', 'hex') }, typed: 'varbinary:00ff' },
      { value: { code: 0x32, bytes: Buffer.from([1]) }, typed: 'bit:1' },
      {
        value: { code: 0x24, bytes: wire.guidBytes('00112233-4455-6677-8899-aabbccddeeff') },
        typed: 'uniqueidentifier:00112233-4455-6677-8899-aabbccddeeff',
      },
    ],
  },
};

/** Each column gets its values and NULL, rows are as many as the longest list; shorter lists go on from their beginning. */
function tableOf(name: string, sparse: boolean): StandInTable {
  const entries = Object.entries(CASES);
  const height = 1 + Math.max(...entries.map(([, { values }]) => values.length));
  const id = { name: 'id', typeName: 'int', notNull: true, wire: wire.int };
  return {
    name,
    sparse,
    columns: [id, ...entries.map(([column, facts]) => ({ name: column, ...facts }))],
    rows: () =>
      Array.from({ length: height }, (_, row) => [
        row,
        ...entries.map(([, { values }]) => valueAt(values, row)?.value ?? null),
      ]),
  };
}

function valueAt(values: readonly Value[], row: number): Value | null {
  return values[row % (values.length + 1)] ?? null;
}

const TABLES = [tableOf('dense', false), tableOf('sparse', true)];

describe('values as they are on the wire', () => {
  let standIn: TdsStandIn;
  let reading: Reading;
  beforeAll(async () => {
    standIn = await TdsStandIn.start(tableHandler(TABLES));
    reading = await readingOf(standIn, TABLES);
  });
  afterAll(async () => {
    await reading.connection.close();
    await standIn[Symbol.asyncDispose]();
  });

  it.each(['dense', 'sparse'])('are the planned ones in %s rows (checklist 35, 36, 37)', async (name) => {
    const cells = await readCells(reading, await reading.request(name));
    for (const [at, [column, { values }]] of Object.entries(CASES).entries()) {
      const got = cells.map((row) => row[at + 1]);
      expect({ [column]: got }).toEqual({ [column]: cells.map((_, row) => valueAt(values, row)?.typed ?? null) });
    }
    expect(cells.map(([id]) => id)).toEqual(cells.map((_, row) => String(row)));
  });

  it('lose no digit as text', async () => {
    const names = Object.keys(CASES);
    const cells = await readCells(reading, await reading.request('dense', { asText: names }));
    for (const [at, [column, { values }]] of Object.entries(CASES).entries()) {
      const wanted = cells
        .map((_, row) => valueAt(values, row))
        .map((value) => (value === null ? null : (value.text ?? value.typed)));
      expect({ [column]: cells.map((row) => row[at + 1]) }).toEqual({ [column]: wanted });
    }
  });
});

describe('values that do not fit', () => {
  const bad: Readonly<Record<string, readonly [StandInColumn, unknown, string]>> = {
    'a lone surrogate (checklist 43)': [
      { name: 'v', typeName: 'nvarchar', maxLength: 80, wire: wire.nvarchar(40) },
      'ab\ud83dcd',
      'column v of dbo.bad holds half of a surrogate pair at character 3, which is no text in UTF-8 in the row with key 7: ab\\ud83dcd',
    ],
    'a lone surrogate at the end of a long text': [
      { name: 'v', typeName: 'nvarchar', maxLength: -1, wire: wire.nvarcharMax() },
      `${'x'.repeat(3000)}\udc00`,
      'half of a surrogate pair at character 3001',
    ],
    'a seventh digit in a column of six': [
      { name: 'v', typeName: 'datetime2', scale: 6, wire: wire.datetime2N(7) },
      [1_234_567, DAY_2024],
      'column v of dbo.bad holds a time with 7 digits, which microseconds cannot hold in the row with key 7: 2024-02-29 00:00:00.1234567',
    ],
    'a decimal beyond its planned scale': [
      { name: 'v', typeName: 'decimal', precision: 5, scale: 2, wire: wire.decimalN(9, 3) },
      12_345n,
      'a number that does not fit decimal(5,2) in the row with key 7: 12.345',
    ],
  };
  it.each(Object.entries(bad))('%s is an error that names column and key', async (_, [column, value, message]) => {
    const id = { name: 'id', typeName: 'int', notNull: true, wire: wire.int };
    const tables: StandInTable[] = [
      {
        name: 'bad',
        columns: [id, column],
        rows: () => [
          [6, null],
          [7, value],
        ],
      },
    ];
    await using standIn = await TdsStandIn.start(tableHandler(tables));
    const reading = await readingOf(standIn, tables);
    await expect(readCells(reading, await reading.request('bad'))).rejects.toMatchObject({
      problem: { code: 'VALUE_DOES_NOT_FIT', fault: 'data', message: expect.stringContaining(message) },
    });
    // The connection is in order: the next statement is answered.
    expect(await reading.connection.rows('/* sqlextract:clock */ SELECT 1')).toHaveLength(1);
    await reading.connection.close();
  });
});

it('a column that arrives as another type was altered', async () => {
  const id = { name: 'id', typeName: 'int', notNull: true, wire: wire.int };
  const tables: StandInTable[] = [
    { name: 'altered', columns: [id, { name: 'v', typeName: 'int', wire: wire.nvarchar(40) }], rows: () => [[1, 'x']] },
  ];
  await using standIn = await TdsStandIn.start(tableHandler(tables));
  const reading = await readingOf(standIn, tables);
  await expect(readCells(reading, await reading.request('altered'))).rejects.toThrow(
    'sends chars where int was planned',
  );
  await reading.connection.close();
});
