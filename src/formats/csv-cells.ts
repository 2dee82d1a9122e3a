import type { ColumnType } from '../model/column-type.ts';
import type { ColumnVector } from '../model/row-batch.ts';
import { writeDate, writeTime, writeTimestamp } from './csv-dates.ts';
import { writeAscii, writeDecimal, writeDouble, writeFloat, writeInteger, writeLong } from './csv-numbers.ts';
import type { GrowingBytes } from './growing-bytes.ts';

/** Writes the cell of row `row`, which is not NULL, at `at` and returns where it stopped. The room is there already. */
export type CellWriter = (out: GrowingBytes, at: number, row: number) => number;

/** Room that a cell of a fixed-width kind needs at most: a timestamp of the year ±292 277 with microseconds and zone, a decimal of 39 digits. */
export const FIXED_CELL_BYTES = 48;

const QUOTE = 34;

export function cellWriter(type: ColumnType, vector: ColumnVector, rows: number): CellWriter {
  const words = vector.values as Int32Array;
  const floats = vector.values as Float32Array | Float64Array;
  switch (type.kind) {
    case 'boolean':
      return booleanCells(vector.values as Uint8Array);
    case 'int32':
      return (out, at, row) => writeInteger(out.bytes, at, words[row] as number);
    case 'int64':
      return (out, at, row) => writeLong(out.bytes, at, words[row * 2] as number, words[row * 2 + 1] as number);
    case 'float32':
      return (out, at, row) => writeFloat(out.bytes, at, floats[row] as number);
    case 'float64':
      return (out, at, row) => writeDouble(out.bytes, at, floats[row] as number);
    case 'decimal': {
      const { scale } = type;
      return (out, at, row) => writeDecimal(out.bytes, at, words, row * 4, scale);
    }
    case 'date':
      return (out, at, row) => writeDate(out.bytes, at, words[row] as number);
    case 'time':
      return (out, at, row) => writeTime(out.bytes, at, words[row * 2] as number, words[row * 2 + 1] as number);
    case 'timestamp':
      return timestampCells(words, type.zoned);
    case 'binary':
      return hexCells(vector);
    case 'string':
    case 'json':
    case 'uuid':
      return textCells(vector, rows);
    default:
      return type satisfies never;
  }
}

function booleanCells(bits: Uint8Array): CellWriter {
  return (out, at, row) => {
    const set = (((bits[row >> 3] as number) >> (row & 7)) & 1) === 1;
    return writeAscii(out.bytes, at, set ? 'true' : 'false');
  };
}

function timestampCells(words: Int32Array, zoned: boolean): CellWriter {
  const suffix = zoned ? '+00:00' : '';
  return (out, at, row) => {
    const end = writeTimestamp(out.bytes, at, words[row * 2] as number, words[row * 2 + 1] as number);
    return writeAscii(out.bytes, end, suffix);
  };
}

const HEX = Buffer.from('0123456789abcdef', 'latin1');

function hexCells(vector: ColumnVector): CellWriter {
  const source = vector.values as Uint8Array;
  const offsets = vector.offsets as Int32Array;
  return ({ bytes }, at, row) => {
    const stop = offsets[row + 1] as number;
    let end = at;
    bytes[end++] = QUOTE;
    for (let index = offsets[row] as number; index < stop; index++) {
      const byte = source[index] as number;
      bytes[end++] = HEX[byte >> 4] as number;
      bytes[end++] = HEX[byte & 15] as number;
    }
    bytes[end++] = QUOTE;
    return end;
  };
}

/** Values up to this many bytes are copied word by word; a call of `set` costs more. */
const SHORT = 96;

function textCells(vector: ColumnVector, rows: number): CellWriter {
  const source = vector.values as Uint8Array<ArrayBuffer>;
  const offsets = vector.offsets as Int32Array;
  // One fast search through the whole batch decides whether its cells need to be looked at byte by byte.
  if (source.subarray(offsets[0], offsets[rows]).includes(QUOTE))
    return (out, at, row) => writeQuoted(out.bytes, at, source, offsets, row);
  const input = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const lastWord = source.length - 4;
  return (out, at, row) => {
    const start = offsets[row] as number;
    const stop = offsets[row + 1] as number;
    out.bytes[at] = QUOTE;
    const shift = at + 1 - start;
    if (stop - start <= SHORT && stop <= lastWord) {
      const { view } = out;
      for (let index = start; index < stop; index += 4) view.setInt32(index + shift, input.getInt32(index, true), true);
    } else out.bytes.set(source.subarray(start, stop), at + 1);
    out.bytes[stop + shift] = QUOTE;
    return stop + shift + 1;
  };
}

function writeQuoted(bytes: Uint8Array, at: number, source: Uint8Array, offsets: Int32Array, row: number): number {
  const stop = offsets[row + 1] as number;
  let end = at;
  bytes[end++] = QUOTE;
  for (let index = offsets[row] as number; index < stop; index++) {
    const byte = source[index] as number;
    bytes[end++] = byte;
    if (byte === QUOTE) bytes[end++] = QUOTE;
  }
  bytes[end++] = QUOTE;
  return end;
}

/** A text as the header has it. */
export function quotedText(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
