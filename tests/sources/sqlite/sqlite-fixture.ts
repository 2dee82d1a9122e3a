import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sqliteDriver } from '../../../src/sources/sqlite/index.ts';
import type { TableName } from '../../../src/model/table.ts';
import type { SourceConfig } from '../../../src/sources/source.ts';
import type { NeutralCell, NeutralTable, NeutralType, SourceFixture } from '../../conformance/source-fixture.ts';

const TYPES: Readonly<Record<NeutralType, string>> = {
  bigint: 'BIGINT',
  text: 'TEXT',
  'decimal(12,2)': 'DECIMAL(12,2)',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  timestamp: 'TIMESTAMP',
};

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A database file of its own in a folder of its own. */
export class SqliteFile implements AsyncDisposable {
  readonly folder: string;
  readonly path: string;
  readonly writer: DatabaseSync;
  readonly config: SourceConfig;

  private constructor(folder: string, options: string) {
    this.folder = folder;
    this.path = join(folder, 'test.db');
    this.writer = new DatabaseSync(this.path, { timeout: 5000 });
    this.writer.exec('PRAGMA synchronous = OFF');
    this.config = sqliteDriver.parse({ url: `sqlite:${this.path}${options}`, environment: {} });
  }

  static async create(options = ''): Promise<SqliteFile> {
    return new SqliteFile(await mkdtemp(join(tmpdir(), 'sqlextract-sqlite-')), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.writer.isOpen) this.writer.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** `journal`: in WAL mode a writer can commit while readers hold their snapshot, in rollback mode it has to wait. */
export async function sqliteFixture(tableOptions = ''): Promise<SourceFixture> {
  const file = await SqliteFile.create();
  file.writer.exec('PRAGMA journal_mode = WAL');
  return {
    driver: sqliteDriver,
    config: file.config,
    runtimeFolder: file.folder,
    quote,
    createTable: async (table) => createTable(file.writer, table, tableOptions),
    insert: async (table, rows) => insertRows(file.writer, table, rows),
    execute: async (sql) => file.writer.exec(sql),
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

function createTable(writer: DatabaseSync, table: NeutralTable, options: string): TableName {
  const primary = table.primaryKey ?? [];
  const columns = table.columns.map((column) => {
    const notNull = column.notNull === true || primary.includes(column.name) ? ' NOT NULL' : '';
    return `${quote(column.name)} ${TYPES[column.type]}${notNull}`;
  });
  const list = (names: readonly string[]) => names.map(quote).join(', ');
  const keys = [
    ...(primary.length === 0 ? [] : [`PRIMARY KEY (${list(primary)})`]),
    ...(table.unique ?? []).map((names) => `UNIQUE (${list(names)})`),
  ];
  writer.exec(
    `CREATE TABLE ${quote(table.name)} (${[...columns, ...keys].join(', ')}) ${primary.length === 0 ? '' : options}`,
  );
  for (const [index, names] of (table.indexes ?? []).entries()) {
    writer.exec(`CREATE INDEX ${quote(`${table.name}_${index}`)} ON ${quote(table.name)} (${list(names)})`);
  }
  return { schema: '', name: table.name };
}

function insertRows(writer: DatabaseSync, table: NeutralTable, rows: readonly (readonly NeutralCell[])[]): void {
  const insert = writer.prepare(`INSERT INTO ${quote(table.name)} VALUES (${table.columns.map(() => '?').join(', ')})`);
  writer.exec('BEGIN');
  for (const row of rows) insert.run(...row.map((cell, index) => bound(cell, table.columns[index]?.type ?? 'text')));
  writer.exec('COMMIT');
}

function bound(cell: NeutralCell, type: NeutralType): string | number | bigint | null {
  if (typeof cell === 'boolean') return cell ? 1n : 0n;
  return type === 'bigint' && cell !== null ? BigInt(cell) : cell;
}
