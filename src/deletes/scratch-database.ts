import { join } from 'node:path';
import { SqlextractError } from '../model/problem.ts';

/** Bytes. A statement that does not get along with `memory` is given twice as much, up to `most`. */
export interface ScratchLimits {
  readonly threads: number;
  readonly memory: number;
  readonly most: number;
}

/** An embedded DuckDB, out of core. */
export interface ScratchDatabase {
  run(sql: string): Promise<void>;
  rows(sql: string): Promise<readonly (readonly unknown[])[]>;
  close(): void;
}

/** Its tables lie in `scratch`, a private folder that the caller removes. Statements throw COMPARE_MEMORY. */
export async function openScratch(scratch: string, { threads, memory, most }: ScratchLimits): Promise<ScratchDatabase> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(join(scratch, 'keys.duckdb'), {
    threads: String(threads),
    memory_limit: `${memory}B`,
    temp_directory: join(scratch, 'spill'),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    preserve_insertion_order: 'false',
  });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  await connection.run("SET disabled_optimizers = 'statistics_propagation'");
  let limit = memory;
  // A statement that fails leaves nothing behind: each is a transaction of its own.
  const withMemory = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isOutOfMemory(error)) throw error;
        if (limit >= most) throw outOfMemory(scratch, limit, error);
        limit = Math.min(most, 2 * limit);
        await connection.run(`SET memory_limit = '${limit}B'`);
      }
    }
  };
  return {
    run: async (sql) => withMemory(async () => void (await connection.run(sql))),
    rows: async (sql) => withMemory(async () => (await connection.runAndReadAll(sql)).getRows()),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** Of the memory limit, or of what may be spilled: https://duckdb.org/docs/guides/troubleshooting/oom_errors */
function isOutOfMemory(error: unknown): error is Error {
  return error instanceof Error && error.message.startsWith('Out of Memory Error');
}

function outOfMemory(scratch: string, limit: number, error: Error): SqlextractError {
  return new SqlextractError(
    {
      code: 'COMPARE_MEMORY',
      message: `the keys cannot be compared in ${Math.round(limit / 1_000_000)} MB of memory and the free space of ${scratch}; nothing was written`,
      hint: 'free some space there, put --state-dir on a larger disk, or let the process have more memory; then the same command again',
      fault: 'disk',
      causes: [error.message],
    },
    error,
  );
}
