import { isUtf8 } from 'node:buffer';
import type { ColumnVector } from '../model/row-batch.ts';
import type { Bounds, BoundsCollector } from './bounds-collector.ts';
import { isValid } from './parquet-plain.ts';

/** Longer bounds are cut to this many bytes: a footer with a 3 MB text in it helps nobody. */
const KEPT = 64;

/** Where a bound lies: in the batch at hand, or in memory of its own. At most `KEPT` bytes. */
interface Extreme {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** True when a value that begins with it was longer. */
  readonly cut: boolean;
}

/** Bounds of byte strings in the order of unsigned bytes, which for UTF-8 is the order of code points. */
export class ByteBounds implements BoundsCollector {
  #min: Extreme | null = null;
  #max: Extreme | null = null;
  #between: Between = NOTHING_BETWEEN;
  /** True when `#between` was not made from the bounds as they are. */
  #stale = false;

  observe(vector: ColumnVector, from: number, to: number): void {
    const validity = vector.nullCount === 0 ? null : vector.validity;
    const source = vector.values as Uint8Array<ArrayBuffer>;
    const offsets = vector.offsets as Int32Array;
    const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    let between = this.#between;
    let stale = this.#stale;
    for (let row = from; row < to; row++) {
      if (!isValid(validity, row)) continue;
      const start = offsets[row] as number;
      const end = offsets[row + 1] as number;
      if (end - start >= between.bytes && liesBetween(view, start, between)) continue;
      if (this.#merge(source, start, end)) {
        between = NOTHING_BETWEEN;
        stale = true;
      } else if (stale) {
        // Not at once: in a column that rises, every value is a new bound.
        between = betweenOf(this.#min, this.#max);
        stale = false;
      }
    }
    this.#between = between;
    this.#stale = stale;
    this.#min = ownMemory(this.#min, source);
    this.#max = ownMemory(this.#max, source);
  }

  /** A cut value stands for everything that begins with it. True when a bound is another now. */
  #merge(bytes: Uint8Array, start: number, stop: number): boolean {
    const end = Math.min(stop, start + KEPT);
    const cut = stop > end;
    const above = this.#max === null ? 1 : compare(bytes, start, end, this.#max);
    if (above > 0 || (above === 0 && cut)) this.#max = { bytes, start, end, cut };
    if (above > 0 && this.#min !== null) return true;
    const below = this.#min === null ? -1 : compare(bytes, start, end, this.#min);
    if (below < 0 || (below === 0 && cut)) this.#min = { bytes, start, end, cut };
    return below < 0;
  }

  take(): Bounds | null {
    const { min, max } = { min: this.#min, max: this.#max };
    this.#min = this.#max = null;
    this.#between = NOTHING_BETWEEN;
    this.#stale = false;
    if (min === null || max === null) return null;
    const low = min.cut ? wholeCharacters(min.bytes) : min.bytes;
    const high = max.cut ? nextAfterPrefix(max.bytes) : max.bytes;
    return high === null ? null : { min: low, max: high, minExact: !min.cut, maxExact: !max.cut };
  }
}

/** The memory of a batch is used again. */
function ownMemory(extreme: Extreme | null, batch: Uint8Array): Extreme | null {
  if (extreme === null || extreme.bytes !== batch) return extreme;
  const bytes = extreme.bytes.slice(extreme.start, extreme.end);
  return { bytes, start: 0, end: bytes.length, cut: extreme.cut };
}

function compare(source: Uint8Array, start: number, end: number, best: Extreme): number {
  const { bytes, start: bestStart } = best;
  const bestLength = best.end - bestStart;
  const common = Math.min(end - start, bestLength);
  for (let at = 0; at < common; at++) {
    const difference = (source[start + at] as number) - (bytes[bestStart + at] as number);
    if (difference !== 0) return difference;
  }
  return end - start - bestLength;
}

/** What a value must begin with to be surely between two bounds: the words that both begin with, then one between theirs. */
interface Between {
  /** Big-endian. */
  readonly common: readonly number[];
  readonly low: number;
  readonly high: number;
  /** Shorter values are compared byte by byte. */
  readonly bytes: number;
}

const NOTHING_BETWEEN: Between = { common: [], low: 0, high: 0, bytes: Number.POSITIVE_INFINITY };

function betweenOf(min: Extreme | null, max: Extreme | null): Between {
  if (min === null || max === null) return NOTHING_BETWEEN;
  const common: number[] = [];
  for (let at = 0; at + 4 <= Math.min(min.end - min.start, max.end - max.start); at += 4) {
    const low = wordAt(min.bytes, min.start + at);
    const high = wordAt(max.bytes, max.start + at);
    if (low !== high) return { common, low, high, bytes: at + 4 };
    common.push(low);
  }
  return NOTHING_BETWEEN;
}

function liesBetween(view: DataView, start: number, { common, low, high }: Between): boolean {
  let at = start;
  for (const word of common) {
    if (view.getUint32(at) !== word) return false;
    at += 4;
  }
  const word = view.getUint32(at);
  return word > low && word < high;
}

function wordAt(bytes: Uint8Array, at: number): number {
  const word = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
  return (word | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}

/** Drops a UTF-8 character that the cut has split; on other bytes it only shortens a lower bound, which stays one. */
function wholeCharacters(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > bytes.length - 4 && end > 1 && ((bytes[end - 1] as number) & 0xc0) === 0x80) end--;
  return (bytes[end - 1] as number) >= 0x80 ? bytes.subarray(0, end - 1) : bytes;
}

/** A bound above everything that begins with `bytes`: text for text, since some readers decode it. Null when nothing is above. */
function nextAfterPrefix(bytes: Uint8Array): Uint8Array | null {
  const whole = wholeCharacters(bytes);
  return isUtf8(whole) ? nextText(Buffer.from(whole).toString('utf8')) : nextBytes(bytes);
}

function nextText(prefix: string): Uint8Array | null {
  const characters = Array.from(prefix);
  for (let last = characters.pop(); last !== undefined; last = characters.pop()) {
    const code = (last.codePointAt(0) as number) + 1;
    // Surrogates are no characters; above the last code point there is none.
    const next = code === 0xd800 ? 0xe000 : code;
    if (next <= 0x10ffff) return Buffer.from(characters.join('') + String.fromCodePoint(next), 'utf8');
  }
  return null;
}

function nextBytes(prefix: Uint8Array): Uint8Array | null {
  const at = prefix.findLastIndex((byte) => byte < 255);
  if (at < 0) return null;
  const next = prefix.slice(0, at + 1);
  next[at] = (prefix[at] as number) + 1;
  return next;
}
