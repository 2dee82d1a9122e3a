import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from, to } from 'pg-copy-streams';
import { COMPOUND_TYPES, COMPOUNDS } from './compound-values.ts';
import { NETWORK_SEARCH_AND_SYSTEM, OF_EXTENSIONS } from './network-and-search-values.ts';
import { SCALARS } from './scalar-values.ts';
import { TIMES_AND_DATES } from './time-values.ts';
import { isText, serverText, type TypeValues } from './type-values.ts';
import { type ValueColumn, valueRows } from './value-column.ts';

export const ALL_TYPES: readonly TypeValues[] = [
  ...SCALARS,
  ...TIMES_AND_DATES,
  ...NETWORK_SEARCH_AND_SYSTEM,
  ...COMPOUNDS,
  ...OF_EXTENSIONS,
];

const LINES_AT_ONCE = 500;

/** The settings that a text of the server depends on; the client keeps them. */
export async function pinOracle(client: Client): Promise<void> {
  await client.query(
    "SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'iso_8601'; SET lc_monetary = 'C'; SET extra_float_digits = 3; SET xmloption = 'content'",
  );
}

/** Makes the types, and the extensions that the server has; the columns that are possible on it. */
export async function prepareTypes(client: Client): Promise<readonly ValueColumn[]> {
  await client.query(COMPOUND_TYPES);
  const { rows } = await client.query<{ name: string }>('SELECT name FROM pg_available_extensions');
  const available = new Set(rows.map(({ name }) => name));
  const version = await client.query<{ v: string }>("SELECT current_setting('server_version_num') AS v");
  const major = Math.floor(Number(version.rows[0]?.v) / 10_000);
  const columns: ValueColumn[] = [];
  for (const [index, values] of ALL_TYPES.entries()) {
    const { since } = values;
    if (since !== undefined && 'version' in since && major < since.version) continue;
    if (since !== undefined && 'extension' in since) {
      if (!available.has(since.extension)) continue;
      await client.query(`CREATE EXTENSION IF NOT EXISTS ${since.extension}`);
    }
    columns.push({ name: `c${index}`, values });
  }
  return columns;
}

/** A new table: `id` from 1 in steps of 3, then the columns; the edges of each type first, then random values and NULL. */
export async function fillTable(
  client: Client,
  table: string,
  columns: readonly ValueColumn[],
  rows: number,
  seed: number,
): Promise<void> {
  const definitions = columns.map(({ name, values }) => `${name} ${values.type}`);
  await client.query(`CREATE TABLE ${table} (id bigint PRIMARY KEY, ${definitions.join(', ')})`);
  await pipeline(Readable.from(copyLines(columns, rows, seed)), client.query(from(`COPY ${table} FROM STDIN`)));
  await client.query(`ANALYZE ${table}`);
}

function* copyLines(columns: readonly ValueColumn[], rows: number, seed: number): Generator<string> {
  let lines: string[] = [];
  for (const { id, cells } of valueRows(columns, rows, seed)) {
    lines.push(`${id}\t${cells.map(copyCell).join('\t')}\n`);
    if (lines.length < LINES_AT_ONCE) continue;
    yield lines.join('');
    lines = [];
  }
  yield lines.join('');
}

const COPY_ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const copyCell = (text: string | null) =>
  text === null ? '\\N' : text.replaceAll(/[\\\n\r\t]/g, (character) => COPY_ESCAPES[character] ?? character);

/**
 * What the server itself says of every value, as a CSV file without header: the id, then a cell a column; text as the hex of its UTF-8,
 * so that no rule of quoting can hide a difference; NULL is `\N`.
 */
export async function writeServerTexts(
  client: Client,
  table: string,
  columns: readonly ValueColumn[],
  path: string,
): Promise<void> {
  const cells = columns.map(({ name, values }) => {
    const text = serverText(values).replaceAll('$', name);
    return isText(values.kind) ? `encode(convert_to(${text}, 'UTF8'), 'hex')` : text;
  });
  const select = `SELECT id, ${cells.join(', ')} FROM ${table}`;
  const copy = client.query(to(`COPY (${select}) TO STDOUT (FORMAT csv, NULL '\\N')`));
  await pipeline(copy, createWriteStream(path));
}
