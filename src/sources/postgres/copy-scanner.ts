import { createScannedRows, ProtocolBreach, type ScannedRows } from '../scanned-rows.ts';

/**
 * Finds the fields of the rows in the messages of `COPY … TO STDOUT (FORMAT binary)`, straight in the bytes of the socket.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html, https://www.postgresql.org/docs/current/sql-copy.html (binary format)
 *
 *          feed             scan
 *   empty ──────▶ loaded ──────▶ 'rows'   rows.count rows lie in `rows`; scan again
 *     ▲             │  └───────▶ 'ended'  CopyDone or an error message was met; `rest()` is for the driver
 *     └─────────────┘ 'hungry'            a message is not complete: its beginning is kept, feed again
 */
export class CopyScanner {
  readonly rows: ScannedRows;
  private readonly columns: number;
  private chunk: Uint8Array<ArrayBuffer> = EMPTY;
  private view = new DataView(EMPTY.buffer);
  private at = 0;
  /** The message that straddles two chunks, or its first bytes as long as its length is not known. */
  private partial: Uint8Array<ArrayBuffer> = EMPTY;
  private filled = 0;
  /** What follows in the chunk that completed `partial`. */
  private waiting: Uint8Array<ArrayBuffer> = EMPTY;
  private scannedBytes = 0;
  private headerSeen = false;
  private trailerSeen = false;

  constructor(columns: number) {
    this.columns = columns;
    this.rows = createScannedRows(columns);
  }

  /** Takes the next bytes; the scanner keeps them until they are scanned. Only after 'hungry'. */
  feed(chunk: Uint8Array<ArrayBuffer>): void {
    let used = 0;
    while (this.partial.length > 0 && this.filled < this.partial.length && used < chunk.length) {
      const taken = Math.min(this.partial.length - this.filled, chunk.length - used);
      this.partial.set(chunk.subarray(used, used + taken), this.filled);
      this.filled += taken;
      used += taken;
      if (this.filled === HEAD) this.growPartial();
    }
    if (this.partial.length === 0) this.load(chunk);
    else if (this.filled === this.partial.length) {
      this.load(this.partial);
      this.partial = EMPTY;
      this.waiting = chunk.subarray(used);
    }
  }

  /** Fills `rows` with at most `most` rows (and at most their capacity), and takes no further row after `mostBytes`. */
  scan(most: number, mostBytes = Number.POSITIVE_INFINITY): 'rows' | 'hungry' | 'ended' {
    const { rows } = this;
    rows.count = 0;
    this.scannedBytes = 0;
    const wanted = Math.min(most, rows.capacity);
    while (rows.count < wanted && (this.scannedBytes < mostBytes || rows.count === 0)) {
      const message = this.nextMessage();
      if (message === 'hungry' && rows.count === 0 && this.waiting.length > 0) {
        this.load(this.waiting);
        this.waiting = EMPTY;
      } else if (message !== 'data') {
        return rows.count > 0 ? 'rows' : message;
      }
    }
    return 'rows';
  }

  /** The bytes from the next message on, which are the driver's again. An error message is among them, CopyDone is not. */
  rest(): Uint8Array<ArrayBuffer> {
    if (this.partial.length > 0) return this.partial.subarray(0, this.filled);
    if (this.waiting.length === 0) return this.chunk.subarray(this.at);
    return new Uint8Array(Buffer.concat([this.chunk.subarray(this.at), this.waiting]));
  }

  /** True when the server sent the end mark of the format, which it does only after the last row. */
  get complete(): boolean {
    return this.trailerSeen;
  }

  private load(chunk: Uint8Array<ArrayBuffer>): void {
    this.chunk = chunk;
    this.view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.rows.bytes = chunk;
    this.rows.view = this.view;
    this.at = 0;
  }

  /** Takes one message. 'hungry' and 'ended' leave it where it is, so that the rows before it can be given out first. */
  private nextMessage(): 'data' | 'hungry' | 'ended' {
    const { at, chunk } = this;
    const left = chunk.length - at;
    const end = left < HEAD ? Number.POSITIVE_INFINITY : at + 1 + this.view.getInt32(at + 1);
    if (end > chunk.length) {
      // Rows that were scanned from this chunk are decoded before its bytes go away.
      if (this.rows.count === 0 && this.waiting.length === 0 && left > 0) this.keepPartial(left, end - at);
      return 'hungry';
    }
    const code = chunk[at];
    if (code === CODE_ERROR) return 'ended';
    if (code === CODE_COPY_DONE) {
      if (this.rows.count === 0) this.at = end;
      return 'ended';
    }
    if (end < at + HEAD) throw new ProtocolBreach('the server sent a message of a negative length');
    if (code === CODE_COPY_DATA) {
      this.takeRows(at + HEAD, end);
      this.scannedBytes += end - at;
    }
    this.at = end;
    return 'data';
  }

  private keepPartial(left: number, length: number): void {
    this.partial = new Uint8Array(Number.isFinite(length) ? length : HEAD);
    this.partial.set(this.chunk.subarray(this.at));
    this.filled = left;
    this.load(EMPTY);
  }

  /** The first five bytes are there: the length of the message is known. */
  private growPartial(): void {
    const length = 1 + new DataView(this.partial.buffer).getInt32(1);
    if (length <= this.partial.length) return;
    const whole = new Uint8Array(length);
    whole.set(this.partial.subarray(0, this.filled));
    this.partial = whole;
  }

  /** One CopyData message: always one row (the protocol says so); the first has the file header before it, the last is the trailer. */
  private takeRows(from: number, end: number): void {
    const { view, rows } = this;
    let at = this.headerSeen ? from : this.takeHeader(from, end);
    if (at === end) return;
    const fields = view.getInt16(at);
    at += 2;
    if (fields === -1) {
      this.trailerSeen = true;
      return;
    }
    if (fields !== this.columns) throw new ProtocolBreach(`a row has ${fields} fields instead of ${this.columns}`);
    const { starts, lengths, capacity, count } = rows;
    for (let column = 0, index = count; column < fields; column++, index += capacity) {
      if (at + 4 > end) throw new ProtocolBreach('a row ends within a field');
      const length = view.getInt32(at);
      at += 4;
      starts[index] = at;
      lengths[index] = length;
      if (length > 0) at += length;
    }
    if (at !== end) throw new ProtocolBreach('a COPY message does not hold exactly one row');
    rows.count = count + 1;
  }

  private takeHeader(from: number, end: number): number {
    for (let i = 0; i < SIGNATURE.length; i++) {
      if (this.chunk[from + i] !== SIGNATURE[i]) throw new ProtocolBreach('the answer is not COPY binary');
    }
    if (this.view.getInt32(from + 11) !== 0) throw new ProtocolBreach('the COPY header has unknown flags');
    this.headerSeen = true;
    return Math.min(end, from + 19 + this.view.getInt32(from + 15));
  }
}

const EMPTY = new Uint8Array(0);
/** One byte of code, four of length; the length counts itself. */
const HEAD = 5;
const CODE_COPY_DATA = 0x64;
const CODE_COPY_DONE = 0x63;
const CODE_ERROR = 0x45;
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
