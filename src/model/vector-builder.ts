import { type ColumnType, storageOf } from './column-type.ts';
import type { ColumnVector } from './row-batch.ts';

/**
 * Builds one column of a batch, value by value, in the layout of `ColumnVector`. The arrays grow by doubling and are used again for the
 * next batch: after `finish` the vector is valid until the next `append…` or `reset`.
 *
 * Hot loops may call `reserve` once and write `values` and `rows` by themselves, as the methods here do.
 */
export type VectorBuilder = WordsBuilder | FloatBuilder | BitsBuilder | BytesBuilder;

export function createVectorBuilder(type: ColumnType): VectorBuilder {
  const storage = storageOf(type);
  switch (storage) {
    case 'bits':
      return new BitsBuilder();
    case 'words1':
      return new WordsBuilder(1);
    case 'words2':
      return new WordsBuilder(2);
    case 'words4':
      return new WordsBuilder(4);
    case 'float32':
      return new FloatBuilder(4);
    case 'float64':
      return new FloatBuilder(8);
    case 'bytes':
      return new BytesBuilder();
    default:
      return storage satisfies never;
  }
}

const FIRST_ROWS = 1024;

/** Bit i is 1 while row i has a value: all bits start as 1, so that only NULLs cost anything. */
class Validity {
  nullCount = 0;
  private bits = new Uint8Array(FIRST_ROWS / 8).fill(0xff);

  clear(row: number): void {
    if (row >> 3 >= this.bits.length) this.grow(row);
    const byte = row >> 3;
    this.bits[byte] = (this.bits[byte] as number) & ~(1 << (row & 7));
    this.nullCount++;
  }

  /** Null when no row is NULL. */
  finish(rows: number): Uint8Array<ArrayBuffer> | null {
    if (this.nullCount === 0) return null;
    if (rows > this.bits.length * 8) this.grow(rows);
    return this.bits;
  }

  reset(): void {
    if (this.nullCount > 0) this.bits.fill(0xff);
    this.nullCount = 0;
  }

  private grow(row: number): void {
    const larger = new Uint8Array(Math.max(this.bits.length * 2, (row >> 3) + 1)).fill(0xff);
    larger.set(this.bits);
    this.bits = larger;
  }
}

/** int32, date (1 word a row); int64, time, timestamp (2: low, high); decimal (4, lowest first). */
export class WordsBuilder {
  rows = 0;
  values: Int32Array<ArrayBuffer>;
  readonly words: 1 | 2 | 4;
  private readonly validity = new Validity();

  constructor(words: 1 | 2 | 4) {
    this.words = words;
    this.values = new Int32Array(FIRST_ROWS * words);
  }

  get byteLength(): number {
    return this.rows * this.words * 4;
  }

  get nullCount(): number {
    return this.validity.nullCount;
  }

  reserve(rows: number): void {
    const needed = (this.rows + rows) * this.words;
    if (needed <= this.values.length) return;
    const larger = new Int32Array(Math.max(this.values.length * 2, needed));
    larger.set(this.values);
    this.values = larger;
  }

  appendNull(): void {
    this.reserve(1);
    this.values.fill(0, this.rows * this.words, (this.rows + 1) * this.words);
    this.validity.clear(this.rows++);
  }

  /** One word; only for one-word columns. */
  appendInt32(value: number): void {
    this.reserve(1);
    this.values[this.rows++] = value;
  }

  /** A 64-bit number in two halves; only for two-word columns. */
  appendInt64(low: number, high: number): void {
    this.reserve(1);
    const at = this.rows++ * 2;
    this.values[at] = low;
    this.values[at + 1] = high;
  }

  /** Any width from a BigInt, two's complement. For paths where speed does not matter. */
  appendBigInt(value: bigint): void {
    this.reserve(1);
    const at = this.rows++ * this.words;
    for (let word = 0; word < this.words; word++) {
      this.values[at + word] = Number(BigInt.asIntN(32, value >> BigInt(32 * word)));
    }
  }

  finish(): ColumnVector {
    const validity = this.validity.finish(this.rows);
    return { nullCount: this.nullCount, validity, values: this.values, offsets: null };
  }

  reset(): void {
    this.rows = 0;
    this.validity.reset();
  }
}

export class FloatBuilder {
  rows = 0;
  values: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
  private readonly validity = new Validity();

