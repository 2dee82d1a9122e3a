import type { WordsBuilder } from '../../model/vector-builder.ts';
import { wrongLength } from './decode-fixed.ts';
import type { ScannedRows } from '../scanned-rows.ts';
import { Misfit } from './misfit.ts';
import { timestampText } from './time-text.ts';

/*
 * Dates and times as the server keeps them (MS-TDS 2.2.5.5.1.8): days since 0001-01-01 or 1900-01-01, and a count of 1/300 s, minutes, or
 * 10^-scale s.
 */

/** Days from 0001-01-01 and from 1900-01-01 to 1970-01-01. */
export const DAYS_TO_1970 = 719_162;
export const DAYS_1900_TO_1970 = 25_567;
export const DAY_SECONDS = 86_400;

export function decodeDate(rows: ScannedRows, column: number, out: WordsBuilder): void {
  const { view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length === 3) out.values[out.rows++] = readUint(view, starts[i] as number, 3) - DAYS_TO_1970;
    else if (length < 0) out.appendNull();
    else throw wrongLength(length, 'date');
  }
}

/** Little-endian. */
export function readUint(view: DataView, start: number, length: 3 | 4 | 5): number {
  if (length === 3) return view.getUint16(start, true) | (view.getUint8(start + 2) << 16);
  return view.getUint32(start, true) + (length === 5 ? view.getUint8(start + 4) * 2 ** 32 : 0);
}

/** Bytes of a time of this scale. */
export function timeBytes(scale: number): 3 | 4 | 5 {
  return scale <= 2 ? 3 : scale <= 4 ? 4 : 5;
}

/** time(0) to time(6); time(7) only when its last digit is 0. */
export function timeDecoder(scale: number) {
  const width = timeBytes(scale);
  return (rows: ScannedRows, column: number, out: WordsBuilder): void => {
    const { view, starts, lengths, count } = rows;
    const base = column * rows.capacity;
    out.reserve(count);
    for (let i = base; i < base + count; i++) {
      const length = lengths[i] as number;
      if (length < 0) {
        out.appendNull();
        continue;
      }
      if (length !== width) throw wrongLength(length, `time(${scale})`);
      const micros = toMicros(readUint(view, starts[i] as number, width), scale, i - base);
      const at = out.rows++ * 2;
      out.values[at] = micros;
      out.values[at + 1] = Math.floor(micros / 2 ** 32);
    }
  };
}

const POWERS = [1e6, 1e5, 1e4, 1e3, 100, 10, 1];

function toMicros(units: number, scale: number, row: number): number {
  if (scale <= 6) return units * (POWERS[scale] as number);
  if (units % 10 !== 0)
    throw new Misfit(row, `${units} × 100 ns`, 'a time with 7 digits, which microseconds cannot hold');
  return units / 10;
}

/** datetime2(0) to datetime2(6); datetime2(7) only when its last digit is 0. */
export function datetime2Decoder(scale: number) {
  const width = timeBytes(scale);
  return (rows: ScannedRows, column: number, out: WordsBuilder): void => {
    const { view, starts, lengths, count } = rows;
    const base = column * rows.capacity;
    out.reserve(count);
    for (let i = base; i < base + count; i++) {
      const length = lengths[i] as number;
      if (length < 0) {
        out.appendNull();
        continue;
      }
      if (length !== width + 3) throw wrongLength(length, `datetime2(${scale})`);
      const start = starts[i] as number;
      const units = readUint(view, start, width);
      const days = readUint(view, start + width, 3) - DAYS_TO_1970;
      if (scale === 7 && units % 10 !== 0) {
        throw new Misfit(
          i - base,
          timestampText(days, units, 7),
          'a time with 7 digits, which microseconds cannot hold',
        );
      }
      writeMicros(out, days * DAY_SECONDS, toMicros(units, scale, i - base));
    }
  };
}

/** datetime, whose 1/300 s are shown as milliseconds by the server (.000, .003, .007), and smalldatetime. */
export function decodeDatetime(rows: ScannedRows, column: number, out: WordsBuilder): void {
  const { view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    const start = starts[i] as number;
    if (length === 8) {
      const seconds = (view.getInt32(start, true) - DAYS_1900_TO_1970) * DAY_SECONDS;
      writeMicros(out, seconds, ticksToMillis(view.getUint32(start + 4, true)) * 1000);
    } else if (length === 4) {
      const seconds = (view.getUint16(start, true) - DAYS_1900_TO_1970) * DAY_SECONDS;
      writeMicros(out, seconds + view.getUint16(start + 2, true) * 60, 0);
    } else if (length < 0) out.appendNull();
    else throw wrongLength(length, 'datetime');
  }
}

export function ticksToMillis(ticks: number): number {
  return Math.round((ticks * 10) / 3);
}

/** `seconds` may be negative; 0 ≤ `micros` ≤ one day. The product passes 2^53, so it is made in two halves. */
function writeMicros(out: WordsBuilder, seconds: number, micros: number): void {
  const whole = seconds + Math.floor(micros / 1e6);
  const high = Math.floor(whole / 2 ** 32);
  const low = (whole - high * 2 ** 32) * 1e6 + (micros % 1e6);
  const at = out.rows++ * 2;
  out.values[at] = low;
  out.values[at + 1] = high * 1e6 + Math.floor(low / 2 ** 32);
}
