import { Client } from 'pg';
import { postgresDriver } from '../../../src/sources/postgres/index.ts';
import { quoteName } from '../../../src/sources/postgres/quote.ts';
import type { CursorFixture, CursorType, OpenWriter } from '../../conformance/cursor-fixture.ts';
import { type FreshDatabase, freshDatabase } from '../../support/postgres-server.ts';
import { configOf } from './postgres-fixture.ts';

const TYPES: Readonly<Record<CursorType, string>> = {
  moment: 'timestamp',
  day: 'date',
  integer: 'bigint',
  text: 'text',
  float: 'double precision',
};

export async function postgresCursorFixture(): Promise<CursorFixture & { readonly database: FreshDatabase }> {
  const database = await freshDatabase('cursors');
  const execute = async (sql: string) => void (await database.client.query(sql));
  return {
    database,
    driver: postgresDriver,
    config: configOf(database),
    quote: quoteName,
    manyWriters: true,
    now: 'clock_timestamp()',
    execute,
    begin: () => beginTransaction(database.url),
    async createTable({ name, cursor }) {
      const column = quoteName(cursor.name);
      const notNull = cursor.notNull === true ? ' NOT NULL' : '';
      await execute(
        `CREATE TABLE ${quoteName(name)} (id bigint PRIMARY KEY, ${column} ${TYPES[cursor.type]}${notNull}, note text NOT NULL DEFAULT '');
         CREATE INDEX ON ${quoteName(name)} (${column})`,
      );
      return { schema: 'public', name };
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

export async function beginTransaction(url: string): Promise<OpenWriter> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('BEGIN');
  return {
    execute: async (sql) => void (await client.query(sql)),
    async commit() {
      await client.query('COMMIT');
      await client.end();
    },
  };
}
