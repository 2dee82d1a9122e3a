import { refused, type ValuePlace } from './value-place.ts';

/** Decimal units count in thousands, the ones with `i` in 1024s; a letter alone is the decimal unit. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ...(['k', 'm', 'g', 't'] as const).flatMap((letter, power): [string, number][] => [
    [letter, 1000 ** (power + 1)],
    [`${letter}b`, 1000 ** (power + 1)],
    [`${letter}ib`, 1024 ** (power + 1)],
  ]),
]);

const EXAMPLES = '100MB, 1GB, 64KiB or 5000000 (bytes)';

/** `100MB`, `1.5GB`, `64KiB`, `5000000` as bytes, in any case; at least 1 byte. Throws USAGE_SIZE. */
export function parseSize(text: string, place: ValuePlace): number {
  const match = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text);
  if (match === null) throw refused('USAGE_SIZE', place, text, 'this is not a size', EXAMPLES);
  const [, digits = '', unit = ''] = match;
  const factor = UNITS.get(unit.toLowerCase());
  if (factor === undefined) throw refused('USAGE_SIZE', place, text, `there is no unit ${unit}`, EXAMPLES);
  const bytes = Math.round(Number(digits) * factor);
  if (bytes < 1) throw refused('USAGE_SIZE', place, text, 'a size is at least one byte', EXAMPLES);
  if (!Number.isSafeInteger(bytes)) throw refused('USAGE_SIZE', place, text, 'this size is too large', EXAMPLES);
  return bytes;
}
