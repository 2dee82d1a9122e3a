/**
 * Numbers as ASCII digits, written into `bytes` at `at`; every function returns where it stopped. None makes a BigInt: 64-bit
 * numbers come as two 32-bit halves, and all steps stay below 2^53, where doubles are exact.
 */

const ZERO = 48;
const MINUS = 45;
const POINT = 46;
const TWO_POW_32 = 4_294_967_296;

/** 0 ≤ value < 2^53. */
export function writeUnsigned(bytes: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    bytes[at] = ZERO + value;
    return at + 1;
  }
  if (value >= 100_000_000) {
    const high = Math.floor(value / 100_000_000);
    return writePadded(bytes, writeUnsigned(bytes, at, high), value - high * 100_000_000, 8);
  }
  let width = 2;
  for (let limit = 100; value >= limit; limit *= 10) width++;
  return writePadded(bytes, at, value, width);
}

/** 0 ≤ value < 10^width, width ≤ 9. */
export function writePadded(bytes: Uint8Array, at: number, value: number, width: number): number {
  let rest = value | 0;
  for (let place = at + width - 1; place >= at; place--) {
    const tenth = (rest / 10) | 0;
    bytes[place] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + width;
}

/** A signed 32-bit number, or any integer that a double holds exactly. */
export function writeInteger(bytes: Uint8Array, at: number, value: number): number {
  if (value >= 0) return writeUnsigned(bytes, at, value);
  bytes[at] = MINUS;
  return writeUnsigned(bytes, at + 1, -value);
}

/** The signed 64-bit number high · 2^32 + low. */
export function writeLong(bytes: Uint8Array, at: number, low: number, high: number): number {
  if (high >= 0) return writeMagnitude(bytes, at, low >>> 0, high);
  bytes[at] = MINUS;
  const negatedLow = -low >>> 0;
  return writeMagnitude(bytes, at + 1, negatedLow, (~high + (negatedLow === 0 ? 1 : 0)) >>> 0);
}

function writeMagnitude(bytes: Uint8Array, at: number, low: number, high: number): number {
  if (high < 2_097_152) return writeUnsigned(bytes, at, high * TWO_POW_32 + low);
  // 2^32 = 4294 · 10^6 + 967 296
  const mixed = high * 967_296 + low;
  const carry = Math.floor(mixed / 1_000_000);
  const end = writeUnsigned(bytes, at, high * 4294 + carry);
  return writePadded(bytes, end, mixed - carry * 1_000_000, 6);
}

/** Digits of one decimal, highest first; 128 bits have at most 39, in groups of six 42. */
const digits = new Uint8Array(48);
const limbs = new Float64Array(4);

/** The decimal whose unscaled value is the signed 128-bit number in the four words at `from`, lowest first. */
export function writeDecimal(bytes: Uint8Array, at: number, words: Int32Array, from: number, scale: number): number {
  const negative = (words[from + 3] as number) < 0;
  if (negative) bytes[at] = MINUS;
  const start = negative ? at + 1 : at;
  const count = digitsOf(words, from, negative);
  const whole = Math.max(1, count - scale);
  let end = start;
  // Zeros stand in for digits that a value below one does not have.
  for (let place = whole + scale; place > 0; place--) {
    if (place === scale) bytes[end++] = POINT;
    bytes[end++] = place > count ? ZERO : (digits[count - place] as number);
  }
  return end;
}

function digitsOf(words: Int32Array, from: number, negative: boolean): number {
  const low = words[from] as number;
  const high = words[from + 1] as number;
  const sign = negative ? -1 : 0;
  if (words[from + 2] === sign && words[from + 3] === sign && high >> 31 === sign) {
    if (!negative) return writeMagnitude(digits, 0, low >>> 0, high);
    const negatedLow = -low >>> 0;
    return writeMagnitude(digits, 0, negatedLow, (~high + (negatedLow === 0 ? 1 : 0)) >>> 0);
  }
  return wideDigits(words, from, negative);
}

/** Divides the 128-bit magnitude by 10^6 until nothing is left. */
function wideDigits(words: Int32Array, from: number, negative: boolean): number {
  let carry = negative ? 1 : 0;
  for (let limb = 0; limb < 4; limb++) {
    const word = words[from + limb] as number;
    const sum = ((negative ? ~word : word) >>> 0) + carry;
    carry = sum >= TWO_POW_32 ? 1 : 0;
    limbs[limb] = sum % TWO_POW_32;
  }
  let start = 42;
  for (let group = 6; group >= 0; group--) {
    start -= 6;
    writePadded(digits, start, divideLimbs(), 6);
  }
  while (start < 41 && digits[start] === ZERO) start++;
  digits.copyWithin(0, start, 42);
  return 42 - start;
}

/** Divides `limbs` by 10^6 in place; returns the remainder. */
function divideLimbs(): number {
  let remainder = 0;
  for (let limb = 3; limb >= 0; limb--) {
    const dividend = remainder * TWO_POW_32 + (limbs[limb] as number);
    const quotient = Math.floor(dividend / 1_000_000);
    limbs[limb] = quotient;
    remainder = dividend - quotient * 1_000_000;
  }
  return remainder;
}

/** The shortest digits that read as the same double; at most 25 bytes. */
export function writeDouble(bytes: Uint8Array, at: number, value: number): number {
  if (value > -1e9 && value < 1e9 && !Object.is(value, -0)) {
    const millionths = Math.round(value * 1e6);
    // A decimal of up to 15 digits that divides back to the same double is its shortest form, but for the zeros behind.
    if (millionths / 1e6 === value) return writeMillionths(bytes, at, millionths);
  }
  return writeAscii(bytes, at, Object.is(value, -0) ? '-0' : String(value));
}

function writeMillionths(bytes: Uint8Array, at: number, millionths: number): number {
  const magnitude = Math.abs(millionths);
  const whole = Math.floor(magnitude / 1e6);
  if (millionths < 0) bytes[at] = MINUS;
  const point = writeUnsigned(bytes, millionths < 0 ? at + 1 : at, whole);
  const fraction = magnitude - whole * 1e6;
  if (fraction === 0) return point;
  bytes[point] = POINT;
  let end = writePadded(bytes, point + 1, fraction, 6);
  while (bytes[end - 1] === ZERO) end--;
  return end;
}

/** The shortest digits that read as the same 32-bit float. */
export function writeFloat(bytes: Uint8Array, at: number, value: number): number {
  return writeDouble(bytes, at, value === 0 || !Number.isFinite(value) ? value : shortestFloat(value));
}

/** The double whose digits are those of the float; nine significant ones always suffice (IEEE 754). */
function shortestFloat(value: number): number {
  for (let precision = 1; precision < 9; precision++) {
    const candidate = Number(value.toPrecision(precision));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(9));
}

export function writeAscii(bytes: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index);
  return at + text.length;
}
