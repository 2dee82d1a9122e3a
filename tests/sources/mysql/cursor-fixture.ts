import { mysqlDriver } from '../../../src/sources/mysql/index.ts';
import type { CursorFixture, CursorType, OpenWriter } from '../../conformance/cursor-fixture.ts';
import { connectMariadb, type FreshMariadb, freshMariadb, startOwnMariadb } from '../../support/mariadb-server.ts';
import { configOf, quote } from './mysql-fixture.ts';

const TYPES: Readonly<Record<CursorType, string>> = {
  moment: 'datetime(6)',
  day: 'date',
  integer: 'bigint',
  text: 'varchar(190)',
  float: 'double',
};

export interface MysqlCursorFixture extends CursorFixture {
  readonly database: FreshMariadb;
}

/**
 * A server of its own: a window ends where the oldest statement of any session began.
 *
 * @param zone of the server's sessions
 */
export async function mysqlCursorFixture(zone = '+00:00'): Promise<MysqlCursorFixture> {
  const server = await startOwnMariadb({ 'default-time-zone': zone });
  const database = await freshMariadb('cursors', server.url);
  const execute = async (sql: string) => void (await database.client.query(sql));
  return {
    database,
    driver: mysqlDriver,
    config: configOf(database),
    quote,
    manyWriters: true,
    now: 'NOW(6)',
    execute,
    begin: () => beginTransaction(database.url),
    async createTable({ name, cursor }) {
      const column = quote(cursor.name);
      await execute(
        `CREATE TABLE ${quote(name)} (id bigint PRIMARY KEY, ${column} ${TYPES[cursor.type]} ${cursor.notNull === true ? 'NOT NULL' : 'NULL'},
           note varchar(100) NOT NULL DEFAULT '', INDEX (${column}))`,
      );
      return { schema: database.name, name };
    },
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

export async function beginTransaction(url: string): Promise<OpenWriter> {
  const client = await connectMariadb(url);
  await client.query('START TRANSACTION');
  return {
    execute: async (sql) => void (await client.query(sql)),
    async commit() {
      await client.query('COMMIT');
      await client.end();
    },
  };
}
