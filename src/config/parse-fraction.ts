import { refused, type ValueParser } from './value-place.ts';

/** A parser of numbers from 0 to 1; `code` is the error's: USAGE_MAX_DELETE_FRACTION. */
export function fractionParser(code: string, examples: string): ValueParser<number> {
  return (text, place) => {
    if (!/^\d+(?:\.\d+)?$/.test(text)) throw refused(code, place, text, 'this is not a number from 0 to 1', examples);
    const fraction = Number(text);
    if (fraction <= 1) return fraction;
    throw refused(code, place, text, 'the largest possible value is 1, which is all rows', examples);
  };
}
