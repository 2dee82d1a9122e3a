import { writePadded, writeUnsigned } from './csv-numbers.ts';

/** Dates and times as ISO 8601, written into `bytes` at `at`; every function returns where it stopped. */

const DASH = 45;
const COLON = 58;
const POINT = 46;
const LETTER_T = 84;

/** Days since 1970-01-01, any 32-bit number. */
export function writeDate(bytes: Uint8Array, at: number, days: number): number {
  // Civil from days: years begin in March, so that the leap day is the last of its year, in eras of 400 years = 146 097 days.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + (yearOfEra >> 2) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  let end = writeYear(bytes, at, yearOfEra + era * 400 + (month <= 2 ? 1 : 0));
  bytes[end] = DASH;
  end = writePadded(bytes, end + 1, month, 2);
  bytes[end] = DASH;
  return writePadded(bytes, end + 1, day, 2);
}

function writeYear(bytes: Uint8Array, at: number, year: number): number {
  if (year < 0) bytes[at] = DASH;
  const start = year < 0 ? at + 1 : at;
  const magnitude = Math.abs(year);
  return magnitude < 10_000 ? writePadded(bytes, start, magnitude, 4) : writeUnsigned(bytes, start, magnitude);
}

/** Microseconds since midnight, 0 … 86 400 000 000, as two 32-bit halves. */
export function writeTime(bytes: Uint8Array, at: number, low: number, high: number): number {
  const micros = high * 4_294_967_296 + (low >>> 0);
  const seconds = Math.floor(micros / 1_000_000);
  return writeClock(bytes, at, seconds, micros - seconds * 1_000_000);
}

/** Microseconds since 1970-01-01T00:00:00, any 64-bit number, as two 32-bit halves. */
export function writeTimestamp(bytes: Uint8Array, at: number, low: number, high: number): number {
  // 2^32 = 4294 · 10^6 + 967 296: exact where high · 2^32 + low is not.
  const mixed = high * 967_296 + (low >>> 0);
  const carry = Math.floor(mixed / 1_000_000);
  const seconds = high * 4294 + carry;
  const days = Math.floor(seconds / 86_400);
  const end = writeDate(bytes, at, days);
  bytes[end] = LETTER_T;
  return writeClock(bytes, end + 1, seconds - days * 86_400, mixed - carry * 1_000_000);
}

function writeClock(bytes: Uint8Array, at: number, seconds: number, micros: number): number {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  let end = writePadded(bytes, at, hours, 2);
  bytes[end] = COLON;
  end = writePadded(bytes, end + 1, minutes - hours * 60, 2);
  bytes[end] = COLON;
  end = writePadded(bytes, end + 1, seconds - minutes * 60, 2);
  if (micros === 0) return end;
  bytes[end] = POINT;
  return writePadded(bytes, end + 1, micros, 6);
}
