import type { ColumnVector } from '../model/row-batch.ts';
import { GrowingBytes } from './growing-bytes.ts';
import { isValid, wordsOf } from './parquet-plain.ts';

/** A dictionary that reaches one of these is closed; the rest of the row group is written plain. */
const MAX_ENTRIES = 32_768;
const MAX_BYTES = 512 * 1024;

/**
 * The distinct values of a column chunk in order of appearance. Values are told apart by their bits, so −0 and 0, and different
 * NaNs, stay what they are.
 */
export interface Dictionary {
  readonly size: number;
  /** Bytes of memory that the entries hold. */
  readonly byteLength: number;
  /**
   * Writes the number of every value of rows [from, to) into `numbers` from `at` on, leaving NULLs out; stops before a row that
   * does not fit any more. Returns the row it came to.
   */
  number(vector: ColumnVector, from: number, to: number, numbers: Uint16Array, at: number): number;
  /** The entries as rows 0 … size − 1. */
  entries(): ColumnVector;
}

export function dictionaryOf(vector: ColumnVector, rowWords: number): Dictionary {
  return vector.offsets === null ? new WordDictionary(rowWords) : new BytesDictionary();
}

/** Open addressing over entry numbers + 1; 0 is free. At most half full. */
class Slots {
  table = new Uint16Array(512);
  mask = 511;

  growFor(size: number, hashOf: (entry: number) => number): void {
    if (size * 2 < this.table.length) return;
    this.table = new Uint16Array(this.table.length * 2);
    this.mask = this.table.length - 1;
    for (let entry = 0; entry < size; entry++) {
      let slot = hashOf(entry) & this.mask;
      while (this.table[slot] !== 0) slot = (slot + 1) & this.mask;
      this.table[slot] = entry + 1;
    }
  }
}

class WordDictionary implements Dictionary {
  readonly #words: number;
  readonly #slots = new Slots();
  #entries = new Int32Array(1024);
  size = 0;

  constructor(words: number) {
    this.#words = words;
  }

  get byteLength(): number {
    return this.size * this.#words * 4;
  }

  number(vector: ColumnVector, from: number, to: number, numbers: Uint16Array, at: number): number {
    const source = wordsOf(vector);
    const validity = vector.nullCount === 0 ? null : vector.validity;
    let next = at;
    for (let row = from; row < to; row++) {
      if (!isValid(validity, row)) continue;
      const entry = this.#find(source, row * this.#words);
      if (entry < 0) return row;
      numbers[next++] = entry;
    }
    return to;
  }

