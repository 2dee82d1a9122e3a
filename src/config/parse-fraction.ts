import { refused, type ValueParser } from './value-place.ts';

/** A part of a whole, 0 to 1: `0.1`. `code` is the error's. */
export function fractionParser(code: string, examples: string): ValueParser<number> {
  return (text, place) => {
    if (!/^\d+(?:\.\d+)?$/.test(text)) throw refused(code, place, text, 'this is not a number from 0 to 1', examples);
    const fraction = Number(text);
    if (fraction > 1) throw refused(code, place, text, 'the largest possible value is 1', examples);
    return fraction;
  };
}
