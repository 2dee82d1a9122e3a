import type { DuckDBConnection } from '@duckdb/node-api';
import { join } from 'node:path';

export interface ScratchDatabase {
  readonly connection: DuckDBConnection;
  readonly close: () => void;
}

/** An embedded DuckDB whose tables lie in `scratch`, a private folder that the caller removes. */
export async function openScratch(
  scratch: string,
  { threads, memory }: { readonly threads: number; readonly memory: string },
): Promise<ScratchDatabase> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(join(scratch, 'keys.duckdb'), {
    threads: String(threads),
    memory_limit: memory,
    temp_directory: join(scratch, 'spill'),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    preserve_insertion_order: 'false',
  });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  await connection.run("SET disabled_optimizers = 'statistics_propagation'");
  const close = (): void => {
    connection.closeSync();
    instance.closeSync();
  };
  return { connection, close };
}
