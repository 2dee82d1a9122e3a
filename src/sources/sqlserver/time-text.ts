import { ProtocolBreach } from '../scanned-rows.ts';

const FIRST_DAY = -719_162;
const LAST_DAY = 2_932_896;

/** `yyyy-mm-dd` of a day counted from 1970-01-01, by the proleptic Gregorian calendar, years 0001 to 9999. */
export function dateText(days: number): string {
  if (days < FIRST_DAY || days > LAST_DAY)
    throw new ProtocolBreach('the server sent a day outside the years 0001 to 9999');
  return new Date(days * 86_400_000).toISOString().slice(0, 10);
}

/** `hh:mm:ss` and as many digits as the scale has; `units` are 10^-scale seconds. */
export function timeText(units: number, scale: number): string {
  const perSecond = 10 ** scale;
  const seconds = Math.floor(units / perSecond);
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return scale === 0 ? clock : `${clock}.${String(units % perSecond).padStart(scale, '0')}`;
}

/** `yyyy-mm-dd hh:mm:ss.fff…`; a count beyond midnight goes on to the next day, a negative one to the day before. */
export function timestampText(days: number, units: number, scale: number): string {
  const perDay = 86_400 * 10 ** scale;
  const shift = Math.floor(units / perDay);
  return `${dateText(days + shift)} ${timeText(units - shift * perDay, scale)}`;
}

/** `+05:30`. */
export function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
