import { createScannedRows, ProtocolBreach, type ScannedRows } from '../scanned-rows.ts';
import type { LengthForm, WireColumn } from './wire-column.ts';

/**
 * Finds the fields of the rows in a TDS token stream, straight in the bytes of the packets (MS-TDS 2.2.7.19 ROW, 2.2.7.14 NBCROW).
 *
 *          feed             scan
 *   empty ──────▶ loaded ──────▶ 'rows'   rows.count rows lie in `rows`; scan again
 *     ▲             │  └───────▶ 'token'  another token than a row is next: `bytes` from `at` on, to be passed with `skip`
 *     └─────────────┘ 'hungry'            what is next is not complete: its beginning is kept, feed again
 */
export class RowScanner {
  rows: ScannedRows = createScannedRows(0);
  /** Memory that is used again: what was fed lies before `end`. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(SMALL_STORE);
  end = 0;
  /** Where the next token begins. */
  at = 0;
  private view = new DataView(this.bytes.buffer);
  private columns = 0;
  private forms = new Uint8Array(0);
  private sizes = new Uint8Array(0);
  /** Where values of several chunks begin in the row that is scanned. */
  private chunked: number[] = [];
  /** Bytes from `at` on that are known to be needed before scanning can go on. */
  private needed = 1;

  /** The columns of the rows that follow. */
  expect(columns: readonly WireColumn[]): void {
    this.columns = columns.length;
    this.forms = Uint8Array.from(columns, ({ form }) => FORM_CODES[form]);
    this.sizes = Uint8Array.from(columns, ({ size }) => size);
    this.rows = createScannedRows(columns.length);
    this.lend();
  }

  /** Copies the next bytes, of any number of packets. Only after 'hungry': the rows that lie in `rows` are gone then. */
  feed(chunk: Uint8Array): void {
    const left = this.rest;
    const total = left + chunk.length;
    const idle = this.bytes.length > LARGE_STORE && total < this.bytes.length >> 3;
    if (total > this.bytes.length || idle) this.move(Math.max(SMALL_STORE, idle ? total : total + (total >> 1)));
    else if (this.at > 0) this.bytes.copyWithin(0, this.at, this.end);
    this.bytes.set(chunk, left);
    this.at = 0;
    this.end = total;
  }

  /** No more bytes will come: what was kept back for a larger stretch is scanned now. */
  finish(): void {
    this.needed = 1;
  }

  /** Bytes that were fed and not scanned. */
  get rest(): number {
    return this.end - this.at;
  }

  /** Passes the token that 'token' told of. */
  skip(at: number): void {
    this.at = at;
  }

  /** The token at `at` is not complete: with fewer than `needed` bytes it need not be tried again. */
  starve(needed: number): void {
    this.needed = Math.max(needed, this.rest + 1);
  }

  /** Fills `rows` with at most `most` rows (and at most their capacity), and takes no further row after `mostBytes`. */
  scan(most: number, mostBytes = Number.POSITIVE_INFINITY): 'rows' | 'hungry' | 'token' {
    const { rows, bytes } = this;
    rows.count = 0;
    if (this.rest < this.needed) return 'hungry';
    this.needed = 1;
    const wanted = Math.min(most, rows.capacity);
    const limit = this.at + mostBytes;
    while (rows.count < wanted && (this.at < limit || rows.count === 0)) {
      if (this.at >= this.end) return this.pause();
      const token = bytes[this.at];
      if (token !== TOKEN_ROW && token !== TOKEN_NBCROW) return rows.count > 0 ? 'rows' : 'token';
      const end = token === TOKEN_ROW ? this.scanRow(this.at + 1, NO_BITMAP) : this.scanSparseRow(this.at + 1);
      if (end < 0) return this.pause();
      if (this.chunked.length > 0) this.joinChunks();
      this.at = end;
      rows.count++;
    }
    return 'rows';
  }

  private pause(): 'rows' | 'hungry' {
    // Rows that were scanned from these bytes are decoded before they go away.
    if (this.rows.count > 0) return 'rows';
    if (this.needed <= this.rest) this.needed = this.rest + 1;
    return 'hungry';
  }

  /** To memory of another size. */
  private move(bytes: number): void {
    const larger = new Uint8Array(bytes);
    larger.set(this.bytes.subarray(this.at, this.end));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
    this.lend();
  }

  private lend(): void {
    this.rows.bytes = this.bytes;
    this.rows.view = this.view;
  }

  /** Returns -1 when bytes are missing; `needed` is then set. */
  private missing(end: number): -1 {
    const row = end - this.at;
    // A long value whose length is not told is looked at again only when it has grown by an eighth.
    this.needed = row > LONG_ROW ? row + (row >> 3) : row;
    return -1;
  }

