import type { Digits } from '../model/digits.ts';
import type { ColumnVector } from '../model/row-batch.ts';
import type { ColumnSchema } from '../model/table.ts';

/** Measures the digits of one column's values, batch by batch. */
export interface DigitMeter {
  add(vector: ColumnVector, rows: number): void;
  /** Of all values so far; null: one of them is no plain number. */
  digits(): Digits | null;
}

/** Null for columns that are no exact numbers: they cost nothing. */
export function digitMeter(column: ColumnSchema): DigitMeter | null {
  if (column.type.kind === 'decimal') return new DecimalDigits(column.type.scale);
  return column.exact === 'number' && column.type.kind === 'string' ? new TextDigits() : null;
}

const MINUS = 45;
const POINT = 46;
const ZERO = 48;

/** Texts: an optional minus, digits, an optional point with digits behind it. The loop has no calls and keeps what it counts in locals. */
class TextDigits implements DigitMeter {
  #integer = 0;
  #scale = 0;
  #isPlain = true;

  add({ values, offsets, validity }: ColumnVector, rows: number): void {
    if (!this.#isPlain) return;
    const bytes = values as Uint8Array;
    const ends = offsets as Int32Array;
    let integer = this.#integer;
    let scale = this.#scale;
    let isPlain = true;
    let at = ends[0] as number;
    for (let row = 0; row < rows; row++) {
      const end = ends[row + 1] as number;
      if (at === end) {
        // Only NULL is no text at all.
        if (validity === null || (((validity[row >> 3] as number) >> (row & 7)) & 1) === 1) isPlain = false;
        continue;
      }
      if (bytes[at] === MINUS) at++;
      const first = at;
      while (at < end && bytes[at] === ZERO) at++;
      const leading = at;
      while (at < end && (bytes[at] as number) - ZERO <= 9 && (bytes[at] as number) >= ZERO) at++;
      if (at === first) isPlain = false;
      if (at - leading > integer) integer = at - leading;
      if (at === end) continue;
      const point = at;
      if (bytes[at++] !== POINT || at === end) isPlain = false;
      while (at < end && (bytes[at] as number) - ZERO <= 9 && (bytes[at] as number) >= ZERO) at++;
      if (at < end) isPlain = false;
      if (at - point - 1 > scale) scale = at - point - 1;
      at = end;
    }
    this.#integer = integer;
    this.#scale = scale;
    this.#isPlain = isPlain;
  }

  digits(): Digits | null {
    return this.#isPlain ? { integer: this.#integer, scale: this.#scale } : null;
  }
}

/**
 * Decimals have the column's digits after the point in every file, so only those before it are measured, by the value that is
 * furthest from zero. Two words hold nearly all values as a double does; the others are looked at as they are.
 */
class DecimalDigits implements DigitMeter {
  readonly #scale: number;
  /** The largest magnitude below 2^53, and that of the others. */
  #narrow = 0;
  #widest = 0n;

  constructor(scale: number) {
    this.#scale = scale;
  }

  add({ values }: ColumnVector, rows: number): void {
    const words = values as Int32Array;
    let most = this.#narrow;
    for (let at = 0; at < rows * 4; at += 4) {
      const high = words[at + 1] as number;
      const sign = words[at + 2] as number;
      if (sign !== high >> 31 || sign !== words[at + 3] || high >= 0x20_0000 || high < -0x20_0000) {
        this.#addWide(words, at);
        continue;
      }
      const value = high * 0x1_0000_0000 + ((words[at] as number) >>> 0);
      if (value > most) most = value;
      else if (-value > most) most = -value;
    }
    this.#narrow = most;
  }

  #addWide(words: Int32Array, at: number): void {
    let value = BigInt(words[at + 3] as number);
    for (let word = 2; word >= 0; word--) value = (value << 32n) | BigInt((words[at + word] as number) >>> 0);
    const magnitude = value < 0n ? -value : value;
    if (magnitude > this.#widest) this.#widest = magnitude;
  }

  digits(): Digits {
    const narrow = BigInt(this.#narrow);
    const most = narrow > this.#widest ? narrow : this.#widest;
    return { integer: (most / 10n ** BigInt(this.#scale)).toString().replace(/^0$/, '').length, scale: this.#scale };
  }
}
