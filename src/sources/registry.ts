import type { SourceDriver } from './source.ts';

/** Every source, one line each. Loaded on demand: a driver's packages are read only when its scheme is used. */
const LOADERS: Readonly<Record<string, () => Promise<SourceDriver>>> = {
  postgres: async () => (await import('./postgres/index.ts')).postgresDriver,
  mysql: async () => (await import('./mysql/index.ts')).mysqlDriver,
  sqlserver: async () => (await import('./sqlserver/index.ts')).sqlServerDriver,
  sqlite: async () => (await import('./sqlite/index.ts')).sqliteDriver,
};

const SCHEMES: Readonly<Record<string, string>> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  sqlserver: 'sqlserver',
  mssql: 'sqlserver',
  sqlite: 'sqlite',
  file: 'sqlite',
};

export const SOURCE_NAMES: readonly string[] = Object.keys(LOADERS);

export const SOURCE_SCHEMES: readonly string[] = Object.keys(SCHEMES);

/** The driver for a URL's scheme; a text without scheme is a path to an SQLite file. Null when no source has the scheme. */
export async function driverForUrl(url: string): Promise<SourceDriver | null> {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase() ?? 'file';
  const name = SCHEMES[scheme];
  return name === undefined ? null : driverByName(name);
}

export async function driverByName(name: string): Promise<SourceDriver> {
  const load = LOADERS[name];
  if (load === undefined) throw new Error(`no source is registered as ${name}`);
  return load();
}
