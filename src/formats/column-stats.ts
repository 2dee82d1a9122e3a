import { storageOf } from '../model/column-type.ts';
import type { ColumnDigits } from '../model/digits.ts';
import type { ColumnVector, RowBatch } from '../model/row-batch.ts';
import type { TableSchema } from '../model/table.ts';
import { digitMeter, type DigitMeter } from './digit-meter.ts';

/** Running sums over the batches of one file. */
export interface ColumnStats {
  rows: number;
  readonly nullCounts: number[];
  /** Largest value in bytes; stays 0 for fixed-width kinds. */
  readonly maxBytes: number[];
  /** Texts that hold the character U+0000; stays 0 for what is no text. */
  readonly nulTexts: number[];
  /** Only for exact numbers. */
  readonly meters: readonly (DigitMeter | null)[];
}

export function digitsOf({ meters }: ColumnStats): ColumnDigits {
  return meters.map((meter) => meter?.digits() ?? null);
}

export function emptyStats(table: TableSchema): ColumnStats {
  const zeros = () => table.columns.map(() => 0);
  return {
    rows: 0,
    nullCounts: zeros(),
    maxBytes: zeros(),
    nulTexts: zeros(),
    meters: table.columns.map(digitMeter),
  };
}

/** Adds a batch that `checkBatch` has accepted. */
export function addToStats(stats: ColumnStats, table: TableSchema, batch: RowBatch): void {
  stats.rows += batch.rowCount;
  for (const [index, vector] of batch.columns.entries()) {
    stats.nullCounts[index] = (stats.nullCounts[index] ?? 0) + vector.nullCount;
    stats.meters[index]?.add(vector, batch.rowCount);
    const type = table.columns[index]?.type;
    if (type === undefined || storageOf(type) !== 'bytes' || vector.offsets === null) continue;
    stats.maxBytes[index] = Math.max(stats.maxBytes[index] ?? 0, longest(vector.offsets, batch.rowCount));
    if (type.kind !== 'string' && type.kind !== 'json') continue;
    stats.nulTexts[index] = (stats.nulTexts[index] ?? 0) + withNul(vector.values, vector.offsets, batch.rowCount);
  }
}

/** In UTF-8 no other character has a byte of 0. */
function withNul({ buffer, byteOffset }: ColumnVector['values'], offsets: Int32Array, rows: number): number {
  const first = offsets[0] ?? 0;
  const length = (offsets[rows] ?? 0) - first;
  // Its search is many times faster than the array's own.
  const bytes = Buffer.from(buffer, byteOffset + first, length);
  let texts = 0;
  let row = 0;
  for (let at = bytes.indexOf(0); at !== -1; at = bytes.indexOf(0, (offsets[row] ?? 0) - first)) {
    while ((offsets[row] ?? 0) - first <= at) row += 1;
    texts += 1;
    if (row === rows) break;
  }
  return texts;
}

function longest(offsets: Int32Array, rows: number): number {
  let most = 0;
  let start = offsets[0] ?? 0;
  for (let row = 1; row <= rows; row++) {
    const end = offsets[row] ?? 0;
    if (end - start > most) most = end - start;
    start = end;
  }
  return most;
}
