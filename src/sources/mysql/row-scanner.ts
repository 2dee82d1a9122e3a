import { type LastPacket, parseLast } from './last-packet.ts';
import { CONTINUED, HEADER, lengthOf, PacketAssembly } from './packet-assembly.ts';
import { createScannedRows, ProtocolBreach, type ScannedRows } from '../scanned-rows.ts';

/**
 * Finds the cells of the rows in the answer to COM_QUERY (text protocol), straight in the bytes of the socket.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset.html, https://mariadb.com/kb/en/result-set-packets/
 *
 *          feed             scan
 *   empty ──────▶ loaded ──────▶ 'rows'   rows.count rows lie in `rows`; scan again
 *     ▲             │  └───────▶ 'ended'  the last packet was met, see `last`
 *     └─────────────┘ 'hungry'            a packet is not complete: its beginning is kept, feed again
 *
 * Packets, each numbered one above the one before it (modulo 256):
 *
 *   header ──▶ definition × columns ──▶ EOF (not with CLIENT_DEPRECATE_EOF) ──▶ row × n ──▶ EOF or OK
 *     └───────────────┴──────────────────────────────────────────────────────────┴───────▶ ERR
 */
export class RowScanner {
  readonly rows: ScannedRows;
  /** What ended the answer; null before. */
  last: LastPacket | null = null;
  /** Rows found since the beginning. */
  found = 0;
  private readonly columns: number;
  private readonly deprecateEof: boolean;
  private chunk: Uint8Array<ArrayBuffer> = EMPTY;
  private at = 0;
  /** Packets of the protocol that the chunk is put together from; 0 when it is as it came from the socket. */
  private assembledParts = 0;
  private readonly assembly = new PacketAssembly();
  /** What follows in the chunk that completed an assembled packet. */
  private waiting: Uint8Array<ArrayBuffer> = EMPTY;
  private sequence = 1;
  /** Packets to come before the first row. */
  private preamble: number;

  constructor(columns: number, deprecateEof: boolean) {
    this.columns = columns;
    this.deprecateEof = deprecateEof;
    this.preamble = 1 + columns + (deprecateEof ? 0 : 1);
    this.rows = createScannedRows(columns);
  }

  /** Takes the next bytes; the scanner keeps them until they are scanned. Only after 'hungry'. */
  feed(chunk: Uint8Array<ArrayBuffer>): void {
    if (!this.assembly.busy) this.load(chunk);
    else this.loadAssembled(chunk, this.assembly.take(chunk, 0));
  }

  /** Fills `rows` with at most `most` rows (and at most their capacity), and takes no further row after `mostBytes`. */
  scan(most: number, mostBytes = Number.POSITIVE_INFINITY): 'rows' | 'hungry' | 'ended' {
    const { rows } = this;
    rows.count = 0;
    const wanted = Math.min(most, rows.capacity);
    while (this.last === null) {
      this.takeRows(wanted, mostBytes);
      if (rows.count > 0) {
        this.found += rows.count;
        return 'rows';
      }
      if (this.at < this.chunk.length) this.takeOther();
      else if (this.waiting.length > 0) this.load(this.waiting);
      else return 'hungry';
    }
    return 'ended';
  }

  private load(chunk: Uint8Array<ArrayBuffer>, parts = 0): void {
    this.chunk = chunk;
    this.rows.bytes = chunk;
    this.rows.view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.at = 0;
    this.assembledParts = parts;
    if (parts === 0) this.waiting = EMPTY;
  }

  private loadAssembled(chunk: Uint8Array<ArrayBuffer>, used: number): void {
    if (!this.assembly.complete) {
      this.load(EMPTY);
      return;
    }
    this.load(this.assembly.finish(), this.assembly.parts);
    this.waiting = chunk.subarray(used);
  }

