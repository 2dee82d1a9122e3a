import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

/** Rows of texts, numbers as digits; NULL is null. */
export type TextRows = readonly (readonly (string | null)[])[];

/** Another program's reader: what our writers believe of their files is not asked. */
export interface FileReader extends Disposable {
  /** Only for statements with few result rows: the values themselves stay in DuckDB. */
  query(sql: string): Promise<TextRows>;
}

export interface ReaderLimits {
  readonly threads: number;
  readonly memoryBytes: number;
}

const LEAST_MEMORY = 256_000_000;
const MOST_MEMORY = 4_000_000_000;

/**
 * Loads DuckDB (about 110 ms) and opens it without a database. It may use a quarter of the memory there is, 256 MB to 4 GB; it writes
 * nothing to disk, fetches no extension and skips no value because a file's own statistics say what it is.
 */
export async function openFileReader(limits: ReaderLimits): Promise<FileReader> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const memory = Math.round(Math.min(MOST_MEMORY, Math.max(LEAST_MEMORY, limits.memoryBytes / 4)));
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(limits.threads),
    memory_limit: `${memory}B`,
    temp_directory: '',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    preserve_insertion_order: 'false',
  });
  const connection = await instance.connect();
  await connection.run("SET disabled_optimizers = 'statistics_propagation'");
  connection.closeSync();
  return { query: (sql) => query(instance, sql), [Symbol.dispose]: () => instance.closeSync() };
}

/** A connection of its own, so that queries over several files run side by side. */
async function query(instance: DuckDBInstance, sql: string): Promise<TextRows> {
  const connection: DuckDBConnection = await instance.connect();
  try {
    await connection.run("SET disabled_optimizers = 'statistics_propagation'");
    const result = await connection.runAndReadAll(sql);
    return result.getRows().map((row) => row.map((value) => (value === null ? null : String(value))));
  } finally {
    connection.closeSync();
  }
}

export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A path as DuckDB's readers take it: they would take `*`, `?` and `[` for patterns. */
export function sqlPath(path: string): string {
  return sqlText(path.replaceAll(/[[*?]/g, (character) => `[${character}]`));
}
