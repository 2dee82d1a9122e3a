import type { IngestTarget } from './target.ts';

/** Every target, one line each, loaded on demand. */
const LOADERS: Readonly<Record<string, () => Promise<IngestTarget>>> = {
  bigquery: async () => (await import('./targets/bigquery.ts')).bigqueryTarget,
  databricks: async () => (await import('./targets/databricks.ts')).databricksTarget,
  duckdb: async () => (await import('./targets/duckdb.ts')).duckdbTarget,
  postgres: async () => (await import('./targets/postgres.ts')).postgresTarget,
  sqlite: async () => (await import('./targets/sqlite.ts')).sqliteTarget,
  mysql: async () => (await import('./targets/mysql.ts')).mysqlTarget,
  redshift: async () => (await import('./targets/redshift.ts')).redshiftTarget,
  snowflake: async () => (await import('./targets/snowflake.ts')).snowflakeTarget,
  sqlserver: async () => (await import('./targets/sqlserver.ts')).sqlServerTarget,
  clickhouse: async () => (await import('./targets/clickhouse.ts')).clickHouseTarget,
};

/** Schemes of URLs, and endings of files, that tell the kind of target. */
const SCHEMES: Readonly<Record<string, string>> = {
  duckdb: 'duckdb',
  postgres: 'postgres',
  postgresql: 'postgres',
  redshift: 'redshift',
  mysql: 'mysql',
  mariadb: 'mysql',
  sqlserver: 'sqlserver',
  mssql: 'sqlserver',
  sqlite: 'sqlite',
  clickhouse: 'clickhouse',
  snowflake: 'snowflake',
  bigquery: 'bigquery',
  databricks: 'databricks',
};
const ENDINGS: Readonly<Record<string, string>> = {
  duckdb: 'duckdb',
  ddb: 'duckdb',
  sqlite: 'sqlite',
  sqlite3: 'sqlite',
  db: 'sqlite',
};

export const TARGET_NAMES: readonly string[] = Object.keys(LOADERS);

/** Null when there is no such target. */
export async function targetByName(name: string): Promise<IngestTarget | null> {
  return (await LOADERS[name]?.()) ?? null;
}

/** By the URL's scheme, or a file's ending; null when neither tells. */
export async function targetOfUrl(url: string): Promise<IngestTarget | null> {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase();
  const ending = /\.([a-z0-9]+)$/i.exec(url)?.[1]?.toLowerCase();
  const name = scheme !== undefined && scheme !== 'file' ? SCHEMES[scheme] : ENDINGS[ending ?? ''];
  return name === undefined ? null : targetByName(name);
}
