import type { BytesBuilder } from '../../model/vector-builder.ts';
import { ProtocolBreach, type ScannedRows } from '../scanned-rows.ts';
import { Misfit } from './misfit.ts';

/** Longer values go through the engine's own conversion, which is faster for them than a loop. */
const LOOP_BYTES = 512;

/** UTF-16 → UTF-8. A surrogate without its other half has no UTF-8 form: Misfit, never U+FFFD. */
export function decodeChars(rows: ScannedRows, column: number, out: BytesBuilder): void {
  const { bytes, view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  const room = roomForShort(lengths, base, base + count);
  out.reserve(count);
  out.reserveBytes(room);
  let target = new DataView(out.values.buffer);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length < 0) {
      out.appendNull();
      continue;
    }
    if (length % 2 !== 0) throw new ProtocolBreach('a text of UTF-16 units has an odd number of bytes');
    const start = starts[i] as number;
    if (length <= LOOP_BYTES && appendAscii(view, start, start + length, target, out)) continue;
    if (!appendUtf16(bytes, start, start + length, out)) throw loneSurrogate(bytes, start, length, i - base);
    if (length <= LOOP_BYTES) continue;
    out.reserveBytes(room);
    target = new DataView(out.values.buffer);
  }
}

/** Bytes that the values that are not long can become: three a unit. */
function roomForShort(lengths: Int32Array, from: number, to: number): number {
  let units = 0;
  for (let i = from; i < to; i++) {
    const length = lengths[i] as number;
    if (length > 0 && length <= LOOP_BYTES) units += length >> 1;
  }
  return units * 3;
}

/** Two little-endian units in a word of which one is beyond ASCII. */
const BEYOND_ASCII = 0xff80ff80 | 0;

/** Four units at a time, into memory that is there already. False, and nothing is appended, when one is beyond ASCII. */
function appendAscii(source: DataView, start: number, end: number, target: DataView, out: BytesBuilder): boolean {
  let at = out.offsets[out.rows] as number;
  let from = start;
  for (; from + 8 <= end; from += 8, at += 4) {
    const first = source.getInt32(from, true);
    const second = source.getInt32(from + 4, true);
    if (((first | second) & BEYOND_ASCII) !== 0) return false;
    const low = (first & 0x7f) | ((first >> 8) & 0x7f00);
    target.setInt32(at, low | ((second & 0x7f) << 16) | ((second & 0x7f0000) << 8), true);
  }
  for (; from < end; from += 2) {
    const unit = source.getUint16(from, true);
    if (unit > 0x7f) return false;
    target.setUint8(at++, unit);
  }
  out.offsets[++out.rows] = at;
  return true;
}

/** False, and nothing is appended, when a surrogate stands alone. */
export function appendUtf16(bytes: Uint8Array, start: number, end: number, out: BytesBuilder): boolean {
  out.reserve(1);
  // A unit becomes at most three bytes.
  out.reserveBytes(((end - start) >> 1) * 3);
  if (end - start > LOOP_BYTES) return appendLong(bytes, start, end, out);
  const { values } = out;
  let at = out.offsets[out.rows] as number;
  for (let i = start; i < end; i += 2) {
    const unit = (bytes[i] as number) | ((bytes[i + 1] as number) << 8);
    if (unit < 0x80) values[at++] = unit;
    else if (unit < 0x800) {
      values[at++] = 0xc0 | (unit >> 6);
      values[at++] = 0x80 | (unit & 0x3f);
    } else if (unit < 0xd800 || unit > 0xdfff) {
      values[at++] = 0xe0 | (unit >> 12);
      values[at++] = 0x80 | ((unit >> 6) & 0x3f);
      values[at++] = 0x80 | (unit & 0x3f);
    } else {
      const second = i + 3 < end ? (bytes[i + 2] as number) | ((bytes[i + 3] as number) << 8) : 0;
      if (unit > 0xdbff || second < 0xdc00 || second > 0xdfff) return false;
      const point = 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00);
      values[at++] = 0xf0 | (point >> 18);
      values[at++] = 0x80 | ((point >> 12) & 0x3f);
      values[at++] = 0x80 | ((point >> 6) & 0x3f);
      values[at++] = 0x80 | (point & 0x3f);
      i += 2;
    }
  }
  out.offsets[++out.rows] = at;
  return true;
}

const UTF8 = new TextEncoder();
/** Units of one stretch of a long value: bounds the string that is made of it. */
const STRETCH = 1 << 20;

function appendLong(bytes: Uint8Array, start: number, end: number, out: BytesBuilder): boolean {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let to = out.offsets[out.rows] as number;
  for (let at = start; at < end; ) {
    let next = Math.min(end, at + 2 * STRETCH);
    // A pair is not cut in two.
    if (next < end && isHighSurrogate(bytes, next - 2)) next -= 2;
    const text = source.toString('utf16le', at, next);
    if (!text.isWellFormed()) return false;
    to += UTF8.encodeInto(text, out.values.subarray(to)).written;
    at = next;
  }
  out.offsets[++out.rows] = to;
  return true;
}

function isHighSurrogate(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at + 1] as number) & 0xfc) === 0xd8;
}

export function loneSurrogate(bytes: Uint8Array, start: number, length: number, row: number): Misfit {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('utf16le');
  const at = Array.from({ length: text.length }, (_, unit) => unit).find((unit) => isLone(text, unit)) ?? 0;
  const context = text.slice(Math.max(0, at - 10), at + 10);
  const shown = context.replaceAll(/[\ud800-\udfff]/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
  return new Misfit(row, shown, `half of a surrogate pair at character ${at + 1}, which is no text in UTF-8`, false);
}

/** With the `u` flag of the expression above pairs are one character each; here by unit. */
function isLone(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  if (unit >= 0xd800 && unit <= 0xdbff)
    return !(text.charCodeAt(at + 1) >= 0xdc00 && text.charCodeAt(at + 1) <= 0xdfff);
  return unit >= 0xdc00 && unit <= 0xdfff && !(text.charCodeAt(at - 1) >= 0xd800 && text.charCodeAt(at - 1) <= 0xdbff);
}

/** binary, varbinary, image, rowversion and what was cast to varbinary(max). */
export function decodeBytes(rows: ScannedRows, column: number, out: BytesBuilder): void {
  const { bytes, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    const start = starts[i] as number;
    if (length < 0) out.appendNull();
    else out.appendBytes(bytes, start, start + length);
  }
}
