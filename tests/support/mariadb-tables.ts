import { createHash } from 'node:crypto';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Digest } from '../engine/extract-case.ts';

/** A derived table with one column of the whole numbers from `first` to `last`, at most 100 000 of them; both MariaDB and MySQL take it. */
export function sequence(first: number, last: number, column: string): string {
  const digit =
    '(SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)';
  const names = ['a', 'b', 'c', 'd', 'e'];
  const sum = names.map((name, place) => `${name}.n * ${10 ** place}`).join(' + ');
  const all = `SELECT ${first} + ${sum} AS ${column} FROM ${names.map((name) => `${digit} AS ${name}`).join(', ')}`;
  return `(SELECT ${column} FROM (${all}) AS every WHERE ${column} <= ${last} ORDER BY ${column}) AS numbers`;
}

/** Newer MySQL has no MD5 of its own. */
export function md5Of(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

/** By the server itself, in whatever transaction the client is: as `digestOfPostgres`. */
export async function digestOfMariadb(client: Connection, from: string, columns: readonly string[]): Promise<Digest> {
  const cells = columns.map((column) => `COALESCE(CONCAT('v', CAST(\`${column}\` AS CHAR)), 'n')`);
  await client.query('SET SESSION group_concat_max_len = 1073741824');
  const [rows] = await client.query<RowDataPacket[]>(
    `SELECT COUNT(*) AS n, GROUP_CONCAT(t ORDER BY CAST(t AS BINARY) SEPARATOR '\\n') AS texts
     FROM (SELECT CONCAT_WS('|', ${cells.join(', ')}) AS t FROM ${from}) AS x`,
  );
  const texts = rows[0]?.['texts'] as string | null;
  return { rows: Number(rows[0]?.['n']), md5: texts === null ? '' : md5Of(texts) };
}

/** Rows of a table, whatever the client's transaction is. */
export async function countOf(client: Connection, from: string): Promise<number> {
  const [rows] = await client.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM ${from}`);
  return Number(rows[0]?.['n']);
}
