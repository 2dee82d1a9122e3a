import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { RowDataPacket } from 'mysql2/promise';
import type { ColumnSchema } from '../../src/model/table.ts';
import { newFolder } from '../engine/extract-case.ts';
import { freshMariadb } from '../support/mariadb-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { freshSqlServerDatabase } from '../support/sqlserver-server.ts';

/* The Chinook sample database as its authors publish it, in a database of its own of each kind of server. */

export interface Chinook extends AsyncDisposable {
  readonly url: string;
  /** Every row as one text: the server's own text of each cell, joined by `rowText`. */
  rows(table: string, columns: readonly ColumnSchema[]): Promise<readonly string[]>;
}

export const rowText = (cells: readonly (string | null)[]) => cells.map((cell) => cell ?? '∅').join('|');
/** Without the statements that make and enter a database: there is one already. */
function inside(script: string, others: RegExp): string {
  return script.replace(/^\uFEFF/, '').replaceAll(others, '');
}

export async function chinookOfPostgres(script: string): Promise<Chinook> {
  const database = await freshDatabase('chinook');
  await database.client.query(inside(script, /^(?:DROP DATABASE|CREATE DATABASE|\\c) .*$/gm));
  return {
    url: database.url,
    async rows(table, columns) {
      const cells = columns.map(({ name }) => `"${name}"::text`).join(', ');
      const found = await database.client.query({ text: `SELECT ${cells} FROM ${table}`, rowMode: 'array' });
      return (found.rows as (string | null)[][]).map(rowText);
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** `serverUrl` left out: the server that the tests share. */
export async function chinookOfMariadb(script: string, serverUrl?: string): Promise<Chinook> {
  const database = await freshMariadb('chinook', serverUrl);
  await database.client.query(inside(script, /^(?:DROP DATABASE|CREATE DATABASE|USE) .*$/gm));
  return {
    url: database.url,
    async rows(table, columns) {
      const cells = columns.map(({ name }) => `CAST(\`${name}\` AS CHAR)`).join(', ');
      const [rows] = await database.client.query<RowDataPacket[][]>({
        sql: `SELECT ${cells} FROM ${table
          .split('.')
          .map((part) => `\`${part}\``)
          .join('.')}`,
        rowsAsArray: true,
      });
      return (rows as unknown as (string | null)[][]).map(rowText);
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

export async function chinookOfSqlite(file: Uint8Array): Promise<Chinook> {
  const path = join(newFolder(), 'chinook.sqlite');
  writeFileSync(path, file);
  const database = new DatabaseSync(path, { readOnly: true });
  return {
    url: path,
    async rows(table, columns) {
      const cells = columns.map(({ name, type }) => {
        const text = type.kind === 'decimal' ? `printf('%.${type.scale}f', "${name}")` : `CAST("${name}" AS TEXT)`;
        return `iif("${name}" IS NULL, NULL, ${text})`;
      });
      const statement = database.prepare(`SELECT ${cells.join(', ')} FROM "${table}"`);
      statement.setReturnArrays(true);
      return (statement.all() as unknown as (string | null)[][]).map(rowText);
    },
    async [Symbol.asyncDispose]() {
      database.close();
    },
  };
}

export async function chinookOfSqlServer(script: string): Promise<Chinook> {
  const database = await freshSqlServerDatabase('chinook');
  const text = inside(script, /^(?:CREATE DATABASE|USE) .*$/gm);
  const batches = text.slice(text.indexOf('Create Tables')).split(/^GO\s*$/m);
  for (const [index, batch] of batches.entries()) {
    // The first begins in the middle of the comment that names it.
    const sql = index === 0 ? batch.slice(batch.indexOf('CREATE TABLE')) : batch;
    if (sql.trim() !== '') await database.run(sql);
  }
  return {
    url: database.url,
    async rows(table, columns) {
      const cells = columns.map(({ name, type }, index) => {
        const text =
          type.kind === 'timestamp' ? `CONVERT(nvarchar(40), [${name}], 120)` : `CONVERT(nvarchar(4000), [${name}])`;
        return `${text} AS c${index}`;
      });
      const rows = await database.run(
        `SELECT ${cells.join(', ')} FROM ${table
          .split('.')
          .map((part) => `[${part}]`)
          .join('.')}`,
      );
      return rows.map((row) =>
        rowText(columns.map((_, index) => (row[`c${index}`] as string | null | undefined) ?? null)),
      );
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** The rows of files as `Chinook.rows` has them: times are whole seconds in all dialects, and have a `T` in CSV. */
export function chinookTexts(
  rows: readonly (readonly (string | null)[])[],
  columns: readonly ColumnSchema[],
): readonly string[] {
  const cellText = (cell: string | null, index: number) =>
    columns[index]?.type.kind === 'timestamp' ? (cell?.replace('T', ' ').slice(0, 19) ?? null) : cell;
  return rows.map((row) => rowText(row.map(cellText)));
}
