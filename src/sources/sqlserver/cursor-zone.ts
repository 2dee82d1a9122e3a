import type { CursorColumn } from '../../model/cursor.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { SqlServerConnection } from './connection.ts';
import { quoteText } from './quote.ts';
import { momentText, type UtcMoment } from './open-transactions.ts';

export interface Zone {
  readonly name: string;
  /** A moment of UTC (datetime2) as SQL, on the clock of the zone. */
  there(utc: string): string;
}

const OFFSET = /^([+-])(\d\d):?(\d\d)?$/;

/**
 * The zone that was asked for, or (null) the server's own, which GETDATE() and SYSDATETIME() are in: by its name from SQL Server 2022 on, before by its
 * present distance from UTC. Names are those of Windows (sys.time_zone_info). Throws CURSOR_ZONE.
 */
export async function cursorZone(connection: SqlServerConnection, wanted: string | null): Promise<Zone> {
  if (wanted === null) return ownZone(connection);
  const [, sign, hours, minutes = '00'] = OFFSET.exec(wanted) ?? [];
  if (/^(?:Z|UTC)$/i.test(wanted)) return distant(0, wanted);
  if (hours !== undefined) return distant((sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)), wanted);
  const zone = named(wanted);
  try {
    await connection.rows(`/* sqlextract:zone */ SELECT ${zone.there("'2020-01-01 00:00:00'")} AS there`);
    return zone;
  } catch (error) {
    if (connection.tedious.closed) throw error;
    throw unknown(wanted, error);
  }
}

async function ownZone(connection: SqlServerConnection): Promise<Zone> {
  const [row] = await connection.rows(
    '/* sqlextract:zone */ SELECT DATEDIFF(minute, SYSUTCDATETIME(), SYSDATETIME()) AS distance',
  );
  // To a quarter of an hour: the two clocks are read one after the other.
  const minutes = Math.round(Number(row?.['distance'] ?? 0) / 15) * 15;
  const id = await connection
    .rows('/* sqlextract:zone */ SELECT CURRENT_TIMEZONE_ID() AS id')
    .catch((error: unknown) => {
      if (connection.tedious.closed) throw error;
      return [];
    });
  const name = id[0]?.['id'];
  if (typeof name === 'string' && name !== '') return { ...named(name), name: `the server (${name})` };
  return distant(minutes, `the server (now ${minutes} minutes from UTC)`);
}

function distant(minutes: number, name: string): Zone {
  return { name, there: (utc) => `DATEADD(minute, ${minutes}, CONVERT(datetime2(7), ${utc}, 121))` };
}

function named(name: string): Zone {
  const zone = quoteText(name);
  const there = (utc: string) =>
    `CONVERT(datetime2(7), CONVERT(datetime2(7), ${utc}, 121) AT TIME ZONE 'UTC' AT TIME ZONE ${zone})`;
  return { name, there };
}

function unknown(zone: string, cause: unknown): SqlextractError {
  return new SqlextractError(
    {
      code: 'CURSOR_ZONE',
      message: `the server knows no time zone ${JSON.stringify(zone)}`,
      hint: 'name one of sys.time_zone_info, for example W. Europe Standard Time, or an offset east of Greenwich: +02:00',
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

/** Clocks are set back by two hours at the most, at a quarter of an hour. */
const QUARTER_MS = 15 * 60_000;
const QUARTERS_AHEAD = 9;

/**
 * The largest value of the column's type that no row stamped at the moment or later lies below. Without an offset the clock on the wall is meant, and
 * it may be set back after the moment: the least that it will ever show from then on.
 */
export async function flooredMoment(
  connection: SqlServerConnection,
  column: CursorColumn,
  moment: UtcMoment,
  zone: Zone,
): Promise<Floored> {
  if (column.nativeType.startsWith('datetimeoffset')) return { value: `${cut(column, moment)} +00:00`, setBack: false };
  const moments = [moment, ...quartersAfter(moment)];
  const cells = moments.map((utc, at) => `CONVERT(varchar(33), ${zone.there(`'${utc}'`)}, 121) AS m${at}`);
  const [row] = await connection.rows(`/* sqlextract:zone */ SELECT ${cells.join(', ')}`);
  const there = moments.map((_, at) => momentText(row?.[`m${at}`]));
  const value = cut(column, there.toSorted()[0] as string);
  return { value, setBack: value < cut(column, there[0] as string) };
}

function quartersAfter(moment: UtcMoment): readonly string[] {
  const milliseconds = Date.parse(`${moment.slice(0, 19).replace(' ', 'T')}Z`);
  const next = (Math.floor(milliseconds / QUARTER_MS) + 1) * QUARTER_MS;
  return Array.from({ length: QUARTERS_AHEAD }, (_, at) =>
    new Date(next + at * QUARTER_MS).toISOString().slice(0, 23).replace('T', ' '),
  );
}

/** Of a text with seven digits of a second. smalldatetime is rounded to minutes, half up. */
function cut({ kind, nativeType }: CursorColumn, moment: string): string {
  if (kind === 'date') return moment.slice(0, 10);
  if (nativeType === 'smalldatetime') return `${moment.slice(0, 16)}:00`;
  const digits = Number(/\((\d)\)/.exec(nativeType)?.[1] ?? 3);
  return moment.slice(0, digits === 0 ? 19 : 20 + digits);
}
