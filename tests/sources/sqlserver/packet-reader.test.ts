import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecyclingSocket } from '../../../src/sources/recycling-socket.ts';
import { PacketReader } from '../../../src/sources/sqlserver/packet-reader.ts';

const bytes = (most: number) => fc.uint8Array({ maxLength: most }).map((array) => Buffer.from(array));

function packet(payload: Buffer, last: boolean): Buffer {
  const header = Buffer.from([4, last ? 1 : 0, 0, 0, 0, 51, 7, 0]);
  header.writeUInt16BE(8 + payload.length, 2);
  return Buffer.concat([header, payload]);
}

/** What comes in one read of the socket, in memory that is spoilt when it was given back. */
function arrivals(stream: Buffer, cuts: readonly number[]): Buffer<ArrayBuffer>[] {
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length])].sort((a, b) => a - b);
  return edges.slice(1).map((to, at) => {
    const memory = Buffer.alloc(128 * 1024);
    return memory.subarray(0, stream.copy(memory, 0, edges[at], to));
  });
}

it('takes the payload of every packet, wherever they are cut, and leaves the driver two empty ones and what follows', () => {
  const answer = fc.record({
    payloads: fc.array(bytes(40), { minLength: 1, maxLength: 8 }),
    after: bytes(20),
    cuts: fc.array(fc.nat(), { maxLength: 12 }),
    drainAt: fc.nat(3),
  });
  fc.assert(
    fc.property(answer, ({ payloads, after, cuts, drainAt }) => {
      const socket = new RecyclingSocket();
      const toDriver: Buffer[] = [];
      const given: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => toDriver.push(Buffer.from(chunk)));
      const reader = new PacketReader(socket, () => undefined);
      const drain = (): void => {
        while (reader.drain((chunk) => given.push(Buffer.from(chunk))) > 0);
      };
      const packets = payloads.map((payload, at) => packet(payload, at === payloads.length - 1));
      arrivals(Buffer.concat([...packets, after]), cuts).forEach((chunk, at) => {
        if (socket.reader === null) socket.emit('data', chunk);
        else socket.reader(chunk);
        if (at % (drainAt + 1) === 0) drain();
      });
      drain();
      expect(reader.ended).toBe(true);
      expect(Buffer.concat(given)).toEqual(Buffer.concat(payloads));
      const empty = (last: boolean): Buffer => packet(Buffer.alloc(0), last);
      expect(Buffer.concat(toDriver)).toEqual(Buffer.concat([empty(false), empty(true), after]));
    }),
    { numRuns: 500 },
  );
});

it('holds the server back when nobody takes what came', () => {
  const socket = new RecyclingSocket();
  const reader = new PacketReader(socket, () => undefined);
  const full = packet(Buffer.alloc(60_000), false);
  while (!socket.isPaused()) for (const chunk of arrivals(full, [])) socket.reader?.(chunk);
  while (reader.drain(() => undefined) > 0);
  expect([socket.isPaused(), reader.ended]).toEqual([false, false]);
});

it('leaves a packet that is none to the driver', () => {
  const socket = new RecyclingSocket();
  const toDriver: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => toDriver.push(chunk));
  const reader = new PacketReader(socket, () => undefined);
  const [chunk] = arrivals(Buffer.from([4, 0, 0, 3, 0, 0, 0, 0]), []);
  socket.reader?.(chunk as Buffer<ArrayBuffer>);
  expect([socket.reader, reader.ended, Buffer.concat(toDriver).toString('hex')]).toEqual([
    null,
    true,
    '0400000300000000',
  ]);
});
