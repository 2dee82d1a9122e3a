import { describe, expect, test } from 'vitest';
import { digitMeter } from '../../src/formats/digit-meter.ts';
import { csvFormat } from '../../src/formats/csv.ts';
import { parquetFormat } from '../../src/formats/parquet.ts';
import type { ColumnType } from '../../src/model/column-type.ts';
import { type Digits, widestDigits } from '../../src/model/digits.ts';
import type { ColumnSchema } from '../../src/model/table.ts';
import { buildBatch, type Cell } from '../support/batch.ts';
import { encodeRows } from '../support/encode.ts';

function column(type: ColumnType, exact: boolean): ColumnSchema {
  const plain = { name: 'n', nativeType: 'numeric', type, nullable: true };
  return exact ? { ...plain, exact: 'number' } : plain;
}

function measured(type: ColumnType, cells: readonly Cell[]): Digits | null {
  const meter = digitMeter(column(type, true));
  if (meter === null) throw new Error('no meter');
  for (const cell of cells) {
    const [vector] = buildBatch([type], [[cell], [null]]).columns;
    if (vector !== undefined) meter.add(vector, 2);
  }
  return meter.digits();
}

const TEXT = { kind: 'string' } as const;

describe('digits of texts', () => {
  test.each<[readonly string[], number, number]>([
    [['1'], 1, 0],
    [['-12.50', '7'], 2, 2],
    [['0.001'], 0, 3],
    [['-000.10', '0'], 0, 2],
    [['007'], 1, 0],
    [['9'.repeat(40), `0.${'1'.repeat(30)}`], 40, 30],
    [[], 0, 0],
  ])('%j', (texts, integer, scale) => {
    expect(measured(TEXT, texts)).toEqual({ integer, scale });
  });

  test.each(['NaN', 'Infinity', '1e5', '1.', '.5', '-', '', '+1', '1.2.3', ' 1', '0x1', '1,5'])(
    'no plain number: %j',
    (text) => {
      expect(measured(TEXT, ['12.5', text, '3'])).toBeNull();
    },
  );
});

describe('digits of decimals', () => {
  const P2: ColumnType = { kind: 'decimal', precision: 38, scale: 2 };
  test.each<[readonly bigint[], number]>([
    [[0n], 0],
    [[5n, -99n], 0],
    [[-100n], 1],
    [[99_999n], 3],
    [[2n ** 53n - 1n], 14],
    [[2n ** 53n], 14],
    [[-(2n ** 63n)], 17],
    [[-(10n ** 37n)], 36],
    [[10n ** 38n - 1n, 1n], 36],
  ])('%o', (values, integer) => {
    expect(measured(P2, values)).toEqual({ integer, scale: 2 });
  });
});

test('other columns are not measured', () => {
  expect(digitMeter(column(TEXT, false))).toBeNull();
  expect(digitMeter(column({ kind: 'int32' }, true))).toBeNull();
});

test.each([csvFormat, parquetFormat])('$name says the digits of a file', async (format) => {
  const columns = [
    { name: 'id', type: { kind: 'int32' } },
    { name: 'price', type: { kind: 'decimal', precision: 10, scale: 3 } },
  ] as const;
  const { summary } = await encodeRows(
    format,
    columns,
    [
      [1, 12_345n],
      [2, null],
    ],
    {},
    [1],
  );
  expect(summary.digits).toEqual([null, { integer: 2, scale: 3 }]);
});

test('of several files together', () => {
  const three = { integer: 3, scale: 0 };
  expect(widestDigits([three, { integer: 1, scale: 2 }])).toEqual({ integer: 3, scale: 2 });
  expect(widestDigits([three, null, three])).toBeNull();
  expect(widestDigits([])).toEqual({ integer: 0, scale: 0 });
});
