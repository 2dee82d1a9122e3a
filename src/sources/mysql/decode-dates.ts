import type { WordsBuilder } from '../../model/vector-builder.ts';
import type { ScannedRows } from '../scanned-rows.ts';
import { cellText, Misfit } from './misfit.ts';

/*
 * `2024-02-29` and `2024-02-29 13:14:15.123456` with none to six digits of a fraction. The server also stores dates that no calendar has
 * (`0000-00-00`, `2024-00-15`, `2024-02-31`), and the year 0.
 */

const ZERO = 0x30;
const DASH = 0x2d;
const COLON = 0x3a;
const TWO_16 = 65_536;
const TWO_32 = 4_294_967_296;
const MONTH_DAYS = Uint8Array.of(0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31);
/** Days before the month in a year that begins with March. */
const DAYS_BEFORE = Uint16Array.of(0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275);
/** From 0000-03-01 to 1970-01-01. */
const EPOCH_DAYS = 719_468;
const NO_DATE = Number.NaN;

export const ZERO_DATES_HINT =
  '--zero-dates null writes NULL for such dates and counts them, --zero-dates text writes all dates as text';

/** Appends dates as days since 1970. Returns how many were made NULL; with `refuse` the first one throws Misfit instead. */
export function decodeDates(rows: ScannedRows, column: number, out: WordsBuilder, refuse: boolean): number {
  const { starts, lengths, count } = rows;
  const base = column * rows.capacity;
  let replaced = 0;
  out.reserve(count);
  for (let cell = base; cell < base + count; cell++) {
    const length = lengths[cell] as number;
    if (length < 0) {
      out.appendNull();
      continue;
    }
    const days = length === 10 ? daysAt(rows.bytes, starts[cell] as number) : NO_DATE;
    if (days === days) out.values[out.rows++] = days;
    else {
      if (refuse) throw noDate(rows, cell, cell - base);
      out.appendNull();
      replaced++;
    }
  }
  return replaced;
}

/** As `decodeDates`, in microseconds since 1970. */
export function decodeTimestamps(rows: ScannedRows, column: number, out: WordsBuilder, refuse: boolean): number {
  const { bytes, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  let replaced = 0;
  out.reserve(count);
  for (let cell = base; cell < base + count; cell++) {
    const length = lengths[cell] as number;
    if (length < 0) {
      out.appendNull();
      continue;
    }
    const start = starts[cell] as number;
    const days = length >= 19 ? daysAt(bytes, start) : NO_DATE;
    const seconds = days * 86_400 + secondsAt(bytes, start + 11);
    const micros = microsAt(bytes, start + 19, start + length);
    if (seconds + micros === seconds + micros) appendMicros(out, seconds, micros);
    else {
      if (refuse) throw noDate(rows, cell, cell - base);
      out.appendNull();
      replaced++;
    }
  }
  return replaced;
}

function two(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) * 10 + (bytes[at + 1] as number) - ZERO * 11;
}

/** NaN when it is no day of the years 1 to 9999. */
function daysAt(bytes: Uint8Array, at: number): number {
  const year = two(bytes, at) * 100 + two(bytes, at + 2);
  const month = two(bytes, at + 5);
  const day = two(bytes, at + 8);
  if (bytes[at + 4] !== DASH || bytes[at + 7] !== DASH || year < 1 || year > 9999) return NO_DATE;
  if (month < 1 || month > 12 || day < 1) return NO_DATE;
  const leap = (year & 3) === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day > (MONTH_DAYS[month] as number) + (month === 2 && leap ? 1 : 0)) return NO_DATE;
  const marchYear = month > 2 ? year : year - 1;
  const leaps = (marchYear >> 2) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leaps + (DAYS_BEFORE[month] as number) + day - 1 - EPOCH_DAYS;
}

/** Of `13:14:15`; NaN when it is no time of a day. */
function secondsAt(bytes: Uint8Array, at: number): number {
  const hours = two(bytes, at);
  const minutes = two(bytes, at + 3);
  const seconds = two(bytes, at + 6);
  if (bytes[at + 2] !== COLON || bytes[at + 5] !== COLON) return NO_DATE;
  if (!(hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60 && seconds >= 0 && seconds < 60)) return NO_DATE;
  return hours * 3600 + minutes * 60 + seconds;
}

/** Of `.123456`, or nothing. */
function microsAt(bytes: Uint8Array, from: number, end: number): number {
  let micros = 0;
  for (let at = from + 1; at < end; at++) micros = micros * 10 + (bytes[at] as number) - ZERO;
  for (let digits = Math.max(0, end - from - 1); digits < 6; digits++) micros *= 10;
  return micros < 1e6 ? micros : NO_DATE;
}

/** seconds × 10^6 + micros, which passes 2^53: the seconds are multiplied in two parts. */
function appendMicros(out: WordsBuilder, seconds: number, micros: number): void {
  const highSeconds = Math.floor(seconds / TWO_16);
  const lowSeconds = seconds - highSeconds * TWO_16;
  const product = highSeconds * 1e6;
  const high = Math.floor(product / TWO_16);
  const low = (product - high * TWO_16) * TWO_16 + lowSeconds * 1e6 + micros;
  const at = out.rows++ * 2;
  out.values[at] = low;
  out.values[at + 1] = high + Math.floor(low / TWO_32);
}

function noDate(rows: ScannedRows, cell: number, row: number): Misfit {
  return new Misfit(row, cellText(rows, cell), 'a date that no calendar has', ZERO_DATES_HINT);
}
