import { ProtocolBreach } from '../scanned-rows.ts';

/** A payload of this length goes on in the next packet. */
export const CONTINUED = 0xffffff;
/** Three bytes of length (lowest first), one of sequence number. */
export const HEADER = 4;

/**
 * Puts together one packet that lies in several chunks, or a row of 16 MB and more that lies in several packets.
 *
 *   idle ──begin──▶ header ──4 bytes──▶ payload ──all of it──▶ complete ──finish──▶ idle
 *                     ▲                    │
 *                     └── it was 0xffffff ─┘
 */
export class PacketAssembly {
  busy = false;
  complete = false;
  /** How many packets of the protocol it is. */
  parts = 0;
  /** The header of the first part, then the payload of all. */
  private bytes: Uint8Array<ArrayBuffer> = EMPTY;
  private filled = 0;
  private readonly header = new Uint8Array(HEADER);
  private headerFilled = 0;
  private payloadLeft = 0;

  /** Starts with the packet that begins at `from`; returns where the rest of the chunk begins. */
  begin(chunk: Uint8Array<ArrayBuffer>, from: number): number {
    this.busy = true;
    this.complete = false;
    this.parts = 0;
    this.filled = 0;
    this.headerFilled = 0;
    return this.take(chunk, from);
  }

  /** Takes bytes until the packet is complete; returns where the rest of the chunk begins. */
  take(chunk: Uint8Array<ArrayBuffer>, from: number): number {
    let at = from;
    while (at < chunk.length && !this.complete) {
      if (this.headerFilled < HEADER) {
        this.header[this.headerFilled++] = chunk[at++] as number;
        if (this.headerFilled === HEADER) this.openPart();
      } else {
        const taken = Math.min(this.payloadLeft, chunk.length - at);
        this.bytes.set(chunk.subarray(at, at + taken), this.filled);
        this.filled += taken;
        this.payloadLeft -= taken;
        at += taken;
        if (this.payloadLeft === 0) this.closePart();
      }
    }
    return at;
  }

  /** The complete packet; the next may begin. The bytes are used again by it unless they are many. */
  finish(): Uint8Array<ArrayBuffer> {
    const packet = this.bytes.subarray(0, this.filled);
    if (this.bytes.length > MOST_KEPT) this.bytes = EMPTY;
    this.busy = false;
    return packet;
  }

  private openPart(): void {
    const { header } = this;
    if (this.parts === 0) {
      this.reserve(HEADER);
      this.bytes.set(header);
      this.filled = HEADER;
    } else if (header[3] !== (((this.bytes[3] as number) + this.parts) & 0xff)) {
      throw new ProtocolBreach('the packets of a long row are not in order');
    }
    this.parts++;
    this.payloadLeft = lengthOf(header, 0);
    this.reserve(this.payloadLeft);
    if (this.payloadLeft === 0) this.closePart();
  }

  private closePart(): void {
    this.complete = lengthOf(this.header, 0) !== CONTINUED;
    this.headerFilled = 0;
  }

  private reserve(more: number): void {
    const needed = this.filled + more;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(this.parts > 1 ? Math.max(needed, this.bytes.length * 2) : needed);
    larger.set(this.bytes.subarray(0, this.filled));
    this.bytes = larger;
  }
}

/** The length of the payload behind a header. */
export function lengthOf(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
}

const EMPTY = new Uint8Array(0);
/** Bytes of a packet whose memory is kept for the next one. */
const MOST_KEPT = 4 << 20;
