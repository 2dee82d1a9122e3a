import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { type FreshMariadb, freshMariadb } from '../support/mariadb-server.ts';
import type { MariadbValues } from './mariadb-columns.ts';
import { MARIADB_TYPES } from './mariadb-types.ts';
import type { ValueColumn } from './value-column.ts';
import { valueRows } from './value-column.ts';
import type { ValueTables } from './values.suite.ts';

const ROWS_AT_ONCE = 100;

interface MariadbColumn extends ValueColumn {
  readonly values: MariadbValues;
}

/** Every type on the shared server, but those that its version does not have. */
export async function mariadbTables(): Promise<ValueTables> {
  const database = await freshMariadb('random_values');
  const { client, url, name } = database;
  // Every value is to be stored as it is given, or not at all; year 0 and the like are not among them.
  await client.query("SET sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'");
  const columns = await columnsOf(database);
  return {
    url,
    columns,
    fill: (table, rows, seed) => fill(client, columns, { table, rows, seed }),
    writeServerTexts: async (table, path) => writeServerTexts(client, columns, table, path),
    folderOf: (table) => `${name}.${table}`,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

async function columnsOf({ client }: FreshMariadb): Promise<readonly MariadbColumn[]> {
  const [rows] = await client.query<RowDataPacket[]>('SELECT VERSION() AS v');
  const said = String(rows[0]?.['v']);
  const [major = 0, minor = 0] = said.split('.').map(Number);
  const version = /mariadb/i.test(said) ? major + minor / 100 : 0;
  const all = MARIADB_TYPES.map((values, index) => ({ name: `c${index}`, values }));
  const here = all.filter(
    ({ values: { since } }) => since === undefined || ('version' in since && version >= since.version),
  );
  if (version > 0) return here;
  for (const { values } of all.filter((column) => !here.includes(column)))
    await expectRefused(client, `CREATE TABLE not_here (v ${values.type})`, `the type ${values.type}`);
  return Promise.all(here.map(async ({ name, values }) => ({ name, values: await asMysqlHas(client, name, values) })));
}

/** Without the values that MySQL refuses, once it has refused each. */
async function asMysqlHas(client: Connection, name: string, values: MariadbValues): Promise<MariadbValues> {
  const { onMysql } = values;
  if (onMysql === undefined) return values;
  await client.query(`CREATE TABLE refuses_${name} (v ${values.type})`);
  for (const text of onMysql.refuses) {
    const value = literal(values, text);
    await expectRefused(client, `INSERT INTO refuses_${name} VALUES (${value})`, `${values.type} ${text}`);
  }
  await client.query(`DROP TABLE refuses_${name}`);
  const { random } = onMysql;
  return {
    ...values,
    edges: values.edges.filter((text) => !onMysql.refuses.includes(text)),
    ...(random === undefined ? {} : { random }),
  };
}

/** An exception that the server does not need any more is an error. */
async function expectRefused(client: Connection, statement: string, what: string): Promise<void> {
  const taken = await client.query(statement).then(
    () => true,
    () => false,
  );
  if (taken) throw new Error(`MySQL has ${what} after all: the exception can go`);
}

async function fill(
  client: Connection,
  columns: readonly MariadbColumn[],
  { table, rows, seed }: { readonly table: string; readonly rows: number; readonly seed: number },
): Promise<void> {
  const definitions = columns.map(({ name, values }) => `${name} ${values.type}`);
  await client.query(`CREATE TABLE ${table} (id bigint PRIMARY KEY, ${definitions.join(', ')})`);
  let tuples: string[] = [];
  const flush = async () => {
    if (tuples.length > 0) await client.query(`INSERT INTO ${table} VALUES ${tuples.join(', ')}`);
    tuples = [];
  };
  await client.query('BEGIN');
  for (const { id, cells } of valueRows(columns, rows, seed)) {
    tuples.push(`(${id}, ${cells.map((cell, index) => literal(columns[index]?.values, cell)).join(', ')})`);
    if (tuples.length === ROWS_AT_ONCE) await flush();
  }
  await flush();
  await client.query(`COMMIT; ANALYZE TABLE ${table}`);
}

function literal(values: MariadbValues | undefined, cell: string | null): string {
  if (cell === null) return 'NULL';
  return values?.literal === undefined ? mysql.escape(cell) : values.literal(cell);
}

async function writeServerTexts(
  client: Connection,
  columns: readonly MariadbColumn[],
  table: string,
  path: string,
): Promise<void> {
  const cells = columns.map(({ name, values }) => values.oracle.replaceAll('$', name));
  // Some are made of numbers: as text, so that the client's own reading of numbers has no part in it.
  const [rows] = await client.query<RowDataPacket[][]>({
    sql: `SELECT id, ${cells.join(', ')} FROM ${table}`,
    rowsAsArray: true,
  });
  const lines = function* () {
    for (const [id, ...texts] of rows as unknown as (string | number | null)[][])
      yield `${String(id)},${texts.map((text, index) => cellOf(columns[index], text)).join(',')}\n`;
  };
  await pipeline(Readable.from(lines()), createWriteStream(path));
}

function cellOf(column: MariadbColumn | undefined, text: string | number | null): string {
  if (text === null) return '\\N';
  const said = String(text);
  if (column?.values.bits === undefined) return `"${said}"`;
  return column.values.bits === 64 ? bitsOf(said, 8) : bitsOf(said, 4);
}

/** Correctly rounded by JavaScript; a FLOAT's text is exact as a double. */
function bitsOf(text: string, bytes: 4 | 8): string {
  const view = new DataView(new ArrayBuffer(8));
  if (bytes === 8) view.setFloat64(0, Number(text));
  else view.setFloat32(0, Number(text));
  return Array.from({ length: bytes }, (_, index) => view.getUint8(index).toString(2).padStart(8, '0')).join('');
}
