import type { Storage } from '../model/column-type.ts';
import type { RowBatch } from '../model/row-batch.ts';

const FIXED_BITS = {
  bits: 1,
  words1: 32,
  words2: 64,
  words4: 128,
  float32: 32,
  float64: 64,
  bytes: 32,
} as const satisfies Record<Storage, number>;

/** Bytes that rows [from, to) take in the batch, validity not counted. */
export function rawBytes(batch: RowBatch, storages: readonly Storage[], from: number, to: number): number {
  let bits = 0;
  let bytes = 0;
  for (const [index, storage] of storages.entries()) {
    bits += FIXED_BITS[storage];
    const offsets = batch.columns[index]?.offsets ?? null;
    if (offsets !== null) bytes += (offsets[to] as number) - (offsets[from] as number);
  }
  return bytes + ((to - from) * bits) / 8;
}

/** How many rows from `from` on take at most `bytes`; not more than `most`; 0 when the first is too large already. */
export function rowsWithin(
  batch: RowBatch,
  storages: readonly Storage[],
  from: number,
  bytes: number,
  most: number,
): number {
  let fits = 0;
  let beyond = Math.min(batch.rowCount - from, most) + 1;
  while (beyond - fits > 1) {
    const middle = (fits + beyond) >> 1;
    if (rawBytes(batch, storages, from, from + middle) <= bytes) fits = middle;
    else beyond = middle;
  }
  return fits;
}
