import type { CellKind, ShopTable } from './shop-tables.ts';

/** Words of a server, for who writes and for who reads. Sessions are at UTC. */
export interface Dialect {
  /** What stamps a row by the server's own clock; null: left to the column's own default. */
  readonly stamps: readonly (string | null)[];
  /** Without a zone. */
  readonly seconds: readonly string[];
  /** A clock of the application, which knows whole seconds only. */
  readonly applicationStamp: string;
  /** A moment that lies up to three seconds back. */
  late(milliseconds: number): string;
  cell(column: string, kind: CellKind): string;
}

const PLAIN = "'YYYY-MM-DD HH24:MI:SS.US'";

export const POSTGRES: Dialect = {
  stamps: ['now()', 'clock_timestamp()', 'statement_timestamp()', null],
  seconds: ['localtimestamp', "date_trunc('second', localtimestamp)", 'clock_timestamp()::timestamp'],
  applicationStamp: "date_trunc('second', clock_timestamp())",
  late: (milliseconds) => `now() - INTERVAL '${milliseconds} milliseconds'`,
  cell: (column, kind) => (kind === 'moment' ? `to_char(${column}::timestamp, ${PLAIN})` : `${column}::text`),
};

export const MARIADB: Dialect = {
  stamps: ['NOW(6)', 'CURRENT_TIMESTAMP(6)', null],
  seconds: ['NOW()', 'CURRENT_TIMESTAMP'],
  applicationStamp: 'NOW(0)',
  late: (milliseconds) => `NOW(6) - INTERVAL ${milliseconds * 1000} MICROSECOND`,
  cell: (column, kind) =>
    kind === 'moment' ? `DATE_FORMAT(${column}, '%Y-%m-%d %H:%i:%s.%f')` : `CAST(${column} AS CHAR)`,
};

export const DUCKDB: Pick<Dialect, 'cell'> = {
  cell: (column, kind) =>
    kind === 'moment' ? `strftime(CAST(${column} AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f')` : `CAST(${column} AS VARCHAR)`,
};

/** One text a row. */
export function rowsQuery({ cell }: Pick<Dialect, 'cell'>, { columns }: ShopTable, from: string): string {
  const cells = columns.map(([name, kind]) => `coalesce(${cell(name, kind)}, 'NULL')`);
  return `SELECT concat_ws('|', ${cells.join(', ')}) AS t FROM ${from}`;
}
