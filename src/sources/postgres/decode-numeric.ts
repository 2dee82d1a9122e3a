import type { WordsBuilder } from '../../model/vector-builder.ts';
import type { ScannedRows } from '../scanned-rows.ts';
import { Misfit } from './misfit.ts';

/*
 * numeric_send (src/backend/utils/adt/numeric.c): int16 ndigits, int16 weight, uint16 sign, uint16 dscale, then ndigits digits of base
 * 10000, each int16; the first digit counts 10000^weight. The result is the unscaled number value × 10^scale in 128 bits.
 */

const NEGATIVE = 0x4000;
const SPECIAL = 0xc000;
const SPECIAL_NAMES: Readonly<Record<number, string>> = { 0xc000: 'NaN', 0xd000: 'Infinity', 0xf000: '-Infinity' };
const TWO_32 = 4_294_967_296;

export type NumericDecoder = (rows: ScannedRows, column: number, out: WordsBuilder) => void;

/** A decoder for decimal(precision, scale). Up to 15 digits it works in one double, above in four words. */
export function numericDecoder(precision: number, scale: number): NumericDecoder {
  const fraction = fractionOf(scale);
  const limit = 10 ** precision;
  return (rows, column, out) => {
    const { view, starts, lengths, count } = rows;
    const base = column * rows.capacity;
    out.reserve(count);
    for (let i = base; i < base + count; i++) {
      const length = lengths[i] as number;
      if (length < 0) {
        out.appendNull();
        continue;
      }
      const start = starts[i] as number;
      const digits = view.getInt16(start);
      const weight = view.getInt16(start + 2);
      const sign = view.getUint16(start + 4);
      if (sign >= SPECIAL) throw misfit(view, start, i - base, precision, scale);
      const narrow = digits === 0 || (weight + fraction.groups) * 4 + fraction.lastDigits <= 15;
      if (narrow) {
        const unscaled = narrowNumber(view, start + 8, digits, weight, fraction);
        if (unscaled < 0 || unscaled >= limit) throw misfit(view, start, i - base, precision, scale);
        appendNarrow(out, unscaled, sign === NEGATIVE);
      } else {
        const fits = wideNumber(view, start + 8, digits, weight, fraction, precision);
        if (!fits) throw misfit(view, start, i - base, precision, scale);
        appendWide(out, sign === NEGATIVE);
      }
    }
  };
}

/** How the digits after the point lie in groups of four: `groups` with the last one holding `lastDigits` (1 to 4) that count. */
interface Fraction {
  readonly groups: number;
  readonly lastDigits: number;
  /** 10^lastDigits, and 10^(4 - lastDigits), by which the last group is divided. */
  readonly multiplier: number;
  readonly divisor: number;
}

/** With scale 0 the last group is the one of weight 0. */
function fractionOf(scale: number): Fraction {
  const groups = Math.ceil(scale / 4);
  const lastDigits = scale === 0 ? 4 : scale - (groups - 1) * 4;
  return { groups, lastDigits, multiplier: 10 ** lastDigits, divisor: 10 ** (4 - lastDigits) };
}

/** The unscaled number, below 10^16; -1 when a digit lies behind the scale. */
function narrowNumber(view: DataView, at: number, digits: number, weight: number, fraction: Fraction): number {
  const groups = weight + fraction.groups + 1;
  let number = 0;
  let digit = 0;
  for (let group = 0; group < groups; group++) {
    digit = group < digits ? view.getInt16(at + group * 2) : 0;
    if (group < groups - 1) number = number * 10_000 + digit;
  }
  if (groups > 0) {
    const last = digit / fraction.divisor;
    if (last !== Math.floor(last)) return -1;
    number = number * fraction.multiplier + last;
  }
  return digits > Math.max(0, groups) ? -1 : number;
}

function appendNarrow(out: WordsBuilder, unscaled: number, negative: boolean): void {
  const at = out.rows++ * 4;
  const values = out.values;
  // `|` takes the number modulo 2^32, exact up to 2^53.
  const low = unscaled | 0;
  const high = (unscaled / TWO_32) | 0;
  const flip = negative && unscaled !== 0;
  values[at] = flip ? -low : low;
  values[at + 1] = flip ? ~high + (low === 0 ? 1 : 0) : high;
  values[at + 2] = flip ? -1 : 0;
  values[at + 3] = flip ? -1 : 0;
}

/** The magnitude of the number at hand, lowest word first, unsigned. One value at a time passes through it. */
const magnitude = new Float64Array(4);

/** 10^precision in four unsigned words, lowest first. */
const LIMITS = Array.from({ length: 39 }, (_, precision) => {
  const limit = 10n ** BigInt(precision);
  return [0n, 32n, 64n, 96n].map((shift) => Number((limit >> shift) & 0xffff_ffffn));
});

/** Leaves the unscaled number in `magnitude`; false when it has digits behind the scale or 10^precision or more. */
function wideNumber(
  view: DataView,
  at: number,
  digits: number,
  weight: number,
  fraction: Fraction,
  precision: number,
): boolean {
  const groups = weight + fraction.groups + 1;
  if (digits > groups || groups > 11) return false;
  magnitude.fill(0);
  for (let group = 0; group < groups; group++) {
    const digit = group < digits ? view.getInt16(at + group * 2) : 0;
    const last = group === groups - 1;
    const addend = last ? digit / fraction.divisor : digit;
    if (addend !== Math.floor(addend)) return false;
    if (!multiplyAdd(last ? fraction.multiplier : 10_000, addend)) return false;
  }
  const limit = LIMITS[precision] as number[];
  for (let word = 3; word >= 0; word--) {
    const difference = (magnitude[word] as number) - (limit[word] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Every product is below 2^46, exact in a double. False when it passes 128 bits. */
function multiplyAdd(factor: number, addend: number): boolean {
  let carry = addend;
  for (let word = 0; word < 4; word++) {
    const product = (magnitude[word] as number) * factor + carry;
    carry = Math.floor(product / TWO_32);
    magnitude[word] = product - carry * TWO_32;
  }
  return carry === 0;
}

function appendWide(out: WordsBuilder, negative: boolean): void {
  const at = out.rows++ * 4;
  let carry = 1;
  for (let word = 0; word < 4; word++) {
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

function misfit(view: DataView, start: number, row: number, precision: number, scale: number): Misfit {
  const special = SPECIAL_NAMES[view.getUint16(start + 4)];
  if (special !== undefined) return new Misfit(row, special, `${special}, which no decimal can hold`);
  return new Misfit(row, numericText(view, start), `a number that does not fit decimal(${precision},${scale})`);
}

/** The first digits of the value, for the error. */
function numericText(view: DataView, start: number): string {
  const digits = Math.min(12, view.getInt16(start));
  const weight = view.getInt16(start + 2);
  let text = view.getUint16(start + 4) === NEGATIVE ? '-' : '';
  for (let group = 0; group < digits; group++) {
    if (group === weight + 1) text += '.';
    const digit = String(view.getInt16(start + 8 + group * 2));
    text += group === 0 ? digit : digit.padStart(4, '0');
  }
  return digits < view.getInt16(start) ? `${text}…` : text;
}
