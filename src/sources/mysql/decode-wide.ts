import type { WordsBuilder } from '../../model/vector-builder.ts';

/*
 * Decimal digits as numbers of more than 53 bits, in words of 32 bits, without a BigInt per value. One value at a time passes through
 * `magnitude`.
 */

const TWO_32 = 4_294_967_296;

/** The magnitude of the number at hand, lowest word first, unsigned. */
const magnitude = new Float64Array(4);

/** 10^precision in four unsigned words, lowest first. */
const LIMITS = Array.from({ length: 39 }, (_, precision) => {
  const limit = 10n ** BigInt(precision);
  return [0n, 32n, 64n, 96n].map((shift) => Number((limit >> shift) & 0xffff_ffffn));
});
/** 2^63. */
const INT64_LIMIT = [0, 2_147_483_648, 0, 0];

export function clearMagnitude(): void {
  magnitude.fill(0);
}

/** `factor` at most 10^6, so that every product is below 2^53, exact in a double. False when the result passes 128 bits. */
export function multiplyAdd(factor: number, addend: number): boolean {
  let carry = addend;
  for (let word = 0; word < 4; word++) {
    const product = (magnitude[word] as number) * factor + carry;
    carry = Math.floor(product / TWO_32);
    magnitude[word] = product - carry * TWO_32;
  }
  return carry === 0;
}

export function fitsPrecision(precision: number): boolean {
  return compare(LIMITS[precision] as number[]) < 0;
}

/** -2^63 fits, 2^63 does not. */
export function fitsInt64(negative: boolean): boolean {
  const order = compare(INT64_LIMIT);
  return order < 0 || (negative && order === 0);
}

function compare(limit: readonly number[]): number {
  for (let word = 3; word >= 0; word--) {
    const difference = (magnitude[word] as number) - (limit[word] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Appends the magnitude as a number of `out.words` words, two's complement. The builder has room. */
export function appendMagnitude(out: WordsBuilder, negative: boolean): void {
  const at = out.rows++ * out.words;
  let carry = 1;
  for (let word = 0; word < out.words; word++) {
    const value = magnitude[word] as number;
    if (!negative) {
      out.values[at + word] = value;
      continue;
    }
    const complement = TWO_32 - 1 - value + carry;
    carry = complement >= TWO_32 ? 1 : 0;
    out.values[at + word] = complement;
  }
}

/** Appends a number below 2^53 to a column of two or four words. The builder has room. */
export function appendNarrow(out: WordsBuilder, number: number, negative: boolean): void {
  const { values, words } = out;
  const at = out.rows++ * words;
  // `|` takes the number modulo 2^32.
  const low = number | 0;
  const high = (number / TWO_32) | 0;
  const flip = negative && number !== 0;
  values[at] = flip ? -low : low;
  values[at + 1] = flip ? ~high + (low === 0 ? 1 : 0) : high;
  if (words === 2) return;
  values[at + 2] = flip ? -1 : 0;
  values[at + 3] = flip ? -1 : 0;
}
