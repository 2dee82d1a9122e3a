import type { ColumnVector } from '../model/row-batch.ts';
import { GrowingBytes } from './growing-bytes.ts';
import type { ParquetColumn } from './parquet-schema.ts';

/**
 * Appends the values of rows [from, to) in Parquet's PLAIN encoding, leaving NULLs out. `valuesBefore` is how many values the page
 * has already (booleans are packed over the borders of batches).
 */
export type PlainAppender = (
  out: GrowingBytes,
  vector: ColumnVector,
  from: number,
  to: number,
  valuesBefore: number,
) => void;

export function plainAppender(column: ParquetColumn): PlainAppender {
  switch (column.physical) {
    case 'boolean':
      return appendBits;
    case 'float':
      return fixedWidth(1, 1);
    case 'double':
      return fixedWidth(2, 2);
    case 'int32':
      return column.type.kind === 'decimal' ? fixedWidth(4, 1) : fixedWidth(1, 1);
    case 'int64':
      return column.type.kind === 'decimal' ? fixedWidth(4, 2) : fixedWidth(2, 2);
    case 'fixed':
      return bigEndian(column.fixedLength);
    case 'byteArray':
      return appendByteArrays;
    default:
      return column.physical satisfies never;
  }
}

/** True when row `row` of a vector whose `validity` this is has a value. */
export function isValid(validity: Uint8Array | null, row: number): boolean {
  return validity === null || (((validity[row >> 3] as number) >> (row & 7)) & 1) === 1;
}

/** The vector's values as 32-bit words, whatever they are: a copy of bits must not pass through a floating-point register. */
export function wordsOf(vector: ColumnVector): Int32Array {
  const { values } = vector;
  return values instanceof Int32Array
    ? values
    : new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2);
}

/**
 * Room behind the last value. Copies by words may need three bytes of it. With no more than these, V8 (Maglev in Node 24) takes the last
 * words for out of bounds, and from then on calls a function for every access: a tenth of a run.
 */
const SLACK = 128;

/** Copies the lowest `take` of every row's `words` words. */
function fixedWidth(words: number, take: number): PlainAppender {
  return (out, vector, from, to) => {
    const source = wordsOf(vector);
    out.reserve((to - from) * take * 4 + SLACK);
    if (words === take && vector.nullCount === 0) {
      const start = source.byteOffset + from * words * 4;
      out.append(new Uint8Array(source.buffer as ArrayBuffer, start, (to - from) * words * 4));
      return;
    }
    const validity = vector.nullCount === 0 ? null : vector.validity;
    const { view } = out;
    let at = out.length;
    for (let row = from; row < to; row++) {
      if (!isValid(validity, row)) continue;
      view.setInt32(at, source[row * words] as number, true);
      if (take === 2) view.setInt32(at + 4, source[row * words + 1] as number, true);
      at += take * 4;
    }
    out.length = at;
  };
}

/** Decimals of more than 18 digits: two's complement, highest byte first. */
function bigEndian(length: number): PlainAppender {
  return (out, vector, from, to) => {
    const source = wordsOf(vector);
    const validity = vector.nullCount === 0 ? null : vector.validity;
    out.reserve((to - from) * length);
    const { bytes } = out;
    let at = out.length;
    for (let row = from; row < to; row++) {
      if (!isValid(validity, row)) continue;
      for (let byte = length - 1; byte >= 0; byte--) {
        bytes[at++] = (source[row * 4 + (byte >> 2)] as number) >> ((byte & 3) << 3);
      }
    }
    out.length = at;
  };
}

function appendBits(out: GrowingBytes, vector: ColumnVector, from: number, to: number, valuesBefore: number): void {
  const source = vector.values as Uint8Array;
  const validity = vector.nullCount === 0 ? null : vector.validity;
  out.reserve(((to - from) >> 3) + 2);
  const { bytes } = out;
  let bit = valuesBefore & 7;
  let at = bit === 0 ? out.length : out.length - 1;
  for (let row = from; row < to; row++) {
    if (!isValid(validity, row)) continue;
    if (bit === 0) bytes[at] = 0;
    bytes[at] = (bytes[at] as number) | ((((source[row >> 3] as number) >> (row & 7)) & 1) << bit);
    bit = (bit + 1) & 7;
    if (bit === 0) at++;
  }
  out.length = bit === 0 ? at : at + 1;
}

/** Values up to this many bytes are copied word by word; a call of `set` costs more. */
const SHORT = 96;

function appendByteArrays(out: GrowingBytes, vector: ColumnVector, from: number, to: number): void {
  const offsets = vector.offsets as Int32Array;
  const source = vector.values as Uint8Array<ArrayBuffer>;
  const validity = vector.nullCount === 0 ? null : vector.validity;
  const input = new DataView(source.buffer, source.byteOffset, source.byteLength);
  // Word copies write up to three bytes too many; the next value overwrites them.
  out.reserve((to - from) * 4 + (offsets[to] as number) - (offsets[from] as number) + SLACK);
  const { view } = out;
  const lastWord = source.length - 4;
  let at = out.length;
  let start = offsets[from] as number;
  for (let row = from; row < to; row++) {
    const end = offsets[row + 1] as number;
    if (isValid(validity, row)) {
      view.setInt32(at, end - start, true);
      at += 4;
      if (end - start <= SHORT && end <= lastWord) {
        for (let byte = start; byte < end; byte += 4) {
          view.setInt32(at + byte - start, input.getInt32(byte, true), true);
        }
      } else out.bytes.set(source.subarray(start, end), at);
      at += end - start;
    }
    start = end;
  }
  out.length = at;
}
