import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TableName } from '../../../src/model/table.ts';
import { postgresDriver } from '../../../src/sources/postgres/index.ts';
import { quoteLiteral, quoteName } from '../../../src/sources/postgres/quote.ts';
import type { SourceConfig, SourceSession } from '../../../src/sources/source.ts';
import type { NeutralCell, NeutralTable, NeutralType, SourceFixture } from '../../conformance/source-fixture.ts';
import { type FreshDatabase, freshDatabase } from '../../support/postgres-server.ts';

const TYPES: Readonly<Record<NeutralType, string>> = {
  bigint: 'bigint',
  text: 'text',
  'decimal(12,2)': 'numeric(12,2)',
  double: 'double precision',
  boolean: 'boolean',
  timestamp: 'timestamp',
};

export function configOf(
  database: FreshDatabase,
  options = '',
  user?: { name: string; password: string },
): SourceConfig {
  const url = new URL(database.url);
  if (user !== undefined) Object.assign(url, { username: user.name, password: user.password });
  url.search = options;
  return postgresDriver.parse({ url: url.href, environment: {} });
}

export function openSession(database: FreshDatabase, options = ''): Promise<SourceSession> {
  return postgresDriver.open(configOf(database, options), 'coordinator');
}

export async function postgresFixture(options: string): Promise<SourceFixture> {
  const database = await freshDatabase('conformance');
  const folder = await mkdtemp(join(tmpdir(), 'sqlextract-postgres-'));
  const run = async (sql: string): Promise<void> => void (await database.client.query(sql));
  return {
    driver: postgresDriver,
    config: configOf(database, options),
    runtimeFolder: folder,
    quote: quoteName,
    createTable: (table) => createTable(run, table),
    insert: async (table, rows) => {
      for (let at = 0; at < rows.length; at += 1000) await insertRows(run, table, rows.slice(at, at + 1000));
    },
    execute: run,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function createTable(run: (sql: string) => Promise<void>, table: NeutralTable): Promise<TableName> {
  const list = (names: readonly string[]) => names.map(quoteName).join(', ');
  const columns = table.columns.map(
    (column) => `${quoteName(column.name)} ${TYPES[column.type]}${column.notNull === true ? ' NOT NULL' : ''}`,
  );
  const keys = [
    ...(table.primaryKey === undefined ? [] : [`PRIMARY KEY (${list(table.primaryKey)})`]),
    ...(table.unique ?? []).map((names) => `UNIQUE (${list(names)})`),
  ];
  await run(`CREATE TABLE ${quoteName(table.name)} (${[...columns, ...keys].join(', ')})`);
  for (const names of table.indexes ?? []) await run(`CREATE INDEX ON ${quoteName(table.name)} (${list(names)})`);
  return { schema: 'public', name: table.name };
}

async function insertRows(
  run: (sql: string) => Promise<void>,
  table: NeutralTable,
  rows: readonly (readonly NeutralCell[])[],
): Promise<void> {
  const tuples = rows.map(
    (row) => `(${row.map((cell) => (cell === null ? 'NULL' : quoteLiteral(String(cell)))).join(', ')})`,
  );
  if (tuples.length > 0) await run(`INSERT INTO ${quoteName(table.name)} VALUES ${tuples.join(', ')}`);
}
