import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeFully } from '../../src/sinks/write-fully.ts';

describe('writeFully', () => {
  it('loses no byte, however few the kernel takes at a time', () => {
    const bites = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bites, (bytes, sizes) => {
        const taken: number[] = [];
        let calls = 0;
        writeFully((rest) => {
          const size = Math.min(rest.byteLength, sizes[calls % sizes.length] ?? 1);
          calls += 1;
          taken.push(...rest.subarray(0, size));
          return size;
        }, bytes);
        expect(taken).toEqual([...bytes]);
      }),
    );
  });

  it('gives up on a kernel that takes nothing, and passes its error on', () => {
    expect(() => writeFully(() => 0, Buffer.from('abc'))).toThrow('took none');
    let calls = 0;
    const full = (rest: Uint8Array): number => {
      calls += 1;
      if (calls === 2) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      return rest.byteLength - 1;
    };
    expect(() => writeFully(full, Buffer.from('abc'))).toThrow('no space');
    expect(calls).toBe(2);
  });
});