  /** A row whose NULLs are a bitmap before its fields. */
  private scanSparseRow(from: number): number {
    const end = from + ((this.columns + 7) >> 3);
    return end > this.end ? this.missing(end) : this.scanRow(end, from);
  }

  /** Returns where the row ends, or -1 when it is not complete. */
  private scanRow(from: number, bitmap: number): number {
    const { bytes, columns, forms, sizes, rows } = this;
    const { starts, lengths, capacity } = rows;
    const size = this.end;
    this.chunked.length = 0;
    let at = from;
    for (let column = 0, index = rows.count; column < columns; column++, index += capacity) {
      if (bitmap >= 0 && (((bytes[bitmap + (column >> 3)] as number) >> (column & 7)) & 1) === 1) {
        lengths[index] = -1;
        continue;
      }
      const form = forms[column] as number;
      let length = sizes[column] as number;
      if (form === BYTE) {
        if (at >= size) return this.missing(at + 1);
        length = bytes[at++] as number;
        if (length === 0) length = -1;
      } else if (form === SHORT) {
        if (at + 2 > size) return this.missing(at + 2);
        length = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
        at += 2;
        if (length === 0xffff) length = -1;
      } else if (form !== FIXED) {
        const next = form === CHUNKED ? this.scanChunked(at, index) : this.scanLong(at, index, form === POINTER);
        if (next < 0) return next;
        at = next;
        continue;
      }
      starts[index] = at;
      lengths[index] = length;
      if (length > 0) at += length;
      if (at > size) return this.missing(at);
    }
    return at;
  }

  /** sql_variant, and text, ntext and image with their pointers. */
  private scanLong(from: number, index: number, pointer: boolean): number {
    const { bytes, view, rows, end } = this;
    let at = from;
    if (pointer) {
      if (at >= end) return this.missing(at + 1);
      const pointerLength = bytes[at++] as number;
      if (pointerLength === 0) {
        rows.lengths[index] = -1;
        return at;
      }
      at += pointerLength + POINTER_TIMESTAMP;
    }
    if (at + 4 > end) return this.missing(at + 4);
    const length = view.getUint32(at, true);
    at += 4;
    if (at + length > end) return this.missing(at + length);
    rows.starts[index] = at;
    rows.lengths[index] = length === 0 && !pointer ? -1 : length;
    return at + length;
  }

  private scanChunked(from: number, index: number): number {
    const { view, rows, end } = this;
    if (from + 8 > end) return this.missing(from + 8);
    const low = view.getUint32(from, true);
    const high = view.getUint32(from + 4, true);
    let at = from + 8;
    if (high === PLP_UNTOLD_HIGH && low === PLP_NULL_LOW) {
      rows.lengths[index] = -1;
      return at;
    }
    const told = high === PLP_UNTOLD_HIGH ? null : high * 2 ** 32 + low;
    let total = 0;
    let chunks = 0;
    for (;;) {
      // With the length told, all of it is waited for at once.
      if (at + 4 > end) return this.missing(at + 4 + Math.max(0, (told ?? 0) - total));
      const length = view.getUint32(at, true);
      at += 4;
      if (length === 0) break;
      at += length;
      total += length;
      chunks++;
      if (at > end) return this.missing(at + Math.max(0, (told ?? 0) - total));
    }
    if (told !== null && told !== total) {
      throw new ProtocolBreach(`a value was told to have ${told} bytes and has ${total}`);
    }
    rows.starts[index] = from + 12;
    rows.lengths[index] = total;
    if (chunks > 1) this.chunked.push(from + 8);
    return at;
  }

  /** Moves the chunks of one value together, over the lengths between them; only when the row will not be looked at again. */
  private joinChunks(): void {
    const { bytes, view } = this;
    for (const from of this.chunked) {
      let to = from + 4 + view.getUint32(from, true);
      let at = to;
      for (let length = view.getUint32(at, true); length > 0; length = view.getUint32(at, true)) {
        const next = at + 4 + length;
        bytes.copyWithin(to, at + 4, next);
        to += length;
        at = next;
      }
    }
  }
}

const FIXED = 0;
const BYTE = 1;
const SHORT = 2;
const LONG = 3;
const CHUNKED = 4;
const POINTER = 5;
const FORM_CODES: Readonly<Record<LengthForm, number>> = {
  fixed: FIXED,
  byte: BYTE,
  short: SHORT,
  long: LONG,
  chunked: CHUNKED,
  pointer: POINTER,
};

const NO_BITMAP = -1;
const TOKEN_ROW = 0xd1;
const TOKEN_NBCROW = 0xd2;
/** Bytes of the timestamp that follows a text pointer. */
const POINTER_TIMESTAMP = 8;
const PLP_UNTOLD_HIGH = 0xffffffff;
const PLP_NULL_LOW = 0xffffffff;
const LONG_ROW = 1 << 20;
const SMALL_STORE = 256 * 1024;
const LARGE_STORE = 4 << 20;
