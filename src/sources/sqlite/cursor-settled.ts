import { statSync } from 'node:fs';
import type { CursorColumn } from '../../model/cursor.ts';
import { momentForm } from './cursor-moments.ts';
import { type Connection, firstRow } from './query.ts';

/** A moment of any zone that is older than this is over everywhere. */
const ANY_ZONE_MS = 26 * 3_600_000;
/** CURRENT_TIMESTAMP has whole seconds; file systems keep times nearly as coarsely. */
const QUIET_MS = 2000;

/**
 * Whether nobody will stamp another row, or the same row again, with the largest value there is: a row that was delivered can change within
 * the same second and keep its stamp. Settled are values that are over in every zone, and moments of whole seconds or finer when nothing was written
 * to the file for two of them. Numbers are moments when they are near the clock as seconds, milliseconds or microseconds of 1970.
 */
export function isSettled(connection: Connection, column: CursorColumn, largest: string): boolean {
  const now = Date.now();
  const form = momentForm(largest);
  if (form === null) return column.kind !== 'integer' || !isEpoch(largest, now) || isQuiet(connection.path, now);
  const day = firstRow(connection, `SELECT CAST(strftime('%s', '${largest.slice(0, 10)}') AS INTEGER)`)?.[0];
  if (typeof day === 'bigint' && Number(day) * 1000 + 86_400_000 < now - ANY_ZONE_MS) return true;
  return form.separator !== null && isQuiet(connection.path, now);
}

function isEpoch(digits: string, now: number): boolean {
  return [1000, 1, 1 / 1000].some((factor) => Math.abs(Number(digits) * factor - now) < ANY_ZONE_MS);
}

/** A time that lies ahead, by a clock that was set back, is no sign of quiet. */
function isQuiet(path: string, now: number): boolean {
  const written = [path, `${path}-wal`].map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return Math.max(...written) < now - QUIET_MS;
}
