import { refused, type ValueParser } from './value-place.ts';

/** A parser of whole numbers from `least` (1) to `max`; `code` is the error's: USAGE_WORKERS. */
export function countParser(code: string, max: number, examples: string, least = 1): ValueParser<number> {
  return (text, place) => {
    if (!/^\d+$/.test(text)) throw refused(code, place, text, 'this is not a whole number', examples);
    const count = Number(text);
    if (count < least) throw refused(code, place, text, `the smallest possible value is ${least}`, examples);
    if (count > max) throw refused(code, place, text, `the largest possible value is ${max}`, examples);
    return count;
  };
}
