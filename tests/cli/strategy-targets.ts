import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DuckDBInstance } from '@duckdb/node-api';
import type { FreshMariadb } from '../support/mariadb-server.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { FLAVOR_FLAGS } from '../support/mysql-flavor.ts';

/** A target of the strategies' tests, asked by its own client. */
export interface StrategyTarget {
  readonly name: 'duckdb' | 'sqlite' | 'postgres' | 'mysql';
  readonly url: string;
  readonly flags: readonly string[];
  execute(sql: string): Promise<void>;
  /** `id|note|moment` of each row, sorted. */
  rows(table: string): Promise<readonly string[]>;
}

const POSTGRES_MOMENT = "to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')";

export async function postgresRows({ client }: FreshDatabase, table: string): Promise<readonly string[]> {
  const text = `SELECT concat_ws('|', id, note, ${POSTGRES_MOMENT}) AS t FROM ${table}`;
  return (await client.query<{ t: string }>(text)).rows.map(({ t }) => t).toSorted();
}

export function strategyTargets(
  folder: string,
  postgres: FreshDatabase,
  mariadb: FreshMariadb,
): readonly StrategyTarget[] {
  const duckdb = join(folder, 'target.duckdb');
  const sqlite = join(folder, 'target.sqlite');
  return [
    {
      name: 'duckdb',
      url: duckdb,
      flags: [],
      execute: async (sql) => void (await inDuckdb(duckdb, sql)),
      rows: async (table) => {
        const moment = "strftime(timezone('UTC', updated_at), '%Y-%m-%d %H:%M:%S.%f')";
        return (await inDuckdb(duckdb, `SELECT concat_ws('|', id, note, ${moment}) FROM ${table}`)).toSorted();
      },
    },
    {
      name: 'sqlite',
      url: sqlite,
      flags: ['--schema', 'main'],
      execute: async (sql) => void inSqlite(sqlite, sql),
      rows: async (table) => {
        const moment = "replace(substr(updated_at, 1, 26), 'T', ' ')";
        return inSqlite(sqlite, `SELECT id || coalesce('|' || note, '') || '|' || ${moment} AS t FROM ${table}`);
      },
    },
    {
      name: 'postgres',
      url: postgres.url,
      flags: [],
      execute: async (sql) => void (await postgres.client.query(sql)),
      rows: async (table) => postgresRows(postgres, table),
    },
    {
      name: 'mysql',
      url: mariadb.url,
      flags: FLAVOR_FLAGS,
      execute: async (sql) => void (await mariadb.client.query(sql)),
      rows: async (table) => {
        const moment = "DATE_FORMAT(updated_at, '%Y-%m-%d %H:%i:%s.%f')";
        const [rows] = await mariadb.client.query(`SELECT CONCAT_WS('|', id, note, ${moment}) AS t FROM ${table}`);
        return (rows as unknown as { t: string }[]).map(({ t }) => t).toSorted();
      },
    },
  ];
}

async function inDuckdb(path: string, sql: string): Promise<readonly string[]> {
  const instance = await DuckDBInstance.create(path, { threads: '1' });
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRows().map(([text]) => String(text));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function inSqlite(path: string, sql: string): readonly string[] {
  const database = new DatabaseSync(path);
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => String(row['t']))
      .toSorted();
  } finally {
    database.close();
  }
}
