import type { ColumnVector, RowBatch } from '../../src/model/row-batch.ts';
import type { ColumnType } from '../../src/model/column-type.ts';

/** The row that the encoders are measured with: ten mixed columns, about 175 bytes as CSV. */
export const MIXED_COLUMNS: readonly (readonly [string, ColumnType])[] = [
  ['id', { kind: 'int64' }],
  ['customer', { kind: 'int32' }],
  ['code', { kind: 'string' }],
  ['comment', { kind: 'string' }],
  ['amount', { kind: 'decimal', precision: 12, scale: 2 }],
  ['created_at', { kind: 'timestamp', zoned: true }],
  ['day', { kind: 'date' }],
  ['score', { kind: 'float64' }],
  ['active', { kind: 'boolean' }],
  ['token', { kind: 'uuid' }],
];

const HEX = Buffer.from('0123456789abcdef');
const LETTERS = Buffer.from('abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.,0123456');

/** Deterministic 32-bit noise (xorshift), so that a measurement can be repeated. */
export function noise(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Rows `from` … `from + rows`; the comment is NULL in one row of five. */
export function mixedBatch(from: number, rows: number): RowBatch {
  const next = noise(from * 2654435761 + 12345);
  return {
    rowCount: rows,
    columns: [
      plain(longWords(rows, (row) => BigInt(from + row + 1))),
      plain(Int32Array.from({ length: rows }, () => next() % 1_000_000)),
      textColumn(rows, 20, next, null),
      textColumn(rows, 40, next, (row) => (from + row) % 5 === 3),
      plain(decimalWords(rows, next)),
      plain(longWords(rows, (row) => 1_700_000_000_000_000n + BigInt(from + row) * 1_000_003n)),
      plain(Int32Array.from({ length: rows }, () => 18_000 + (next() % 2000))),
      plain(Float64Array.from({ length: rows }, () => next() / 1e4)),
      plain(Uint8Array.from({ length: (rows + 7) >> 3 }, () => next() & 255)),
      uuidColumn(rows, next),
    ],
  };
}

function plain(values: ColumnVector['values']): ColumnVector {
  return { nullCount: 0, validity: null, values, offsets: null };
}

function longWords(rows: number, value: (row: number) => bigint): Int32Array<ArrayBuffer> {
  const words = new Int32Array(rows * 2);
  const longs = new BigInt64Array(words.buffer);
  for (let row = 0; row < rows; row++) longs[row] = value(row);
  return words;
}

function decimalWords(rows: number, next: () => number): Int32Array<ArrayBuffer> {
  const words = new Int32Array(rows * 4);
  for (let row = 0; row < rows; row++) words[row * 4] = next() % 100_000_000;
  return words;
}

function textColumn(rows: number, width: number, next: () => number, isNull: ((row: number) => boolean) | null) {
  const offsets = new Int32Array(rows + 1);
  const validity = isNull === null ? null : new Uint8Array((rows + 7) >> 3);
  const values = new Uint8Array(rows * width);
  let end = 0;
  let nullCount = 0;
  for (let row = 0; row < rows; row++) {
    if (isNull?.(row)) nullCount++;
    else {
      if (validity !== null) validity[row >> 3] = (validity[row >> 3] ?? 0) | (1 << (row & 7));
      for (let at = 0; at < width; at++) values[end++] = LETTERS[next() & 63] ?? 32;
    }
    offsets[row + 1] = end;
  }
  return { nullCount, validity, values, offsets };
}

function uuidColumn(rows: number, next: () => number): ColumnVector {
  const values = new Uint8Array(rows * 36);
  const offsets = new Int32Array(rows + 1);
  for (let at = 0; at < rows * 36; at++) {
    const place = at % 36;
    const dash = place === 8 || place === 13 || place === 18 || place === 23;
    values[at] = dash ? 45 : (HEX[next() & 15] ?? 48);
  }
  for (let row = 1; row <= rows; row++) offsets[row] = row * 36;
  return { nullCount: 0, validity: null, values, offsets };
}
