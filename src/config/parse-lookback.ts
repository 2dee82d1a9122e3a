import type { Lookback } from '../model/cursor.ts';
import { refused, type ValuePlace } from './value-place.ts';

const UNITS: ReadonlyMap<string, Lookback['unit']> = new Map([
  ['', null],
  ...['s', 'sec', 'second'].map((name) => [name, 'second'] as const),
  ...['m', 'min', 'minute'].map((name) => [name, 'minute'] as const),
  ...['h', 'hour'].map((name) => [name, 'hour'] as const),
  ...['d', 'day'].map((name) => [name, 'day'] as const),
]);

const WEEK_DAYS = 7n;
const EXAMPLES = '"3 hours", "7 days", 30m, or 500 for a number';

/** `3 hours`, `7 days`, `2 weeks`, `30m`; a number alone is one of the cursor's own. Throws USAGE_LOOKBACK. */
export function parseLookback(text: string, place: ValuePlace): Lookback {
  const match = /^(\d{1,18})\s*([a-z]*)$/i.exec(text.trim());
  const [, digits = '', word = ''] = match ?? [];
  const unit = word.toLowerCase().replace(/(?<=..)s$/, '');
  const amount = digits === '' ? 0n : BigInt(digits);
  if (match !== null && amount > 0n) {
    if (unit === 'w' || unit === 'week') return { amount: String(amount * WEEK_DAYS), unit: 'day' };
    const known = UNITS.get(unit);
    if (known !== undefined) return { amount: String(amount), unit: known };
  }
  throw refused('USAGE_LOOKBACK', place, text, 'this is no stretch of time or numbers', EXAMPLES);
}
