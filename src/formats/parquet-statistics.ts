import { SqlextractError } from '../model/problem.ts';
import type { ColumnVector } from '../model/row-batch.ts';
import { ByteBounds } from './parquet-byte-bounds.ts';
import { isValid } from './parquet-plain.ts';
import type { ParquetColumn } from './parquet-schema.ts';

/** Smallest and largest value of a column chunk in PLAIN encoding; readers skip row groups by them, so a wrong one loses rows. */
export interface Bounds {
  readonly min: Uint8Array;
  readonly max: Uint8Array;
  /** False when the bound was shortened. */
  readonly minExact: boolean;
  readonly maxExact: boolean;
}

export interface BoundsCollector {
  observe(vector: ColumnVector, from: number, to: number): void;
  /** The bounds since the last call; null when there is no value or the order of the values has no bound (NaN). */
  take(): Bounds | null;
}

export function boundsCollector(column: ParquetColumn, table: string): BoundsCollector {
  switch (column.physical) {
    case 'boolean':
      return { observe: () => undefined, take: () => null };
    case 'float':
    case 'double':
      return new FloatBounds(column.physical === 'float' ? 4 : 8);
    case 'byteArray':
      return new ByteBounds();
    default:
      if (column.type.kind === 'decimal') return new WordBounds(4, column, table);
      return new WordBounds(column.physical === 'int32' ? 1 : 2, column, table);
  }
}

class WordBounds implements BoundsCollector {
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
    else if (this.#words === 2) this.#observeTwo(source, validity, row, to);
    else this.#observeFour(source, validity, row, to);
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

  #observeTwo(source: Int32Array, validity: Uint8Array | null, from: number, to: number): void {
    let [minLow, minHigh] = [(this.#min[0] as number) >>> 0, this.#min[1] as number];
    let [maxLow, maxHigh] = [(this.#max[0] as number) >>> 0, this.#max[1] as number];
    for (let row = from; row < to; row++) {
      if (!isValid(validity, row)) continue;
      const low = (source[row * 2] as number) >>> 0;
      const high = source[row * 2 + 1] as number;
      if (high < minHigh || (high === minHigh && low < minLow)) {
        minLow = low;
        minHigh = high;
      }
      if (high > maxHigh || (high === maxHigh && low > maxLow)) {
        maxLow = low;
        maxHigh = high;
      }
    }
    this.#min.set([minLow | 0, minHigh]);
    this.#max.set([maxLow | 0, maxHigh]);
  }

  #observeFour(source: Int32Array, validity: Uint8Array | null, from: number, to: number): void {
    for (let row = from; row < to; row++) {
      if (!isValid(validity, row)) continue;
      if (compareFour(source, row * 4, this.#min) < 0) this.#set(this.#min, source, row);
      else if (compareFour(source, row * 4, this.#max) > 0) this.#set(this.#max, source, row);
    }
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

/** −1, 0 or 1: the signed 128-bit number at `at` against `best`. */
function compareFour(source: Int32Array, at: number, best: Int32Array): number {
  const top = (source[at + 3] as number) - (best[3] as number);
  if (top !== 0) return top;
  for (let word = 2; word >= 0; word--) {
    const difference = ((source[at + word] as number) >>> 0) - ((best[word] as number) >>> 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function wideOf(words: Int32Array): bigint {
  const unsigned = new BigUint64Array(words.slice().buffer);
  return BigInt.asIntN(128, ((unsigned[1] as bigint) << 64n) | (unsigned[0] as bigint));
}

class FloatBounds implements BoundsCollector {
  readonly #bytes: 4 | 8;
  #min = Infinity;
  #max = -Infinity;
  #any = false;
  #nan = false;

  constructor(bytes: 4 | 8) {
    this.#bytes = bytes;
  }

  observe(vector: ColumnVector, from: number, to: number): void {
    const source = vector.values as Float32Array | Float64Array;
    const validity = vector.nullCount === 0 ? null : vector.validity;
    for (let row = from; row < to; row++) {
      if (!isValid(validity, row)) continue;
      const value = source[row] as number;
      this.#any = true;
      if (value < this.#min) this.#min = value;
      if (value > this.#max) this.#max = value;
      if (Number.isNaN(value)) this.#nan = true;
    }
  }

  /** Engines disagree where NaN sorts: a row group that has one carries no bounds. Zero is written as −0 below and +0 above (parquet.thrift). */
  take(): Bounds | null {
    const known = this.#any && !this.#nan;
    const min = this.#encode(this.#min === 0 ? -0 : this.#min);
    const max = this.#encode(this.#max === 0 ? 0 : this.#max);
    this.#min = Infinity;
    this.#max = -Infinity;
    this.#any = false;
    this.#nan = false;
    return known ? { min, max, minExact: true, maxExact: true } : null;
  }

  #encode(value: number): Uint8Array {
    const view = new DataView(new ArrayBuffer(this.#bytes));
    if (this.#bytes === 4) view.setFloat32(0, value, true);
    else view.setFloat64(0, value, true);
    return new Uint8Array(view.buffer);
  }
}
