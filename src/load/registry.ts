import type { TargetLoader } from './loader.ts';

/** Every target that can be reached, one line each, loaded on demand. */
const LOADERS: Readonly<Record<string, () => Promise<TargetLoader>>> = {
  duckdb: async () => (await import('./loaders/duckdb.ts')).duckdbLoader,
  mysql: async () => (await import('./loaders/mysql.ts')).mysqlLoader,
  sqlite: async () => (await import('./loaders/sqlite.ts')).sqliteLoader,
  postgres: async () => (await import('./loaders/postgres.ts')).postgresLoader,
  sqlserver: async () => (await import('./loaders/sqlserver.ts')).sqlServerLoader,
  clickhouse: async () => (await import('./loaders/clickhouse.ts')).clickHouseLoader,
};

export const LOADABLE_TARGETS: readonly string[] = Object.keys(LOADERS);

/** Null when the target cannot be reached from here; its scripts can. */
export async function loaderFor(target: string): Promise<TargetLoader | null> {
  return (await LOADERS[target]?.()) ?? null;
}
