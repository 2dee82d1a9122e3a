import { GrowingBytes } from './growing-bytes.ts';
import { isValid } from './parquet-plain.ts';
import { writeVarint } from './thrift-compact.ts';

/** The definition levels of a page: 1 for a value, 0 for NULL. No bit is stored as long as no NULL was seen. */
export class DefinitionLevels {
  rows = 0;
  nulls = 0;
  #bits: Uint8Array | null = null;
  readonly #maxRows: number;

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  get values(): number {
    return this.rows - this.nulls;
  }

  /** `validity` is null when none of the rows is NULL. */
  append(validity: Uint8Array | null, from: number, to: number): void {
    if (validity === null && this.#bits === null) {
      this.rows += to - from;
      return;
    }
    this.#bits ??= onesThen(this.rows, this.#maxRows);
    const bits = this.#bits;
    let at = this.rows;
    for (let row = from; row < to; row++, at++) {
      if (isValid(validity, row)) bits[at >> 3] = (bits[at >> 3] as number) | (1 << (at & 7));
      else this.nulls++;
    }
    this.rows = at;
  }

  /** The levels as a V1 page has them: length, then one run (RLE when all are equal, else bit-packed). Starts the next page. */
  take(): Uint8Array {
    const run = new GrowingBytes(16);
    if (this.nulls === 0 || this.nulls === this.rows) {
      writeVarint(run, this.rows * 2);
      run.append(Uint8Array.of(this.nulls === 0 ? 1 : 0));
    } else {
      const groups = (this.rows + 7) >> 3;
      writeVarint(run, groups * 2 + 1);
      run.append((this.#bits as Uint8Array).subarray(0, groups));
    }
    const bytes = new Uint8Array(4 + run.length);
    new DataView(bytes.buffer).setUint32(0, run.length, true);
    bytes.set(run.written(), 4);
    this.rows = 0;
    this.nulls = 0;
    this.#bits = null;
    return bytes;
  }
}

function onesThen(ones: number, capacity: number): Uint8Array {
  const bits = new Uint8Array((capacity + 7) >> 3);
  bits.fill(255, 0, ones >> 3);
  if ((ones & 7) !== 0) bits[ones >> 3] = (1 << (ones & 7)) - 1;
  return bits;
}

/** Appends numbers bit-packed in one run, lowest bit first, padded to eight; `width` ≤ 16. */
export function packNumbers(out: GrowingBytes, numbers: Uint16Array, count: number, width: number): void {
  const groups = (count + 7) >> 3;
  writeVarint(out, groups * 2 + 1);
  out.reserve(groups * width);
  const { bytes } = out;
  const end = out.length + groups * width;
  let at = out.length;
  let pending = 0;
  let bits = 0;
  for (let index = 0; index < count; index++) {
    pending |= (numbers[index] as number) << bits;
    bits += width;
    for (; bits >= 8; bits -= 8, pending >>>= 8) bytes[at++] = pending;
  }
  if (bits > 0) bytes[at++] = pending;
  bytes.fill(0, at, end);
  out.length = end;
}
