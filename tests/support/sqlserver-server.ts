import { randomBytes } from 'node:crypto';
import { sqlServerDriver } from '../../src/sources/sqlserver/index.ts';
import { connect } from '../../src/sources/sqlserver/connect.ts';
import type { Row } from '../../src/sources/sqlserver/connection.ts';
import { quoteName } from '../../src/sources/sqlserver/quote.ts';
import type { SourceConfig } from '../../src/sources/source.ts';

/**
 * The server for the tests of this source, as `sqlserver://user:password@host:port/database?…`; its login must be allowed to create databases. There
 * is none in the repository's own CI: tests/support/sqlserver-compose.yaml starts the real one, and without the variable these tests
 * are skipped.
 */
export const URL_VARIABLE = 'SQLEXTRACT_TEST_SQLSERVER_URL';

export function sqlServerUrl(): string | null {
  const given = process.env[URL_VARIABLE];
  return given === undefined || given === '' ? null : given;
}

/** Babelfish for PostgreSQL answers as SQL Server does, but for what the tests list by name. */
export async function isBabelfish(): Promise<boolean> {
  const connection = await connect(configFor(sqlServerUrl() ?? ''), 'sqlextract tests');
  const [row] = await connection.rows("SELECT CONVERT(int, SERVERPROPERTY('Babelfish')) AS babelfish");
  await connection.close();
  return row?.['babelfish'] === '1';
}

export interface FreshSqlServerDatabase extends AsyncDisposable {
  readonly url: string;
  readonly name: string;
  readonly babelfish: boolean;
  /** One batch, over a connection of the tests' own, committed at once. */
  run(sql: string): Promise<readonly Row[]>;
}

export function configFor(url: string, options: Readonly<Record<string, string>> = {}): SourceConfig {
  const whole = new URL(url);
  for (const [name, value] of Object.entries(options)) whole.searchParams.set(name, value);
  return sqlServerDriver.parse({ url: whole.href, environment: {} });
}

/** An empty database for one test file, where snapshots are allowed unless `settings` says otherwise; dropped when disposed. */
export async function freshSqlServerDatabase(
  label: string,
  settings: readonly string[] = ['SET ALLOW_SNAPSHOT_ISOLATION ON', 'SET READ_COMMITTED_SNAPSHOT ON'],
): Promise<FreshSqlServerDatabase> {
  const server = sqlServerUrl();
  if (server === null) throw new Error(`${URL_VARIABLE} is not set`);
  const name = `${label.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')}_${randomBytes(4).toString('hex')}`;
  const administrator = await connect(configFor(server), 'sqlextract tests');
  await administrator.rows(`CREATE DATABASE ${quoteName(name)}`);
  const [facts] = await administrator.rows("SELECT CONVERT(int, SERVERPROPERTY('Babelfish')) AS babelfish");
  const babelfish = facts?.['babelfish'] === '1';
  // Babelfish has no ALTER DATABASE; its snapshots are always on.
  for (const setting of babelfish ? [] : settings)
    await administrator.rows(`ALTER DATABASE ${quoteName(name)} ${setting}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const connection = await connect(configFor(url.href), 'sqlextract tests');
  return {
    url: url.href,
    name,
    babelfish,
    run: (sql) => connection.rows(sql),
    async [Symbol.asyncDispose]() {
      await connection.close();
      await dropDatabase((sql) => administrator.rows(sql), name, babelfish);
      await administrator.close();
    },
  };
}

const DROP_TRIES = 20;

/** A server notices that sessions were closed a little later. */
async function dropDatabase(run: (sql: string) => Promise<unknown>, name: string, babelfish: boolean): Promise<void> {
  if (!babelfish) await run(`ALTER DATABASE ${quoteName(name)} SET SINGLE_USER WITH ROLLBACK IMMEDIATE`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await run(`DROP DATABASE ${quoteName(name)}`);
      return;
    } catch (error) {
      if (attempt >= DROP_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
