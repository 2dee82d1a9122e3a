import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import type { LoadFixture, LoadTarget, NamedKind, Row } from '../conformance/load-fixture.ts';

export const DUCKDB: LoadFixture = {
  target: 'duckdb',
  flags: [],
  scriptFormats: ['csv', 'parquet'],
  nonFinite: true,
  tellsQuotedMarker: true,
  create,
};

async function create(): Promise<LoadTarget> {
  const folder = mkdtempSync(join(tmpdir(), 'sqlextract-duckdb-'));
  const path = join(folder, 'target.duckdb');
  return {
    url: path,
    runArguments: [path],
    environment: {},
    rows: async (table, columns) => inside(path, async (connection) => rowsOf(connection, table, columns)),
    tables: async () =>
      inside(path, async (connection) => {
        const found = await connection.runAndReadAll('SELECT table_name FROM duckdb_tables()');
        return found.getRows().map(([name]) => String(name));
      }),
    runScripts: async (scripts) => inside(path, async (connection) => runFiles(connection, scripts)),
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A connection at a time: DuckDB lets one program in. */
async function inside<T>(path: string, use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    await connection.run(`SET TimeZone = 'UTC'`);
    return await use(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function rowsOf(
  connection: DuckDBConnection,
  table: string,
  columns: readonly NamedKind[],
): Promise<readonly Row[]> {
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
  const cells = columns.map(({ name, kind }) =>
    kind === 'binary' ? `hex(${quoted(name)})` : `CAST(${quoted(name)} AS VARCHAR)`,
  );
  const found = await connection.runAndReadAll(`SELECT ${cells.join(', ')} FROM ${quoted(table)}`);
  return found.getRows().map((row) => row.map((cell) => (cell === null ? null : String(cell))));
}

/** The scripts as DuckDB's shell would run them: file after file, each statement after the other. */
async function runFiles(connection: DuckDBConnection, folder: string) {
  const before = process.cwd();
  let output = '';
  try {
    process.chdir(folder);
    for (const name of readdirSync(folder)
      .filter((each) => each.endsWith('.sql'))
      .toSorted()) {
      const result = await connection.runAndReadAll(readFileSync(name, 'utf8'));
      output += `${JSON.stringify(result.getRowsJson())}\n`;
    }
    return { code: 0, output };
  } catch (error) {
    // run.sh asks the ledger before it runs a full refresh, see templates/duckdb/run.sh.hbs
    const loaded = /is loaded already; nothing was done/.test(String(error));
    return { code: loaded ? 0 : 1, output: output + String(error) };
  } finally {
    process.chdir(before);
  }
}
