import type { Connection } from 'tedious';
import { RecyclingSocket } from '../recycling-socket.ts';
import type { AnswerBytes, DriverIo } from './answer-bytes.ts';

/** Above this many waiting bytes the socket is paused: the server then fills the kernel's buffers and waits. */
const MOST_WAITING = 1024 * 1024;

/**
 * Takes the packets of one answer from the socket (MS-TDS 2.2.3: a header of eight bytes, its length in bytes 2 and 3, the last packet of a
 * message with bit 0 of byte 1), in the place of the driver, which makes five objects a packet and a buffer a read. The driver is told of an
 * answer that has two packets, both of them empty.
 *
 *   constructor ──▶ before ──first header──▶ within ──last packet, or leave()──▶ ended
 *                              driver: empty packet     driver: empty last packet, then whatever follows
 */
export class PacketReader implements AnswerBytes {
  private readonly socket: RecyclingSocket;
  private readonly wake: () => void;
  private readonly waiting: Piece[] = [];
  private waitingBytes = 0;
  private paused = false;
  private readonly header = Buffer.alloc(HEADER);
  private headerBytes = 0;
  /** Of the packet at hand, still to come. */
  private payload = 0;
  private begun = false;
  private isLast = false;
  private left = false;

  constructor(socket: RecyclingSocket, wake: () => void) {
    this.socket = socket;
    this.wake = wake;
    socket.reader = this.receive;
  }

  get ended(): boolean {
    return this.left && this.waiting.length === 0;
  }

  drain(take: (bytes: Uint8Array) => void): number {
    const piece = this.waiting.shift();
    if (piece === undefined) return 0;
    let bytes = 0;
    for (const [from, to] of piece.parts) {
      take(piece.bytes.subarray(from, to));
      bytes += to - from;
    }
    this.waitingBytes -= piece.bytes.length;
    this.socket.giveBack(piece.bytes);
    if (this.paused && this.waitingBytes < MOST_WAITING / 2) this.setPaused(false);
    return bytes;
  }

  /** Gives the socket back to the driver: at the end of the answer, or when the driver ended the statement before. */
  leave(): void {
    if (this.left) return;
    this.left = true;
    this.socket.reader = null;
    this.setPaused(false);
  }

  private readonly receive = (bytes: Buffer<ArrayBuffer>): void => {
    const parts: [number, number][] = [];
    let at = 0;
    while (at < bytes.length && !this.left)
      at = this.payload > 0 ? this.takePayload(bytes, at, parts) : this.takeHeader(bytes, at);
    const rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : null;
    if (parts.length === 0) this.socket.giveBack(bytes);
    else {
      this.waiting.push({ bytes, parts });
      this.waitingBytes += bytes.length;
      if (!this.left && this.waitingBytes > MOST_WAITING) this.setPaused(true);
    }
    if (rest !== null) this.socket.emit('data', rest);
    this.wake();
  };

  private takeHeader(bytes: Buffer, from: number): number {
    const to = Math.min(bytes.length, from + HEADER - this.headerBytes);
    bytes.copy(this.header, this.headerBytes, from, to);
    this.headerBytes += to - from;
    if (this.headerBytes < HEADER) return to;
    this.headerBytes = 0;
    this.payload = this.header.readUInt16BE(LENGTH_AT) - HEADER;
    this.isLast = ((this.header[STATUS_AT] as number) & LAST) !== 0;
    if (this.payload < 0) return this.refuse(bytes, to);
    if (!this.begun) this.tellDriver(0);
    this.begun = true;
    if (this.payload === 0 && this.isLast) this.end();
    return to;
  }

  private takePayload(bytes: Buffer, from: number, parts: [number, number][]): number {
    const to = Math.min(bytes.length, from + this.payload);
    parts.push([from, to]);
    this.payload -= to - from;
    if (this.payload === 0 && this.isLast) this.end();
    return to;
  }

  private end(): void {
    this.leave();
    this.tellDriver(LAST);
  }

  /** No packet is so short: the driver is given it, refuses it, and ends the connection. */
  private refuse(bytes: Buffer, to: number): number {
    this.leave();
    this.socket.emit('data', Buffer.from(this.header));
    return Math.min(to, bytes.length);
  }

  private tellDriver(status: number): void {
    const empty = Buffer.from(this.header);
    empty[STATUS_AT] = status;
    empty.writeUInt16BE(HEADER, LENGTH_AT);
    this.socket.emit('data', empty);
  }

  private setPaused(paused: boolean): void {
    if (this.paused === paused) return;
    this.paused = paused;
    if (paused) this.socket.pause();
    else this.socket.resume();
  }
}

/** Straight from the socket, to be opened before the statement is sent; null when that is encrypted or not ours. */
export function packetsOf(connection: Connection, wake: () => void): PacketReader | null {
  const { messageIo } = connection as unknown as { readonly messageIo?: DriverIo };
  if (messageIo === undefined || messageIo.securePair !== undefined) return null;
  const { socket } = messageIo;
  return socket instanceof RecyclingSocket ? new PacketReader(socket, wake) : null;
}

/** What one read of the socket brought, and where in it the payloads lie. */
interface Piece {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly parts: readonly (readonly [number, number])[];
}

const HEADER = 8;
const STATUS_AT = 1;
const LENGTH_AT = 2;
const LAST = 1;
