import type { BitsBuilder, BytesBuilder, FloatBuilder, WordsBuilder } from '../../model/vector-builder.ts';
import { ProtocolBreach, type ScannedRows } from './scanned-rows.ts';

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
/** The first three groups of a GUID are little-endian. */
const GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
/** The bytes after which a `-` stands: 8-4-4-4-12. */
const DASH_AFTER = (1 << 3) | (1 << 5) | (1 << 7) | (1 << 9);
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

export function writeGuid(bytes: Uint8Array, start: number, target: DataView, from: number): void {
  let at = from;
  for (let k = 0; k < 16; k++) {
    target.setUint16(at, HEX[bytes[start + (GUID_ORDER[k] as number)] as number] as number, true);
    at += 2;
    if (((DASH_AFTER >> k) & 1) === 1) target.setUint8(at++, DASH);
  }
}