  #find(source: Int32Array, at: number): number {
    const { table, mask } = this.#slots;
    let slot = hashWords(source, at, this.#words) & mask;
    for (let found = table[slot] as number; found !== 0; found = table[slot] as number) {
      if (this.#equals(found - 1, source, at)) return found - 1;
      slot = (slot + 1) & mask;
    }
    return this.#add(source, at, slot);
  }

  #equals(entry: number, source: Int32Array, at: number): boolean {
    for (let word = 0; word < this.#words; word++) {
      if (this.#entries[entry * this.#words + word] !== source[at + word]) return false;
    }
    return true;
  }

  #add(source: Int32Array, at: number, slot: number): number {
    if (this.size >= MAX_ENTRIES - 1 || this.byteLength >= MAX_BYTES) return -1;
    if ((this.size + 1) * this.#words > this.#entries.length) {
      const grown = new Int32Array(this.#entries.length * 2);
      grown.set(this.#entries);
      this.#entries = grown;
    }
    const entry = this.size++;
    for (let word = 0; word < this.#words; word++) {
      this.#entries[entry * this.#words + word] = source[at + word] as number;
    }
    this.#slots.table[slot] = entry + 1;
    this.#slots.growFor(this.size, (each) => hashWords(this.#entries, each * this.#words, this.#words));
    return entry;
  }

  entries(): ColumnVector {
    return { nullCount: 0, validity: null, values: this.#entries, offsets: null };
  }
}

class BytesDictionary implements Dictionary {
  readonly #slots = new Slots();
  readonly #bytes = new GrowingBytes(4096);
  #offsets = new Int32Array(1024);
  size = 0;

  get byteLength(): number {
    return this.#bytes.length + this.size * 4;
  }

  number(vector: ColumnVector, from: number, to: number, numbers: Uint16Array, at: number): number {
    const source = vector.values as Uint8Array;
    const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    const offsets = vector.offsets as Int32Array;
    const validity = vector.nullCount === 0 ? null : vector.validity;
    let next = at;
    for (let row = from; row < to; row++) {
      if (!isValid(validity, row)) continue;
      const start = offsets[row] as number;
      const end = offsets[row + 1] as number;
      // A long value would be hashed for nothing: it soon fills the dictionary.
      if (end - start > MAX_BYTES / 8) return row;
      const slot = this.#slotOf(view, start, end);
      const found = this.#slots.table[slot] as number;
      const entry = found === 0 ? this.#add(source, start, end, slot) : found - 1;
      if (entry < 0) return row;
      numbers[next++] = entry;
    }
    return to;
  }

  /** Where the value is, or would be added. */
  #slotOf(source: DataView, start: number, end: number): number {
    const { table, mask } = this.#slots;
    let slot = hashBytes(source, start, end) & mask;
    for (let found = table[slot] as number; found !== 0; found = table[slot] as number) {
      if (this.#equals(found - 1, source, start, end)) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #equals(entry: number, source: DataView, start: number, end: number): boolean {
    let from = this.#offsets[entry] as number;
    if ((this.#offsets[entry + 1] as number) - from !== end - start) return false;
    const { view } = this.#bytes;
    let at = start;
    for (; at + 4 <= end; at += 4, from += 4) if (view.getInt32(from) !== source.getInt32(at)) return false;
    for (; at < end; at++, from++) if (view.getUint8(from) !== source.getUint8(at)) return false;
    return true;
  }

  #add(source: Uint8Array, start: number, end: number, slot: number): number {
    if (this.size >= MAX_ENTRIES - 1 || this.byteLength + end - start > MAX_BYTES) return -1;
    if (this.size + 2 > this.#offsets.length) {
      const grown = new Int32Array(this.#offsets.length * 2);
      grown.set(this.#offsets);
      this.#offsets = grown;
    }
    const entry = this.size++;
    this.#bytes.append(source.subarray(start, end));
    this.#offsets[entry + 1] = this.#bytes.length;
    this.#slots.table[slot] = entry + 1;
    this.#slots.growFor(this.size, (each) =>
      hashBytes(this.#bytes.view, this.#offsets[each] as number, this.#offsets[each + 1] as number),
    );
    return entry;
  }

  entries(): ColumnVector {
    return { nullCount: 0, validity: null, values: this.#bytes.bytes, offsets: this.#offsets };
  }
}

function hashWords(source: Int32Array, at: number, words: number): number {
  let hash = 0;
  for (let word = 0; word < words; word++) {
    hash = Math.imul(hash ^ (source[at + word] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

/** By words as far as they go: most of what is hashed is longer than a word. */
function hashBytes(source: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ source.getInt32(at), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ source.getUint8(at), 0x01000193);
  return hash ^ (hash >>> 15);
}

/** Rows looked at, evenly over the first batch of a row group, to tell whether a dictionary is worth its time. */
const SAMPLE = 4096;

/** More distinct values than this share of the sample: about 20 000 and more in the whole column, where a dictionary saves nothing. */
const TOO_MANY = 0.9;

/** False when a sample of rows [from, to) has hardly a value twice. Small samples prove nothing and are given a dictionary. */
export function worthDictionary(vector: ColumnVector, rowWords: number, from: number, to: number): boolean {
  const dictionary = dictionaryOf(vector, rowWords);
  const number = new Uint16Array(1);
  const step = Math.max(1, Math.floor((to - from) / SAMPLE));
  let looked = 0;
  for (let row = from; row < to && looked < SAMPLE; row += step) {
    if (vector.nullCount > 0 && !isValid(vector.validity, row)) continue;
    if (dictionary.number(vector, row, row + 1, number, 0) === row) return false;
    looked++;
  }
  return looked < 64 || dictionary.size < looked * TOO_MANY;
}
