import { describe, expect, it } from 'vitest';
import { parseDouble } from '../../../src/sources/mysql/decode-floats.ts';

/** The parser against JavaScript's own, which rounds correctly (ECMA-262, Number(string)). */

let seed = 7;
const below = (limit: number): number => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * limit);
};
const digits = (count: number): string => Array.from({ length: count }, () => below(10)).join('');

function parse(text: string): number {
  const bytes = new Uint8Array(Buffer.from(`xx${text}99`));
  return parseDouble(bytes, 2, text.length);
}

function differences(texts: readonly string[]): readonly string[] {
  return texts.filter((text) => !Object.is(parse(text), Number(text)));
}

describe('parseDouble', () => {
  it('equals Number of the same text, for 1 to 20 digits with a point anywhere', () => {
    const texts = Array.from({ length: 300_000 }, () => {
      const whole = digits(1 + below(18));
      const text =
        below(4) === 0
          ? whole
          : `${whole.slice(0, 1 + below(whole.length))}.${'0'.repeat(below(4))}${digits(1 + below(17))}`;
      return below(2) === 0 ? text : `-${text}`;
    });
    expect(differences(texts)).toEqual([]);
  });

  it('equals Number for numbers half way between two doubles, and beside them', () => {
    const texts = Array.from({ length: 50_000 }, () => {
      // 2^53 to 2^56: the spacing is 2, 4 or 8, so that such an integer can lie exactly between.
      const power = 1 + below(3);
      const even = BigInt(2 ** 52 + below(2 ** 30) * 4) * 2n ** BigInt(power);
      return String(even + 2n ** BigInt(power - 1) + BigInt(below(3) - 1));
    });
    expect(differences(texts)).toEqual([]);
    expect(differences(texts.map((text) => `${text.slice(0, 9)}.${text.slice(9)}`))).toEqual([]);
  });

  it('equals Number for what the server writes of random doubles', () => {
    const texts = Array.from({ length: 300_000 }, () =>
      String((below(2 ** 32) / 2 ** 32 + below(2 ** 32) / 2 ** 64) * 10 ** below(18)),
    );
    expect(differences(texts)).toEqual([]);
  });

  it.each([
    '0',
    '-0',
    '0.0',
    '1e22',
    '1e-7',
    '1.7976931348623157e308',
    '5e-324',
    '000012.50',
    '0.000001',
    '.5',
    '5.',
    '123456789012345680',
  ])('reads %s', (text) => {
    expect(parse(text)).toBe(Number(text));
  });
});