  constructor(bytes: 4 | 8) {
    this.values = bytes === 4 ? new Float32Array(FIRST_ROWS) : new Float64Array(FIRST_ROWS);
  }

  get byteLength(): number {
    return this.rows * this.values.BYTES_PER_ELEMENT;
  }

  get nullCount(): number {
    return this.validity.nullCount;
  }

  reserve(rows: number): void {
    const needed = this.rows + rows;
    if (needed <= this.values.length) return;
    const length = Math.max(this.values.length * 2, needed);
    const larger = this.values instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
    larger.set(this.values);
    this.values = larger;
  }

  appendNull(): void {
    this.appendFloat(0);
    this.validity.clear(this.rows - 1);
  }

  appendFloat(value: number): void {
    this.reserve(1);
    this.values[this.rows++] = value;
  }

  finish(): ColumnVector {
    const validity = this.validity.finish(this.rows);
    return { nullCount: this.nullCount, validity, values: this.values, offsets: null };
  }

  reset(): void {
    this.rows = 0;
    this.validity.reset();
  }
}

export class BitsBuilder {
  rows = 0;
  private values = new Uint8Array(FIRST_ROWS / 8);
  private readonly validity = new Validity();

  get byteLength(): number {
    return (this.rows + 7) >> 3;
  }

  get nullCount(): number {
    return this.validity.nullCount;
  }

  appendNull(): void {
    this.appendBit(false);
    this.validity.clear(this.rows - 1);
  }

  appendBit(value: boolean): void {
    const row = this.rows++;
    if (row >> 3 >= this.values.length) {
      const larger = new Uint8Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    if (value) this.values[row >> 3] = (this.values[row >> 3] as number) | (1 << (row & 7));
  }

  finish(): ColumnVector {
    const validity = this.validity.finish(this.rows);
    return { nullCount: this.nullCount, validity, values: this.values, offsets: null };
  }

  reset(): void {
    this.values.fill(0);
    this.rows = 0;
    this.validity.reset();
  }
}

/** Above this many bytes a native copy is cheaper than a loop. */
const LOOP_COPY = 48;
/** Offsets are 32 bits. */
const MOST_BYTES = 2 ** 31 - 1;

/** string, json, uuid, binary. */
export class BytesBuilder {
  rows = 0;
  values = new Uint8Array(FIRST_ROWS * 16);
  /** rows + 1 entries; the last is where the next value begins. */
  offsets = new Int32Array(FIRST_ROWS + 1);
  private readonly validity = new Validity();

  get byteLength(): number {
    return (this.offsets[this.rows] as number) + this.rows * 4;
  }

  get nullCount(): number {
    return this.validity.nullCount;
  }

  reserve(rows: number): void {
    const needed = this.rows + rows + 1;
    if (needed <= this.offsets.length) return;
    const larger = new Int32Array(Math.max(this.offsets.length * 2, needed));
    larger.set(this.offsets);
    this.offsets = larger;
  }

  /** Makes room for `bytes` more after what is there. Throws RangeError when a batch would pass 2 GiB in one column. */
  reserveBytes(bytes: number): void {
    const needed = (this.offsets[this.rows] as number) + bytes;
    if (needed <= this.values.length) return;
    if (needed > MOST_BYTES) throw new RangeError('a batch holds more than 2 GiB in one column');
    const larger = new Uint8Array(Math.min(MOST_BYTES, Math.max(this.values.length * 2, needed)));
    larger.set(this.values);
    this.values = larger;
  }

  appendNull(): void {
    this.reserve(1);
    this.offsets[this.rows + 1] = this.offsets[this.rows] as number;
    this.validity.clear(this.rows++);
  }

  /** The bytes [from, to) of `source`. */
  appendBytes(source: Uint8Array, from: number, to: number): void {
    this.reserve(1);
    this.reserveBytes(to - from);
    const { values, offsets } = this;
    let at = offsets[this.rows] as number;
    if (to - from > LOOP_COPY) {
      values.set(source.subarray(from, to), at);
      at += to - from;
    } else {
      for (let i = from; i < to; i++) values[at++] = source[i] as number;
    }
    offsets[++this.rows] = at;
  }

  finish(): ColumnVector {
    const validity = this.validity.finish(this.rows);
    return { nullCount: this.nullCount, validity, values: this.values, offsets: this.offsets };
  }

  reset(): void {
    this.rows = 0;
    this.validity.reset();
  }
}
