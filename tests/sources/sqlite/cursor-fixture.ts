import { DatabaseSync } from 'node:sqlite';
import { sqliteDriver } from '../../../src/sources/sqlite/index.ts';
import type { CursorFixture, CursorType } from '../../conformance/cursor-fixture.ts';
import { quote, SqliteFile } from './sqlite-fixture.ts';

const TYPES: Readonly<Record<CursorType, string>> = {
  moment: 'DATETIME',
  day: 'DATE',
  integer: 'INTEGER',
  text: 'TEXT',
  float: 'REAL',
};

export async function sqliteCursorFixture(): Promise<CursorFixture & { readonly file: SqliteFile }> {
  const file = await SqliteFile.create();
  file.writer.exec('PRAGMA journal_mode = WAL');
  return {
    file,
    driver: sqliteDriver,
    config: file.config,
    quote,
    manyWriters: false,
    now: "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'",
    execute: async (sql) => file.writer.exec(sql),
    async begin() {
      const writer = new DatabaseSync(file.path, { timeout: 5000 });
      writer.exec('BEGIN');
      return {
        execute: async (sql) => writer.exec(sql),
        async commit() {
          writer.exec('COMMIT');
          writer.close();
        },
      };
    },
    async createTable({ name, cursor }) {
      const column = quote(cursor.name);
      const notNull = cursor.notNull === true ? ' NOT NULL' : '';
      file.writer.exec(
        `CREATE TABLE ${quote(name)} (id INTEGER PRIMARY KEY, ${column} ${TYPES[cursor.type]}${notNull}, note TEXT NOT NULL DEFAULT '');
         CREATE INDEX ${quote(`${name}_by`)} ON ${quote(name)} (${column})`,
      );
      return { schema: '', name };
    },
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}
