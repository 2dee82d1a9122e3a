import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withoutNul } from '../../src/load/without-nul.ts';

test('only the bytes that are 0 go, however the bytes are cut into pieces', async () => {
  const piece = fc.uint8Array({ maxLength: 12, max: 3 });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
      const source = async function* () {
        yield* pieces;
      };
      const left: Uint8Array[] = [];
      for await (const bytes of withoutNul(source())) left.push(Buffer.from(bytes));
      expect(left.every(({ length }) => length > 0)).toBe(true);
      const expected = Buffer.concat(pieces).filter((byte) => byte !== 0);
      expect(Buffer.concat(left)).toEqual(Buffer.from(expected));
    }),
  );
});
