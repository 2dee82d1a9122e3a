import type pg from 'pg';
import { SqlextractError } from '../../model/problem.ts';
import { quoteLiteral } from './quote.ts';
import type { NativeType } from './types.ts';
import type { UtcMoment } from './open-transactions.ts';

/** A zone as SQL behind AT TIME ZONE, and for people. */
export interface Zone {
  readonly sql: string;
  readonly name: string;
}

/** `+02:00`: as a text the server would read it the other way round, as POSIX does (two hours west). */
const OFFSET = /^([+-]\d{2}):?(\d{2})?$/;

/**
 * The zone that was asked for, or (null) the one that sessions of this database begin in when neither they nor their role say otherwise; ours is
 * pinned to UTC. Throws CURSOR_ZONE.
 */
export async function cursorZone(client: pg.Client, wanted: string | null): Promise<Zone> {
  if (wanted === null) {
    const name = await databaseZone(client);
    return { sql: quoteLiteral(name), name };
  }
  const offset = OFFSET.exec(wanted);
  if (offset !== null) return { sql: `INTERVAL '${offset[1]}:${offset[2] ?? '00'}'`, name: wanted };
  // `UTC+3` is three hours west of it.
  if (/[+-]\d/.test(wanted) && !wanted.startsWith('Etc/')) throw unknown(wanted);
  try {
    await client.query(`SELECT pg_catalog.now() AT TIME ZONE ${quoteLiteral(wanted)}`);
    return { sql: quoteLiteral(wanted), name: wanted };
  } catch (error) {
    if ((error as { code?: unknown }).code === '22023') throw unknown(wanted, error);
    throw error;
  }
}

/** ALTER DATABASE, then ALTER ROLE ALL, then what this session would have without pinning. */
async function databaseZone(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ zone: string }>(`
    SELECT coalesce(
      (SELECT pg_catalog.substr(s.setting, 10) FROM pg_catalog.pg_db_role_setting d
         LEFT JOIN pg_catalog.pg_database b ON b.oid = d.setdatabase
         CROSS JOIN LATERAL unnest(d.setconfig) AS s(setting)
       WHERE d.setrole = 0 AND (d.setdatabase = 0 OR b.datname = pg_catalog.current_database())
         AND pg_catalog.lower(s.setting) LIKE 'timezone=%' ORDER BY d.setdatabase = 0 LIMIT 1),
      (SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'TimeZone')) AS zone`);
  return rows[0]?.zone ?? 'UTC';
}

function unknown(zone: string, cause?: unknown): SqlextractError {
  return new SqlextractError(
    {
      code: 'CURSOR_ZONE',
      message: `the server knows no time zone ${JSON.stringify(zone)}`,
      hint: 'name one of pg_timezone_names, for example Europe/Berlin, or an offset east of Greenwich: +02:00',
      fault: 'usage',
    },
    cause,
  );
}

export interface Floored {
  /** The server's text, of the column's type. */
  readonly value: string;
  /** The zone's clock is about to be set back, and the value lies where it will be set to. */
  readonly setBack: boolean;
}

/** How far ahead clocks that go back are looked for, and at which steps they do. */
const AHEAD = { stretch: '25 hours', step: '15 minutes' };

/**
 * The largest value of the column's type that no row stamped at the moment or later lies below.
 *
 * - A finer moment is rounded by the server when it is stored, half up: never below the moment floored to the column's precision.
 * - Without a zone the clock on the wall is meant, and it may be set back after the moment: the least that it will ever show from then on. While
 *   an hour comes twice, both of its readings wait for the second.
 */
export async function flooredMoment(
  client: pg.Client,
  type: NativeType,
  moment: UtcMoment,
  zone: Zone,
): Promise<Floored> {
  const instant = `(${quoteLiteral(`${moment}+00`)}::pg_catalog.timestamptz)`;
  if (type.name === 'timestamptz') {
    const { rows } = await client.query<{ value: string }>(
      `SELECT (${toPrecision(instant, type.typmod)})::pg_catalog.text AS value`,
    );
    return { value: rows[0]?.value ?? '', setBack: false };
  }
  const ahead = `pg_catalog.generate_series(pg_catalog.date_trunc('hour', ${instant}), ${instant} + INTERVAL '${AHEAD.stretch}', INTERVAL '${AHEAD.step}')`;
  const floor = (time: string) =>
    type.name === 'date' ? `${time}::pg_catalog.date` : `(${toPrecision(time, type.typmod)})`;
  const { rows } = await client.query<{ value: string; set_back: string }>(
    `SELECT ${floor('w.least')}::pg_catalog.text AS value, ${floor('w.least')} < ${floor('w.now')} AS set_back FROM (
       SELECT ${instant} AT TIME ZONE ${zone.sql} AS now,
         least(${instant} AT TIME ZONE ${zone.sql}, (SELECT pg_catalog.min(a.moment AT TIME ZONE ${zone.sql}) FROM ${ahead} AS a(moment) WHERE a.moment > ${instant})) AS least
     ) w`,
  );
  return { value: rows[0]?.value ?? '', setBack: rows[0]?.set_back === 't' };
}

/** typmod is the number of digits; -1: all six. */
function toPrecision(moment: string, typmod: number): string {
  const step = 10n ** BigInt(6 - (typmod < 0 ? 6 : Math.min(typmod, 6)));
  if (step === 1n) return moment;
  return `${moment} - (extract(microseconds FROM ${moment})::pg_catalog.int8 % ${step}) * INTERVAL '1 microsecond'`;
}
