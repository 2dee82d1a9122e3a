import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { inPackets } from '../../src/load/loaders/mysql-packets.ts';

test.each<[number, number[]]>([
  [1000, [5, 0, 2048]],
  [7, [7, 14, 1]],
])('pieces of at most %i bytes are the same bytes', async (most, lengths) => {
  const given = lengths.map((length, index) => Buffer.alloc(length, index + 1));
  const pieces: Uint8Array[] = [];
  for await (const piece of inPackets(Readable.from(given), most)) pieces.push(piece);
  expect(Math.max(...pieces.map((piece) => piece.length))).toBe(most);
  expect(Buffer.concat(pieces)).toEqual(Buffer.concat(given));
});