  /** Takes whole row packets as long as there are any, and leaves what is none to `takeOther`. */
  private takeRows(wanted: number, mostBytes: number): void {
    const { chunk, rows } = this;
    if (this.preamble > 0) return;
    const stop = this.at + mostBytes;
    while (rows.count < wanted && (this.at < stop || rows.count === 0)) {
      const { at } = this;
      if (at + HEADER >= chunk.length) return;
      const length = lengthOf(chunk, at);
      const end = this.assembledParts > 0 ? chunk.length : at + HEADER + length;
      const first = chunk[at + HEADER] as number;
      if (end > chunk.length || first === ERROR || (first === LONGEST && length < CONTINUED)) return;
      if (length === CONTINUED && this.assembledParts === 0) return;
      this.count(at);
      this.takeRow(at + HEADER, end);
      this.at = end;
    }
  }

  /** At a packet that is no row, or not complete. */
  private takeOther(): void {
    const { at, chunk } = this;
    const left = chunk.length - at;
    const length = left < HEADER ? CONTINUED : lengthOf(chunk, at);
    if (this.assembledParts === 0 && (length === CONTINUED || at + HEADER + length > chunk.length)) {
      this.loadAssembled(chunk, this.assembly.begin(chunk, at));
      return;
    }
    const payload = chunk.subarray(at + HEADER, this.assembledParts > 0 ? chunk.length : at + HEADER + length);
    this.at += HEADER + payload.length;
    if (payload.length === 0) throw new ProtocolBreach('the server sent an empty packet');
    // The server may send an error (that it shuts down) out of order.
    if (payload[0] !== ERROR) this.count(at);
    if (payload[0] === ERROR || this.preamble === 0) this.last = parseLast(payload, this.deprecateEof);
    else this.takePreamble(payload);
  }

  private takePreamble(payload: Uint8Array<ArrayBuffer>): void {
    const isHeader = this.preamble === 1 + this.columns + (this.deprecateEof ? 0 : 1);
    if (isHeader) checkHeader(payload, this.columns);
    this.preamble--;
    const isEof = payload[0] === LONGEST && payload.length < 9;
    if (this.preamble === 0 && !this.deprecateEof && !isEof) {
      throw new ProtocolBreach('the column definitions do not end with EOF');
    }
  }

  private count(at: number): void {
    if (this.chunk[at + 3] !== this.sequence) throw new ProtocolBreach('the packets of an answer are not in order');
    this.sequence = (this.sequence + Math.max(1, this.assembledParts)) & 0xff;
  }

  /** One length-encoded text a column, or 0xfb for NULL. What lies outside of the packet makes `at` miss its end. */
  private takeRow(from: number, end: number): void {
    const { chunk, columns } = this;
    const { starts, lengths, capacity, count } = this.rows;
    let at = from;
    for (let column = 0, cell = count; column < columns; column++, cell += capacity) {
      let length = chunk[at++] as number;
      if (length >= NULL) {
        if (length === NULL) {
          starts[cell] = at;
          lengths[cell] = -1;
          continue;
        }
        const width = length === LONG_2 ? 2 : length === LONG_3 ? 3 : 8;
        length = this.longLength(at, width);
        at += width;
      }
      starts[cell] = at;
      lengths[cell] = length;
      at += length;
    }
    if (at !== end) throw new ProtocolBreach(`a row packet does not hold exactly ${columns} columns`);
    this.rows.count = count + 1;
  }

  private longLength(at: number, width: 2 | 3 | 8): number {
    if (at + width > this.chunk.length) throw new ProtocolBreach('a row ends within a length');
    const { view } = this.rows;
    if (width === 2) return view.getUint16(at, true);
    if (width === 3) return view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
  }
}

function checkHeader(payload: Uint8Array, columns: number): void {
  const first = payload[0] as number;
  if (first === 0x00) throw new ProtocolBreach('the statement gave no rows at all');
  if (first === NULL) throw new ProtocolBreach('the server asks for a local file');
  const count = first < NULL ? first : first === LONG_2 ? (payload[1] as number) | ((payload[2] as number) << 8) : -1;
  if (count !== columns) throw new ProtocolBreach(`the answer has ${count} columns instead of ${columns}`);
}

const EMPTY = new Uint8Array(0);
const NULL = 0xfb;
const LONG_2 = 0xfc;
const LONG_3 = 0xfd;
/** Before eight bytes of length, so only in packets of 16 MB and more; elsewhere it begins EOF. */
const LONGEST = 0xfe;
const ERROR = 0xff;
