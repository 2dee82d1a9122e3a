import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ColumnType } from '../../src/model/column-type.ts';
import { openFileReader } from '../../src/verify/duckdb-reader.ts';
import { rowHashSum } from '../../src/verify/row-hash-sql.ts';

/** DuckDB literal, and the text that model/row-hash.ts asks for. */
const CELLS: readonly (readonly [ColumnType, string, string | null])[] = [
  [{ kind: 'boolean' }, 'true', 't'],
  [{ kind: 'boolean' }, 'false', 'f'],
  [{ kind: 'int32' }, '(-2147483648)::INTEGER', '-2147483648'],
  [{ kind: 'int64' }, '(-9223372036854775808)::BIGINT', '-9223372036854775808'],
  [{ kind: 'int64' }, 'NULL::BIGINT', null],
  [{ kind: 'decimal', precision: 12, scale: 2 }, '(-0.05)::DECIMAL(12,2)', '-0.05'],
  [
    { kind: 'decimal', precision: 38, scale: 0 },
    "'-99999999999999999999999999999999999999'::DECIMAL(38,0)",
    `-${'9'.repeat(38)}`,
  ],
  [{ kind: 'decimal', precision: 38, scale: 38 }, "'-0.1'::DECIMAL(38,38)", `-0.1${'0'.repeat(37)}`],
  [{ kind: 'decimal', precision: 1, scale: 1 }, '0.5::DECIMAL(1,1)', '0.5'],
  [{ kind: 'decimal', precision: 1, scale: 1 }, '0::DECIMAL(1,1)', '0.0'],
  [{ kind: 'decimal', precision: 1, scale: 1 }, 'NULL::DECIMAL(1,1)', null],
  [{ kind: 'float64' }, '1.5::DOUBLE', bits(1.5)],
  [{ kind: 'float64' }, "'-0'::DOUBLE", bits(-0)],
  [{ kind: 'float64' }, "'5e-324'::DOUBLE", bits(5e-324)],
  [{ kind: 'float64' }, "'-Infinity'::DOUBLE", bits(-Infinity)],
  [{ kind: 'float64' }, "'NaN'::DOUBLE", 'nan'],
  [{ kind: 'float64' }, "-('NaN'::DOUBLE)", 'nan'],
  [{ kind: 'float32' }, '0.1::FLOAT', '00111101110011001100110011001101'],
  [{ kind: 'float32' }, 'NULL::FLOAT', null],
  [{ kind: 'date' }, "DATE '1969-12-31'", '-1'],
  [{ kind: 'date' }, "DATE '0001-01-01'", '-719162'],
  [{ kind: 'time' }, "TIME '24:00:00'", '86400000000'],
  [{ kind: 'timestamp', zoned: false }, "TIMESTAMP '1969-12-31 23:59:59.999999'", '-1'],
  [{ kind: 'timestamp', zoned: true }, "TIMESTAMPTZ '2024-01-01 02:00:00.5+02'", '1704067200500000'],
  [{ kind: 'string' }, "'é' || chr(0) || 'x'", 'é\0x'],
  [{ kind: 'string' }, "''", ''],
  [{ kind: 'json' }, `'{"a": 1}'`, '{"a": 1}'],
  [{ kind: 'uuid' }, "'1F3A9C0B-7d2e-4f50-8abc-000000000000'", '1f3a9c0b-7d2e-4f50-8abc-000000000000'],
  [{ kind: 'binary' }, "'\\x00\\xFF'::BLOB", '00ff'],
  [{ kind: 'binary' }, "''::BLOB", ''],
];

describe('the hash over whole rows, in SQL', () => {
  test.each(CELLS)('%j: %s', async (type, literal, text) => {
    using reader = await openFileReader({ threads: 1, memoryBytes: 1e9 });
    const sum = rowHashSum([{ expression: 'c', type }]);
    expect(await reader.query(`SELECT ${sum} FROM (SELECT ${literal} AS c)`)).toEqual([[String(hashOf([text]))]]);
  });

  test('a row is all its cells, and the sum is not reduced', async () => {
    using reader = await openFileReader({ threads: 1, memoryBytes: 1e9 });
    const columns = [
      { expression: 'a', type: { kind: 'int32' } as const },
      { expression: 'b', type: { kind: 'string' } as const },
    ];
    const rows = "(VALUES (1, 'x'), (1, 'x'), (NULL, '-'), (2, NULL)) AS t(a, b)";
    const expected = 2n * hashOf(['1', 'x']) + hashOf([null, '-']) + hashOf(['2', null]);
    expect(await reader.query(`SELECT ${rowHashSum(columns)} FROM ${rows}`)).toEqual([[String(expected)]]);
    expect(expected).toBeGreaterThan(2n ** 64n);
    expect(await reader.query(`SELECT ${rowHashSum(columns)} FROM ${rows} WHERE false`)).toEqual([['0']]);
  });

  test('the sum over many rows does not overflow', async () => {
    using reader = await openFileReader({ threads: 2, memoryBytes: 1e9 });
    const sum = rowHashSum([{ expression: 'c', type: { kind: 'boolean' } }]);
    const [row] = await reader.query(`SELECT ${sum} FROM (SELECT true AS c FROM range(100000))`);
    expect(row?.[0]).toBe(String(100_000n * hashOf(['t'])));
  });
});

function hashOf(texts: readonly (string | null)[]): bigint {
  const row = texts.map((text) => (text === null ? '-' : `${Buffer.byteLength(text)}:${text}`)).join('');
  return BigInt(`0x${createHash('md5').update(row, 'utf8').digest('hex').slice(0, 16)}`);
}

function bits(value: number): string {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleBE(value);
  return buffer.readBigUInt64BE().toString(2).padStart(64, '0');
}
