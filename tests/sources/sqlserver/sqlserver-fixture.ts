import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TableName } from '../../../src/model/table.ts';
import { sqlServerDriver } from '../../../src/sources/sqlserver/index.ts';
import { quoteName, quoteText } from '../../../src/sources/sqlserver/quote.ts';
import type { NeutralCell, NeutralTable, NeutralType, SourceFixture } from '../../conformance/source-fixture.ts';
import { configFor, freshSqlServerDatabase } from '../../support/sqlserver-server.ts';

/** Text keys of an index are at most 1700 bytes long, and texts that are only values are not. */
const KEY_TEXT = 'nvarchar(200)';

const TYPES: Readonly<Record<NeutralType, string>> = {
  bigint: 'bigint',
  text: 'nvarchar(max)',
  'decimal(12,2)': 'decimal(12,2)',
  double: 'float',
  boolean: 'bit',
  timestamp: 'datetime2(6)',
};

/** The collation under which all texts of the suite are different keys, as other databases have it by default. */
const BINARY = 'Latin1_General_BIN2';

export async function sqlServerFixture(options: Readonly<Record<string, string>> = {}): Promise<SourceFixture> {
  const database = await freshSqlServerDatabase('conformance');
  const folder = await mkdtemp(join(tmpdir(), 'sqlextract-sqlserver-'));
  const run = async (sql: string): Promise<void> => void (await database.run(sql));
  return {
    driver: sqlServerDriver,
    config: configFor(database.url, options),
    runtimeFolder: folder,
    quote: quoteName,
    createTable: (table) => createTable(run, table),
    insert: async (table, rows) => {
      for (let at = 0; at < rows.length; at += 500) await insertRows(run, table, rows.slice(at, at + 500));
    },
    execute: run,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A UNIQUE constraint of this server takes one NULL; the suite wants many, which a filtered index gives, and that is no key. */
async function createTable(run: (sql: string) => Promise<void>, table: NeutralTable): Promise<TableName> {
  const list = (names: readonly string[]) => names.map(quoteName).join(', ');
  const inKeys = new Set([table.primaryKey ?? [], ...(table.unique ?? []), ...(table.indexes ?? [])].flat());
  const columns = table.columns.map(({ name, type, notNull }) => {
    const declared = type === 'text' && inKeys.has(name) ? `${KEY_TEXT} COLLATE ${BINARY}` : TYPES[type];
    return `${quoteName(name)} ${declared} ${notNull === true ? 'NOT NULL' : 'NULL'}`;
  });
  const key = table.primaryKey === undefined ? [] : [`PRIMARY KEY (${list(table.primaryKey)})`];
  await run(`CREATE TABLE ${quoteName(table.name)} (${[...columns, ...key].join(', ')})`);
  const nullable = (names: readonly string[]) =>
    names.some((name) => table.columns.some((column) => column.name === name && column.notNull !== true));
  const unique = table.unique ?? [];
  for (const [at, names] of [...unique, ...(table.indexes ?? [])].entries()) {
    const kind = at < unique.length && !nullable(names) ? 'UNIQUE INDEX' : 'INDEX';
    await run(`CREATE ${kind} ${quoteName(`ix_${at}`)} ON ${quoteName(table.name)} (${list(names)})`);
  }
  return { schema: 'dbo', name: table.name };
}

async function insertRows(
  run: (sql: string) => Promise<void>,
  table: NeutralTable,
  rows: readonly (readonly NeutralCell[])[],
): Promise<void> {
  const tuples = rows.map((row) => `(${row.map(literal).join(', ')})`);
  if (tuples.length > 0) await run(`INSERT INTO ${quoteName(table.name)} VALUES ${tuples.join(', ')}`);
}

function literal(cell: NeutralCell): string {
  if (cell === null) return 'NULL';
  if (typeof cell === 'boolean') return cell ? '1' : '0';
  // Through text, because a number constant of many digits is a decimal to the server.
  return typeof cell === 'number' ? `CONVERT(float, '${cell}')` : quoteText(cell);
}
