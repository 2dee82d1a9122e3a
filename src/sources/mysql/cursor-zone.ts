import type { Connection } from 'mysql2';
import type { CursorColumn } from '../../model/cursor.ts';
import { SqlextractError } from '../../model/problem.ts';
import { isTimestamp, secondDigits } from './cursor-column.ts';
import { queryRow } from './query-rows.ts';
import { quoteText } from './quote.ts';
import type { UtcMoment } from './open-transactions.ts';

/** A zone as CONVERT_TZ takes it, and for people. */
export interface Zone {
  readonly sql: string;
  readonly name: string;
}

/**
 * The zone that was asked for, or (null) the one that sessions of the server begin in; ours is pinned to UTC. Throws CURSOR_ZONE: names are
 * known to servers that have the tables of `mysql_tzinfo_to_sql` (https://dev.mysql.com/doc/refman/8.4/en/time-zone-support.html).
 */
export async function cursorZone(connection: Connection, wanted: string | null): Promise<Zone> {
  const sql = wanted === null ? '@@GLOBAL.time_zone' : quoteText(/^(?:Z|UTC)$/i.test(wanted) ? '+00:00' : wanted);
  const [there, global, system] = await queryRow(
    connection,
    `SELECT CONVERT_TZ(TIMESTAMP'2020-01-01 00:00:00', '+00:00', ${sql}), @@GLOBAL.time_zone, @@GLOBAL.system_time_zone`,
  );
  if (there === null || there === undefined) throw unknown(wanted ?? global ?? '');
  const own = global === 'SYSTEM' ? `the server (${system})` : `the server (${global})`;
  return { sql, name: wanted ?? own };
}

function unknown(zone: string): SqlextractError {
  return new SqlextractError({
    code: 'CURSOR_ZONE',
    message: `the server knows no time zone ${JSON.stringify(zone)}`,
    hint: 'give an offset east of Greenwich, for example +02:00; names are known when mysql_tzinfo_to_sql has filled the tables of the server',
    fault: 'usage',
  });
}

export interface Floored {
  /** The server's text, of the column's type. */
  readonly value: string;
  /** The zone's clock is about to be set back, and the value lies where it will be set to. */
  readonly setBack: boolean;
}

/** Clocks are set back by two hours at the most, at a quarter of an hour. */
const QUARTER_MS = 15 * 60_000;
const QUARTERS_AHEAD = 9;

/**
 * The largest value of the column's type that no row stamped at the moment or later lies below.
 *
 * - A finer moment is cut off by CURRENT_TIMESTAMP, and rounded half up where NOW(6) is stored: never below the moment that is cut off.
 * - DATETIME and DATE are on a clock on the wall, which may be set back after the moment: the least that it will ever show from then on. While
 *   an hour comes twice, both of its readings wait for the second.
 */
export async function flooredMoment(
  connection: Connection,
  column: CursorColumn,
  moment: UtcMoment,
  zone: Zone,
): Promise<Floored> {
  if (isTimestamp(column)) return { value: cut(column, moment), setBack: false };
  const there = (utc: string): string => `CONVERT_TZ(TIMESTAMP'${utc}', '+00:00', ${zone.sql})`;
  const ahead = quartersAfter(moment).map(there);
  const format = (sql: string): string => `DATE_FORMAT(${sql}, '%Y-%m-%d %H:%i:%s.%f')`;
  const [now, least] = await queryRow(
    connection,
    `SELECT ${format(there(moment))}, ${format(`LEAST(${[there(moment), ...ahead].join(', ')})`)}`,
  );
  if (typeof now !== 'string' || typeof least !== 'string') throw unknown(zone.name);
  const value = cut(column, least);
  return { value, setBack: value < cut(column, now) };
}

function quartersAfter(moment: UtcMoment): readonly string[] {
  const milliseconds = Date.parse(`${moment.slice(0, 19).replace(' ', 'T')}Z`);
  const next = (Math.floor(milliseconds / QUARTER_MS) + 1) * QUARTER_MS;
  return Array.from({ length: QUARTERS_AHEAD }, (_, at) =>
    new Date(next + at * QUARTER_MS).toISOString().slice(0, 23).replace('T', ' '),
  );
}

/** Of a text with six digits of a second. */
function cut(column: CursorColumn, moment: string): string {
  if (column.kind === 'date') return moment.slice(0, 10);
  const digits = secondDigits(column);
  return moment.slice(0, digits === 0 ? 19 : 20 + digits);
}
