import { SqlextractError } from '../model/problem.ts';
import type { ColumnVector } from '../model/row-batch.ts';
import type { Bounds, BoundsCollector } from './bounds-collector.ts';
import { isValid } from './parquet-plain.ts';
import type { ParquetColumn } from './parquet-schema.ts';

/** Bounds of signed integers of 32, 64 and 128 bits, whatever they stand for. */
export class WordBounds implements BoundsCollector {
  readonly #words: 1 | 2 | 4;
  readonly #column: ParquetColumn;
  readonly #table: string;
  readonly #min = new Int32Array(4);
  readonly #max = new Int32Array(4);
  #any = false;

  constructor(words: 1 | 2 | 4, column: ParquetColumn, table: string) {
    this.#words = words;
    this.#column = column;
    this.#table = table;
  }

  observe(vector: ColumnVector, from: number, to: number): void {
    const source = vector.values as Int32Array;
    const validity = vector.nullCount === 0 ? null : vector.validity;
    let row = from;
    while (row < to && !isValid(validity, row)) row++;
    if (row === to) return;
    if (!this.#any) {
      this.#set(this.#min, source, row);
      this.#set(this.#max, source, row);
      this.#any = true;
    }
    if (this.#words === 1) this.#observeOne(source, validity, row, to);
    else this.#observeLong(source, validity, row, to);
  }

  #set(best: Int32Array, source: Int32Array, row: number): void {
    for (let word = 0; word < this.#words; word++) best[word] = source[row * this.#words + word] as number;
  }

  #observeOne(source: Int32Array, validity: Uint8Array | null, from: number, to: number): void {
    let min = this.#min[0] as number;
    let max = this.#max[0] as number;
    for (let row = from; row < to; row++) {
      if (!isValid(validity, row)) continue;
      const value = source[row] as number;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    this.#min[0] = min;
    this.#max[0] = max;
  }

  /**
   * By the doubles that the numbers are near to: rounding keeps numbers in their order or makes them equal, which it does to those beyond 2^53
   * only.
   */
  #observeLong(source: Int32Array, validity: Uint8Array | null, from: number, to: number): void {
    const words = this.#words;
    let min = words === 2 ? nearest(this.#min, 0) : nearestWide(this.#min, 0);
    let max = words === 2 ? nearest(this.#max, 0) : nearestWide(this.#max, 0);
    let minRow = -1;
    let maxRow = -1;
    for (let row = from; row < to; row++) {
      if (!isValid(validity, row)) continue;
      const value = words === 2 ? nearest(source, row * 2) : nearestWide(source, row * 4);
      if (value < min) {
        min = value;
        minRow = row;
      } else if (value > max) {
        max = value;
        maxRow = row;
      } else if ((value === min || value === max) && Math.abs(value) >= TWO_53) {
        this.#setRows(source, minRow, maxRow);
        minRow = compareWords(source, row * words, this.#min, words) < 0 ? row : -1;
        maxRow = compareWords(source, row * words, this.#max, words) > 0 ? row : -1;
      }
    }
    this.#setRows(source, minRow, maxRow);
  }

  #setRows(source: Int32Array, minRow: number, maxRow: number): void {
    if (minRow >= 0) this.#set(this.#min, source, minRow);
    if (maxRow >= 0) this.#set(this.#max, source, maxRow);
  }

  take(): Bounds | null {
    if (!this.#any) return null;
    this.#any = false;
    if (this.#column.type.kind === 'decimal') this.#checkPrecision(this.#column.type.precision);
    return { min: this.#encode(this.#min), max: this.#encode(this.#max), minExact: true, maxExact: true };
  }

  /** The file keeps only as many bytes as the precision needs: a wider value would be cut, so it must not pass. */
  #checkPrecision(precision: number): void {
    const limit = 10n ** BigInt(precision);
    for (const words of [this.#min, this.#max]) {
      const value = wideOf(words);
      if (value > -limit && value < limit) continue;
      throw new SqlextractError({
        code: 'VALUE_OUT_OF_RANGE',
        message: `${this.#table}, column "${this.#column.name}": the value ${value} (unscaled) has more than ${precision} digits`,
        hint: 'the column holds values that its type does not allow: leave it out with --exclude-columns, or write CSV',
        fault: 'data',
      });
    }
  }

  #encode(words: Int32Array): Uint8Array {
    const { physical, fixedLength } = this.#column;
    const length = physical === 'fixed' ? fixedLength : physical === 'int32' ? 4 : 8;
    const little = new Uint8Array(words.slice().buffer, 0, length);
    return physical === 'fixed' ? little.reverse() : little;
  }
}

const TWO_32 = 4_294_967_296;
const TWO_53 = 2 ** 53;

/** The double nearest to the signed 64-bit number at `at`. */
function nearest(words: Int32Array, at: number): number {
  return (words[at + 1] as number) * TWO_32 + ((words[at] as number) >>> 0);
}

/**
 * As `nearest` for 128 bits. When the higher half says more than the sign it stands for all numbers that have it, in the middle of them, which
 * lies beyond all numbers of 64 bits.
 */
function nearestWide(words: Int32Array, at: number): number {
  const sign = (words[at + 1] as number) >> 31;
  if (words[at + 2] === sign && words[at + 3] === sign) return nearest(words, at);
  return (nearest(words, at + 2) + 0.5) * TWO_32 * TWO_32;
}

/** Below 0, 0 or above: the signed number of `words` words at `at` against `best`. */
function compareWords(source: Int32Array, at: number, best: Int32Array, words: number): number {
  const top = (source[at + words - 1] as number) - (best[words - 1] as number);
  if (top !== 0) return top;
  for (let word = words - 2; word >= 0; word--) {
    const difference = ((source[at + word] as number) >>> 0) - ((best[word] as number) >>> 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function wideOf(words: Int32Array): bigint {
  const unsigned = new BigUint64Array(words.slice().buffer);
  return BigInt.asIntN(128, ((unsigned[1] as bigint) << 64n) | (unsigned[0] as bigint));
}
