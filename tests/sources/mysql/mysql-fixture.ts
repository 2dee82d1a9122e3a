import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from 'mysql2/promise';
import type { TableName } from '../../../src/model/table.ts';
import { mysqlDriver } from '../../../src/sources/mysql/index.ts';
import type { SourceConfig, SourceSession } from '../../../src/sources/source.ts';
import type { NeutralCell, NeutralTable, NeutralType, SourceFixture } from '../../conformance/source-fixture.ts';
import { type FreshMariadb, freshMariadb } from '../../support/mariadb-server.ts';

const PLAIN_TYPES: Readonly<Record<Exclude<NeutralType, 'text'>, string>> = {
  bigint: 'bigint',
  'decimal(12,2)': 'decimal(12,2)',
  double: 'double',
  boolean: 'boolean',
  timestamp: 'datetime(6)',
};

export const quote = (name: string) => `\`${name.replaceAll('`', '``')}\``;

export function configOf(
  database: FreshMariadb,
  options = '',
  user?: { name: string; password: string },
): SourceConfig {
  const url = new URL(database.url);
  if (user !== undefined) Object.assign(url, { username: user.name, password: user.password });
  url.search = options;
  return mysqlDriver.parse({ url: url.href, environment: {} });
}

export function openSession(database: FreshMariadb, options = ''): Promise<SourceSession> {
  return mysqlDriver.open(configOf(database, options), 'coordinator');
}

/**
 * A database of the shared server.
 *
 * @param options of the source, as in its URL: `?allow-locks=…`
 */
export async function mysqlFixture(options = ''): Promise<SourceFixture> {
  const database = await freshMariadb('conformance');
  const folder = await mkdtemp(join(tmpdir(), 'sqlextract-mysql-'));
  const text = await exactText(database.client);
  return {
    driver: mysqlDriver,
    config: configOf(database, options),
    runtimeFolder: folder,
    quote,
    createTable: (table) => createTable(database, text, table),
    insert: async (table, rows) => {
      for (let at = 0; at < rows.length; at += 1000)
        await insertRows(database.client, table, rows.slice(at, at + 1000));
    },
    execute: async (sql) => void (await database.client.query(sql)),
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * The suite's texts are all different, `''` and `' '` too, which most collations (PAD SPACE) call equal; and a key over TEXT is only one
 * of a prefix. Both are tested for MySQL alone.
 */
async function exactText(client: Connection): Promise<string> {
  const [rows] = await client.query<never[]>("SHOW COLLATION WHERE Collation = 'utf8mb4_nopad_bin'");
  const collation = rows.length === 0 ? 'utf8mb4_0900_bin' : 'utf8mb4_nopad_bin';
  return `varchar(190) CHARACTER SET utf8mb4 COLLATE ${collation}`;
}

async function createTable({ client, name }: FreshMariadb, text: string, table: NeutralTable): Promise<TableName> {
  const list = (names: readonly string[]) => names.map(quote).join(', ');
  const keyed = new Set([table.primaryKey ?? [], ...(table.unique ?? []), ...(table.indexes ?? [])].flat());
  const columns = table.columns.map((column) => {
    // A key over a longer text would be one of a prefix; what is in no key has no such limit.
    const ofText = keyed.has(column.name) ? text : text.replace('varchar(190)', 'longtext');
    const type = column.type === 'text' ? ofText : PLAIN_TYPES[column.type];
    return `${quote(column.name)} ${type} ${column.notNull === true ? 'NOT NULL' : 'NULL'}`;
  });
  const keys = [
    ...(table.primaryKey === undefined ? [] : [`PRIMARY KEY (${list(table.primaryKey)})`]),
    ...(table.unique ?? []).map((names) => `UNIQUE (${list(names)})`),
    ...(table.indexes ?? []).map((names) => `INDEX (${list(names)})`),
  ];
  await client.query(`CREATE TABLE ${quote(table.name)} (${[...columns, ...keys].join(', ')})`);
  return { schema: name, name: table.name };
}

async function insertRows(
  client: Connection,
  table: NeutralTable,
  rows: readonly (readonly NeutralCell[])[],
): Promise<void> {
  if (rows.length === 0) return;
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? String(cell) : cell)));
  await client.query(`INSERT INTO ${quote(table.name)} VALUES ?`, [cells]);
}
