import { refused, type ValuePlace } from '../config/value-place.ts';

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `90m`, `12h`, `7d` or `4w`, as milliseconds. Unlike a duration that is waited for it may be years. Throws USAGE_AGE. */
export function parseAge(text: string, place: ValuePlace): number {
  const match = /^(\d{1,6})([mhdw])$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  if (match === null || unit === undefined)
    throw refused('USAGE_AGE', place, text, 'this is not an age', '7d, 12h or 4w');
  return Number(match[1]) * unit;
}
