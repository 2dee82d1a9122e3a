/** MS-TDS 2.2.3.1: type, status, length with the header (big-endian), spid, packet number, window. */
export const HEADER = 8;
const LAST = 0x01;

export const PACKET = {
  batch: 0x01,
  rpc: 0x03,
  answer: 0x04,
  attention: 0x06,
  transaction: 0x0e,
  login: 0x10,
  prelogin: 0x12,
} as const;

export interface ClientMessage {
  readonly type: number;
  readonly body: Buffer;
}

/** Puts the packets of a client together to messages. */
export class MessageReader {
  private rest: Buffer = Buffer.alloc(0);
  private parts: Buffer[] = [];

  take(bytes: Buffer): readonly ClientMessage[] {
    this.rest = Buffer.concat([this.rest, bytes]);
    const messages: ClientMessage[] = [];
    while (this.rest.length >= HEADER) {
      const length = this.rest.readUInt16BE(2);
      if (this.rest.length < length) break;
      const packet = this.rest.subarray(0, length);
      this.rest = this.rest.subarray(length);
      this.parts.push(packet.subarray(HEADER));
      if (((packet[1] as number) & LAST) === 0) continue;
      messages.push({ type: packet[0] as number, body: Buffer.concat(this.parts) });
      this.parts = [];
    }
    return messages;
  }
}

/** One packet of an answer; `body` is at most the packet size without the header. */
export function answerPacket(body: Buffer, last: boolean): Buffer {
  const packet = Buffer.alloc(HEADER + body.length);
  packet[0] = PACKET.answer;
  packet[1] = last ? LAST : 0;
  packet.writeUInt16BE(packet.length, 2);
  body.copy(packet, HEADER);
  return packet;
}
