import type { BitsBuilder, BytesBuilder, FloatBuilder, WordsBuilder } from '../../model/vector-builder.ts';
import { ProtocolBreach, type ScannedRows } from '../scanned-rows.ts';

/*
 * Decoders of values of a few fixed widths (little-endian; MS-TDS 2.2.5.5). Each is one loop over one column of the scanned rows, so that
 * it stays monomorphic; none makes an object or a BigInt per value.
 */

export function wrongLength(length: number, what: string): ProtocolBreach {
  return new ProtocolBreach(`a value of ${length} bytes is no ${what}: the table was altered while it was read`);
}

export function decodeBit(rows: ScannedRows, column: number, out: BitsBuilder): void {
  const { bytes, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length === 1) out.appendBit(bytes[starts[i] as number] !== 0);
    else if (length < 0) out.appendNull();
    else throw wrongLength(length, 'bit');
  }
}

/** tinyint (unsigned), smallint and int. */
export function decodeInt32(rows: ScannedRows, column: number, out: WordsBuilder): void {
  const { bytes, view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    const start = starts[i] as number;
    if (length === 4) out.values[out.rows++] = view.getInt32(start, true);
    else if (length === 2) out.values[out.rows++] = view.getInt16(start, true);
    else if (length === 1) out.values[out.rows++] = bytes[start] as number;
    else if (length < 0) out.appendNull();
    else throw wrongLength(length, 'int');
  }
}

export function decodeInt64(rows: ScannedRows, column: number, out: WordsBuilder): void {
  const { view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length === 8) {
      const start = starts[i] as number;
      const at = out.rows++ * 2;
      out.values[at] = view.getInt32(start, true);
      out.values[at + 1] = view.getInt32(start + 4, true);
    } else if (length < 0) out.appendNull();
    else throw wrongLength(length, 'bigint');
  }
}

/** real into float32, float into float64; a real that a query calls float is widened, which is exact. */
export function decodeFloat(rows: ScannedRows, column: number, out: FloatBuilder): void {
  const { view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  const width = out.values.BYTES_PER_ELEMENT;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length < 0) out.appendNull();
    else if (length === 8 && width === 8) out.values[out.rows++] = view.getFloat64(starts[i] as number, true);
    else if (length === 4) out.values[out.rows++] = view.getFloat32(starts[i] as number, true);
    else throw wrongLength(length, width === 4 ? 'real' : 'float');
  }
}

/** Two lower-case hex characters of a byte, as they lie in memory. */
const HEX = new Uint16Array(256);
for (let byte = 0; byte < 256; byte++) {
  const text = byte.toString(16).padStart(2, '0');
  HEX[byte] = text.charCodeAt(0) | (text.charCodeAt(1) << 8);
}
const DASH = 0x2d;

/** 16 bytes → 36 characters in lower case. */
export function decodeGuid(rows: ScannedRows, column: number, out: BytesBuilder): void {
  const { bytes, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  out.reserveBytes(count * 36);
  const target = new DataView(out.values.buffer);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length === 16) {
      const at = out.offsets[out.rows] as number;
      writeGuid(bytes, starts[i] as number, target, at);
      out.offsets[++out.rows] = at + 36;
    } else if (length < 0) out.appendNull();
    else throw wrongLength(length, 'uniqueidentifier');
  }
}

/** 8-4-4-4-12; the first three groups are little-endian. */
export function writeGuid(bytes: Uint8Array, start: number, target: DataView, at: number): void {
  target.setUint32(at, hexPair(bytes, start + 3, start + 2), true);
  target.setUint32(at + 4, hexPair(bytes, start + 1, start), true);
  target.setUint8(at + 8, DASH);
  target.setUint32(at + 9, hexPair(bytes, start + 5, start + 4), true);
  target.setUint8(at + 13, DASH);
  target.setUint32(at + 14, hexPair(bytes, start + 7, start + 6), true);
  target.setUint8(at + 18, DASH);
  target.setUint32(at + 19, hexPair(bytes, start + 8, start + 9), true);
  target.setUint8(at + 23, DASH);
  target.setUint32(at + 24, hexPair(bytes, start + 10, start + 11), true);
  target.setUint32(at + 28, hexPair(bytes, start + 12, start + 13), true);
  target.setUint32(at + 32, hexPair(bytes, start + 14, start + 15), true);
}

/** Four characters, the first in the lowest byte. */
function hexPair(bytes: Uint8Array, first: number, second: number): number {
  return (HEX[bytes[first] as number] as number) | ((HEX[bytes[second] as number] as number) << 16);
}
