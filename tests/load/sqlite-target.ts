import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { LoadFixture, LoadTarget, NamedKind, Row } from '../conformance/load-fixture.ts';
import { sqliteShell } from '../support/sqlite-shell.ts';

export const SQLITE: LoadFixture = {
  target: 'sqlite',
  flags: ['--schema', 'main'],
  scriptFormats: ['csv'],
  // it has the infinities, but makes NULL of NaN, which is refused
  nonFinite: false,
  tellsQuotedMarker: false,
  binary: sqliteShell().hasUnhex,
  create,
};

async function create(): Promise<LoadTarget> {
  const folder = mkdtempSync(join(tmpdir(), 'sqlextract-sqlite-'));
  const path = join(folder, 'target.sqlite');
  return {
    url: path,
    runArguments: [path],
    environment: {},
    rows: async (table, columns) => inside(path, (database) => rowsOf(database, table, columns)),
    tables: async () =>
      inside(path, (database) =>
        database
          .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
          .all()
          .map(({ name }) => String(name)),
      ),
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

function inside<T>(path: string, use: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path, { readBigInts: true });
  try {
    return use(database);
  } finally {
    database.close();
  }
}

/** By the storage class: a value of another class than it should be is no text that is equal. */
function rowsOf(database: DatabaseSync, table: string, columns: readonly NamedKind[]): readonly Row[] {
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
  const rows = database.prepare(`SELECT ${columns.map(({ name }) => quoted(name)).join(', ')} FROM ${quoted(table)}`);
  rows.setReturnArrays(true);
  return (rows.all() as unknown as readonly (readonly unknown[])[]).map((row) =>
    row.map((cell, index) => {
      if (cell === null) return null;
      const { kind, name } = columns[index] ?? { kind: 'string', name: '' };
      if (typeof cell !== CLASSES[kind]) throw new Error(`${table}.${name} has a ${typeof cell}`);
      return cell instanceof Uint8Array
        ? Buffer.from(cell).toString('hex')
        : (cell as { toString(): string }).toString();
    }),
  );
}

const CLASSES: Readonly<Record<NamedKind['kind'], string>> = {
  boolean: 'bigint',
  int32: 'bigint',
  int64: 'bigint',
  float32: 'number',
  float64: 'number',
  decimal: 'string',
  date: 'string',
  time: 'string',
  timestamp: 'string',
  string: 'string',
  json: 'string',
  uuid: 'string',
  binary: 'object',
};
