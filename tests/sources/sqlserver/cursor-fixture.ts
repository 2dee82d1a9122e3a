import { setTimeout } from 'node:timers/promises';
import { connect } from '../../../src/sources/sqlserver/connect.ts';
import type { SqlServerConnection } from '../../../src/sources/sqlserver/connection.ts';
import { sqlServerDriver } from '../../../src/sources/sqlserver/index.ts';
import { quoteName } from '../../../src/sources/sqlserver/quote.ts';
import type { CursorFixture, CursorType, OpenWriter } from '../../conformance/cursor-fixture.ts';
import { configFor, type FreshSqlServerDatabase, freshSqlServerDatabase } from '../../support/sqlserver-server.ts';

const TYPES: Readonly<Record<CursorType, string>> = {
  moment: 'datetime2(6)',
  day: 'date',
  integer: 'bigint',
  text: 'nvarchar(190)',
  float: 'float',
};

/** The bound stays behind the clock by the length of its tick. */
const TICK_MS = 40;

/** A database of its own, on a server whose clock is in UTC. */
export async function sqlServerCursorFixture(): Promise<CursorFixture & { readonly database: FreshSqlServerDatabase }> {
  const database = await freshSqlServerDatabase('cursors');
  // A case that must fail leaves its transaction open, and the database in use.
  const writers: SqlServerConnection[] = [];
  return {
    database,
    driver: sqlServerDriver,
    config: configFor(database.url),
    quote: quoteName,
    manyWriters: true,
    now: 'SYSDATETIME()',
    async execute(sql) {
      await database.run(sql);
      await setTimeout(TICK_MS);
    },
    begin: () => beginTransaction(database.url, writers),
    async createTable({ name, cursor }) {
      const column = quoteName(cursor.name);
      await database.run(
        `CREATE TABLE ${quoteName(name)} (id bigint PRIMARY KEY, ${column} ${TYPES[cursor.type]} ${cursor.notNull === true ? 'NOT NULL' : 'NULL'},
           note nvarchar(100) NOT NULL DEFAULT ''); CREATE INDEX ix ON ${quoteName(name)} (${column})`,
      );
      return { schema: 'dbo', name };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(writers.map((writer) => writer.close()));
      await database[Symbol.asyncDispose]();
    },
  };
}

async function beginTransaction(url: string, writers: SqlServerConnection[]): Promise<OpenWriter> {
  const connection = await connect(configFor(url), 'sqlextract tests');
  writers.push(connection);
  await connection.rows('BEGIN TRANSACTION');
  return {
    execute: async (sql) => void (await connection.rows(sql)),
    async commit() {
      await connection.rows('COMMIT');
      await connection.close();
    },
  };
}
