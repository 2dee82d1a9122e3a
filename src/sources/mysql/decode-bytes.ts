import { isUtf8 } from 'node:buffer';
import type { BytesBuilder } from '../../model/vector-builder.ts';
import { ProtocolBreach, type ScannedRows } from '../scanned-rows.ts';
import { Misfit } from './misfit.ts';

/** From this length on a native copy is cheaper than a loop over words. */
const NATIVE_COPY = 160;
const ZERO = 0x30;
/** Room behind the last value: three bytes for the last word, and more for V8 (src/formats/parquet-plain.ts). */
const SLACK = 128;

/** BLOB, BINARY, GEOMETRY: the bytes as they are. */
export function decodeBytes(rows: ScannedRows, column: number, out: BytesBuilder): void {
  copyCells(rows, column, out);
}

/**
 * Text of any kind. The server converts to utf8mb4, but sends what is utf8mb4 already without looking at it. Throws Misfit for bytes that
 * are no UTF-8.
 *
 * All cells are checked at once, as they lie one behind the other in the batch: each of them is well-formed when all together are, and none
 * begins in the middle of a character.
 */
export function decodeText(rows: ScannedRows, column: number, out: BytesBuilder): void {
  const firstRow = out.rows;
  copyCells(rows, column, out);
  const { values, offsets } = out;
  const from = offsets[firstRow] as number;
  let sound = isUtf8(values.subarray(from, offsets[out.rows]));
  for (let row = firstRow; sound && row < out.rows; row++) {
    const at = offsets[row] as number;
    if (((values[at] as number) & 0xc0) === 0x80 && at < (offsets[row + 1] as number)) sound = false;
  }
  if (!sound) throw illFormed(out, firstRow);
}

function illFormed(out: BytesBuilder, firstRow: number): Misfit {
  for (let row = firstRow; row < out.rows; row++) {
    const bytes = out.values.subarray(out.offsets[row], out.offsets[row + 1]);
    if (!isUtf8(bytes)) {
      const shown = `0x${Buffer.from(bytes.subarray(0, 29)).toString('hex')}`;
      return new Misfit(row - firstRow, shown, 'text that is no UTF-8', INVALID_TEXT_HINT);
    }
  }
  throw new Error('text that is no UTF-8 consists of texts that are');
}

const INVALID_TEXT_HINT =
  'mend the row, read it with --query and CAST(… AS BINARY), or leave the column out with --exclude-columns';

/**
 * Copies by words of four bytes and lets the last one run over the end of the value: what it spoils is written next, and the target has
 * room for it. Reading over the end of the source is not possible, so its last bytes go one by one.
 */
function copyCells(rows: ScannedRows, column: number, out: BytesBuilder): void {
  const { bytes, view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  let total = SLACK;
  for (let i = base; i < base + count; i++) total += Math.max(0, lengths[i] as number);
  out.reserve(count);
  out.reserveBytes(total);
  const { values, offsets } = out;
  const target = new DataView(values.buffer);
  const lastWord = bytes.length - 4;
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length < 0) {
      out.appendNull();
      continue;
    }
    let from = starts[i] as number;
    let at = offsets[out.rows] as number;
    const end = at + length;
    if (length >= NATIVE_COPY) {
      values.set(bytes.subarray(from, from + length), at);
    } else {
      for (; at < end && from <= lastWord; at += 4, from += 4) target.setInt32(at, view.getInt32(from));
      while (at < end) values[at++] = bytes[from++] as number;
    }
    offsets[++out.rows] = end;
  }
}

/** BIT(n): the bytes, highest first, as n characters 0 and 1. */
export function bitsDecoder(bits: number): (rows: ScannedRows, column: number, out: BytesBuilder) => void {
  const text = new Uint8Array(bits);
  return (rows, column, out) => {
    const { bytes, starts, lengths, count } = rows;
    const base = column * rows.capacity;
    for (let cell = base; cell < base + count; cell++) {
      const length = lengths[cell] as number;
      if (length < 0) {
        out.appendNull();
        continue;
      }
      if (length * 8 > bits + 7) throw new ProtocolBreach(`${length} bytes are no value of BIT(${bits})`);
      const last = (starts[cell] as number) + length - 1;
      for (let bit = 0; bit < bits; bit++) {
        const byte = bit >> 3 < length ? (bytes[last - (bit >> 3)] as number) : 0;
        text[bits - 1 - bit] = ZERO + ((byte >> (bit & 7)) & 1);
      }
      out.appendBytes(text, 0, bits);
    }
  };
}

/** Two lower-case hex characters of a byte, as they lie in memory. */
const HEX = new Uint16Array(256);
for (let byte = 0; byte < 256; byte++) {
  const text = byte.toString(16).padStart(2, '0');
  HEX[byte] = text.charCodeAt(0) | (text.charCodeAt(1) << 8);
}
const HEX_PREFIX = '0'.charCodeAt(0) | ('x'.charCodeAt(0) << 8);

/** Bytes as text: `0x00ff`, as the server takes them in a statement. */
export function decodeHex(rows: ScannedRows, column: number, out: BytesBuilder): void {
  const { bytes, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let cell = base; cell < base + count; cell++) {
    const length = lengths[cell] as number;
    if (length < 0) {
      out.appendNull();
      continue;
    }
    out.reserveBytes(2 + length * 2);
    const target = new DataView(out.values.buffer);
    const start = starts[cell] as number;
    let at = out.offsets[out.rows] as number;
    target.setUint16(at, HEX_PREFIX, true);
    at += 2;
    for (let i = start; i < start + length; i++, at += 2) target.setUint16(at, HEX[bytes[i] as number] as number, true);
    out.offsets[++out.rows] = at;
  }
}
