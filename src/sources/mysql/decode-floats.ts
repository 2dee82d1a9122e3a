import type { BytesBuilder, FloatBuilder } from '../../model/vector-builder.ts';
import { ProtocolBreach, type ScannedRows } from '../scanned-rows.ts';

/*
 * The server writes a DOUBLE as the shortest decimal text that gives the same double (my_gcvt in strings/dtoa.c), so reading it with correct
 * rounding is exact. FLOAT columns are selected as DOUBLE, and narrowing gives back what they were widened from.
 */

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
/** 10^0 to 10^22 are exact in a double. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const MOST_POWER = 22;
const TWO_53 = 2 ** 53;
/** 2^27 + 1, which splits a double into two halves of 26 bits (Dekker). */
const DEKKER = 134_217_729;
/** The text of a double between 1e-15 and 1e22 has no more than this. */
const MOST_FAST = 24;
/** A number of so many digits times 10^8 is exact in a double. */
const FIRST_DIGITS = 9;

export function decodeFloats(rows: ScannedRows, column: number, out: FloatBuilder): void {
  const { starts, lengths, count, bytes } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let cell = base; cell < base + count; cell++) {
    const length = lengths[cell] as number;
    if (length < 0) out.appendNull();
    else out.values[out.rows++] = parseDouble(bytes, starts[cell] as number, length);
  }
}

/** FLOAT as text: the shortest digits that give the same 32 bits, which the server's own text (six digits) need not do. */
export function decodeFloat32Text(rows: ScannedRows, column: number, out: BytesBuilder): void {
  const { starts, lengths, count, bytes } = rows;
  const base = column * rows.capacity;
  for (let cell = base; cell < base + count; cell++) {
    const length = lengths[cell] as number;
    if (length < 0) {
      out.appendNull();
      continue;
    }
    const text = Buffer.from(shortest32(parseDouble(bytes, starts[cell] as number, length)), 'latin1');
    out.appendBytes(text, 0, text.length);
  }
}

function shortest32(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short).replace('e+', 'e');
  }
  return String(Number(value.toPrecision(9))).replace('e+', 'e');
}

/** The double nearest to a decimal text. Throws ProtocolBreach when it is none. */
export function parseDouble(bytes: Uint8Array<ArrayBuffer>, start: number, length: number): number {
  const end = start + length;
  const negative = bytes[start] === MINUS;
  const from = negative ? start + 1 : start;
  if (end - from > MOST_FAST) return parseSlowly(bytes, start, end);
  // The significant digits are first × 10^rest + tail: nine of them, then the others.
  let first = 0;
  let tail = 0;
  let digits = 0;
  let point = end;
  for (let at = from; at < end; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (digits < FIRST_DIGITS) first = first * 10 + digit;
      else tail = tail * 10 + digit;
      if (first !== 0) digits++;
    } else if (digit === POINT - ZERO && point === end) point = at;
    else return parseSlowly(bytes, start, end);
  }
  const rest = digits - FIRST_DIGITS;
  const scale = point === end ? 0 : end - point - 1;
  if (rest > 8 || scale > MOST_POWER || end - from <= (point === end ? 0 : 1)) return parseSlowly(bytes, start, end);
  const value = rest <= 0 ? first / (POWERS[scale] as number) : quotient(first, rest, tail, scale);
  if (Number.isNaN(value)) return parseSlowly(bytes, start, end);
  return negative ? -value : value;
}

/**
 * (first × 10^rest + tail) / 10^scale, rounded once; NaN when it cannot be told which of two doubles is nearer.
 *
 * With up to 2^53 both numbers are exact and the division rounds once. Above, the quotient of the first part is corrected by the exact
 * remainder; the correction's own error is below 2^-50 of itself, and the result counts only when it is the same with and without it.
 */
function quotient(first: number, rest: number, tail: number, scale: number): number {
  const power = POWERS[scale] as number;
  const shift = POWERS[rest] as number;
  const large = first * shift;
  if (large + tail <= TWO_53) return (large + tail) / power;
  // `large` has nine digits times a power of ten up to 10^8: below 2^57 with at least 4 zeros at its end when above 2^53, so exact.
  const guess = large / power;
  const product = guess * power;
  const error = productError(guess, power, product);
  const remainder = (large - product - error + tail) / power;
  const low = guess + remainder * (1 - EPSILON);
  const high = guess + remainder * (1 + EPSILON);
  return low === high ? low : Number.NaN;
}

const EPSILON = 2 ** -48;

/** guess × power − product, exactly (Dekker 1971); the numbers here are far from overflow. */
function productError(guess: number, power: number, product: number): number {
  const a = DEKKER * guess;
  const guessHigh = a - (a - guess);
  const guessLow = guess - guessHigh;
  const b = DEKKER * power;
  const powerHigh = b - (b - power);
  const powerLow = power - powerHigh;
  return guessLow * powerLow - (product - guessHigh * powerHigh - guessLow * powerHigh - guessHigh * powerLow);
}

function parseSlowly(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  if (!/^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/.test(text)) {
    throw new ProtocolBreach(`${text.slice(0, 40)} is not a number: the table was altered while it was read`);
  }
  return Number(text);
}
