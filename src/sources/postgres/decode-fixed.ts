import type { BitsBuilder, BytesBuilder, FloatBuilder, WordsBuilder } from '../../model/vector-builder.ts';
import { ProtocolBreach, type ScannedRows } from '../scanned-rows.ts';
import { Misfit } from './misfit.ts';

/*
 * Decoders of fixed-width binary values (network byte order; the send functions of src/backend/utils/adt). Each is one loop over one column
 * of the scanned rows, so that it stays monomorphic; none makes an object or a BigInt per value.
 */

function wrongLength(length: number, expected: number): ProtocolBreach {
  return new ProtocolBreach(
    `a value has ${length} bytes where its type has ${expected}: the table was altered while it was read`,
  );
}

export function decodeInt16(rows: ScannedRows, column: number, out: WordsBuilder): void {
  const { view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length === 2) out.values[out.rows++] = view.getInt16(starts[i] as number);
    else if (length < 0) out.appendNull();
    else throw wrongLength(length, 2);
  }
}

export function decodeInt32(rows: ScannedRows, column: number, out: WordsBuilder): void {
  const { view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length === 4) out.values[out.rows++] = view.getInt32(starts[i] as number);
    else if (length < 0) out.appendNull();
    else throw wrongLength(length, 4);
  }
}

/** oid and its kin: unsigned 32 bits into int64. */
export function decodeUint32(rows: ScannedRows, column: number, out: WordsBuilder): void {
  const { view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length === 4) out.appendInt64(view.getInt32(starts[i] as number), 0);
    else if (length < 0) out.appendNull();
    else throw wrongLength(length, 4);
  }
}

/** int8, and time, which is microseconds since midnight. */
export function decodeInt64(rows: ScannedRows, column: number, out: WordsBuilder): void {
  const { view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length === 8) {
      const start = starts[i] as number;
      const at = out.rows++ * 2;
      out.values[at] = view.getInt32(start + 4);
      out.values[at + 1] = view.getInt32(start);
    } else if (length < 0) out.appendNull();
    else throw wrongLength(length, 8);
  }
}

/** Microseconds from 1970-01-01 to 2000-01-01, in two halves. */
const EPOCH_LOW = 946_684_800_000_000 % 2 ** 32;
const EPOCH_HIGH = Math.floor(946_684_800_000_000 / 2 ** 32);
/** 0001-01-01T00:00:00 and 9999-12-31T23:59:59.999999 as microseconds since 1970. */
const FIRST_MICROS = -62_135_596_800_000_000n;
const LAST_MICROS = 253_402_300_799_999_999n;
/** Certainly inside the range, by the high half alone; the exact test is made only outside of it. */
const SAFE_HIGH_FIRST = Number(FIRST_MICROS >> 32n) + 1;
const SAFE_HIGH_LAST = Number(LAST_MICROS >> 32n) - 1;

/** timestamp and timestamptz: microseconds since 2000-01-01 (UTC) → since 1970-01-01. Refuses what CSV's ISO text cannot hold. */
export function decodeTimestamp(rows: ScannedRows, column: number, out: WordsBuilder): void {
  const { view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length === 8) {
      const start = starts[i] as number;
      const low = view.getUint32(start + 4) + EPOCH_LOW;
      const high = view.getInt32(start) + EPOCH_HIGH + (low >= 4_294_967_296 ? 1 : 0);
      if (high < SAFE_HIGH_FIRST || high > SAFE_HIGH_LAST) refuseTimestamp(high, low, i - base);
      const at = out.rows++ * 2;
      out.values[at] = low;
      out.values[at + 1] = high;
    } else if (length < 0) out.appendNull();
    else throw wrongLength(length, 8);
  }
}

function refuseTimestamp(high: number, low: number, row: number): void {
  const micros = (BigInt(high) << 32n) + BigInt(low % 2 ** 32);
  if (micros >= FIRST_MICROS && micros <= LAST_MICROS) return;
  // The server keeps infinity as the largest and smallest 64-bit number, counted from 2000.
  const raw = micros - 946_684_800_000_000n;
  if (raw === 2n ** 63n - 1n) throw new Misfit(row, 'infinity', 'an infinite timestamp');
  if (raw === -(2n ** 63n)) throw new Misfit(row, '-infinity', 'an infinite timestamp');
  throw new Misfit(row, `${micros} µs since 1970`, 'a timestamp outside the years 0001 to 9999');
}

const EPOCH_DAYS = 10_957;
const FIRST_DAY = -719_162;
const LAST_DAY = 2_932_896;

/** date: days since 2000-01-01 → since 1970-01-01. Refuses years outside 0001 to 9999 and infinity. */
export function decodeDate(rows: ScannedRows, column: number, out: WordsBuilder): void {
  const { view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length === 4) {
      const days = view.getInt32(starts[i] as number) + EPOCH_DAYS;
      if (days < FIRST_DAY || days > LAST_DAY) refuseDate(days, i - base);
      out.values[out.rows++] = days;
    } else if (length < 0) out.appendNull();
    else throw wrongLength(length, 4);
  }
}

function refuseDate(days: number, row: number): never {
  const raw = days - EPOCH_DAYS;
  if (raw === 2_147_483_647) throw new Misfit(row, 'infinity', 'an infinite date');
  if (raw === -2_147_483_648) throw new Misfit(row, '-infinity', 'an infinite date');
  throw new Misfit(row, `${days} days since 1970`, 'a date outside the years 0001 to 9999');
}

export function decodeFloat32(rows: ScannedRows, column: number, out: FloatBuilder): void {
  const { view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length === 4) out.values[out.rows++] = view.getFloat32(starts[i] as number);
    else if (length < 0) out.appendNull();
    else throw wrongLength(length, 4);
  }
}

export function decodeFloat64(rows: ScannedRows, column: number, out: FloatBuilder): void {
  const { view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length === 8) out.values[out.rows++] = view.getFloat64(starts[i] as number);
    else if (length < 0) out.appendNull();
    else throw wrongLength(length, 8);
  }
}

export function decodeBoolean(rows: ScannedRows, column: number, out: BitsBuilder): void {
  const { bytes, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length === 1) out.appendBit(bytes[starts[i] as number] !== 0);
    else if (length < 0) out.appendNull();
    else throw wrongLength(length, 1);
  }
}

/** Two lower-case hex characters of a byte, as they lie in memory. */
const HEX = new Uint16Array(256);
for (let byte = 0; byte < 256; byte++) {
  const text = byte.toString(16).padStart(2, '0');
  HEX[byte] = text.charCodeAt(0) | (text.charCodeAt(1) << 8);
}
/** The bytes after which a `-` stands: 8-4-4-4-12. */
const DASH_AFTER = (1 << 3) | (1 << 5) | (1 << 7) | (1 << 9);
const DASH = 0x2d;

/** 16 bytes → 36 characters. */
export function decodeUuid(rows: ScannedRows, column: number, out: BytesBuilder): void {
  const { bytes, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  out.reserveBytes(count * 36);
  const target = new DataView(out.values.buffer);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length === 16) {
      const start = starts[i] as number;
      let at = out.offsets[out.rows] as number;
      for (let k = 0; k < 16; k++) {
        target.setUint16(at, HEX[bytes[start + k] as number] as number, true);
        at += 2;
        if (((DASH_AFTER >> k) & 1) === 1) target.setUint8(at++, DASH);
      }
      out.offsets[++out.rows] = at;
    } else if (length < 0) out.appendNull();
    else throw wrongLength(length, 16);
  }
}
