import { refused, type ValuePlace } from './value-place.ts';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]);

const EXAMPLES = '15m, 1h30m, 90s or 0';
/** The longest that a Node timer can wait. */
const LONGEST = 2_147_483_647;

/** `15m`, `1h30m`, `90s`, `500ms`, `2d` or `0`, as milliseconds; every unit at most once, largest first. Throws USAGE_DURATION. */
export function parseDuration(text: string, place: ValuePlace): number {
  if (text === '0') return 0;
  const match = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (match === null || text === '') throw refused('USAGE_DURATION', place, text, durationReason(text), EXAMPLES);
  const milliseconds = [...UNITS.values()].reduce(
    (sum, factor, index) => sum + Number(match[index + 1] ?? 0) * factor,
    0,
  );
  if (milliseconds > LONGEST) throw refused('USAGE_DURATION', place, text, 'at most 24 days are possible', EXAMPLES);
  return milliseconds;
}

function durationReason(text: string): string {
  return /^\d+$/.test(text) ? 'the unit is missing' : 'this is not a duration';
}
