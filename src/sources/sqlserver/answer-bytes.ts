import type { Readable } from 'node:stream';
import type { Connection } from 'tedious';

/** The bytes of one answer, without the headers of its packets. */
export interface AnswerBytes {
  /** Gives what has come to `take`, which must not keep it. The number of bytes; 0 when there are none now. */
  drain(take: (bytes: Uint8Array) => void): number;
  /** Nothing will come any more. */
  readonly ended: boolean;
}

/** The message that the driver puts together. */
export function messageBytes(connection: Connection, message: Readable, wake: () => void): AnswerBytes {
  const { messageIo } = connection as unknown as { readonly messageIo: DriverIo };
  const packetBytes = messageIo.packetSize() - PACKET_HEADER;
  message.on('readable', wake);
  message.on('end', wake);
  return {
    drain(take) {
      const packet = onePacket(message, packetBytes);
      if (packet !== null) take(packet);
      return packet?.length ?? 0;
    },
    get ended() {
      return message.readableEnded;
    },
  };
}

/** All packets of a message but the last are of one size: asked for so much, the stream gives one as it is, and copies nothing together. */
function onePacket(message: Readable, bytes: number): Uint8Array | null {
  return (message.readableLength > bytes ? message.read(bytes) : message.read()) as Uint8Array | null;
}

const PACKET_HEADER = 8;

/** The parts of tedious that its types leave out (lib/message-io.js). */
export interface DriverIo {
  readonly socket: unknown;
  readonly securePair?: unknown;
  packetSize(): number;
}
