import { randomBytes } from 'node:crypto';
import mysql, { type Connection, type ConnectionOptions } from 'mysql2/promise';
import { inject } from 'vitest';
import { findMariadb, installMariadbPackage } from './mariadb-binaries.ts';
import { startMariadbCluster } from './mariadb-cluster.ts';
import { startMariadbContainer } from './mariadb-container.ts';
import { canInstall } from './postgres-binaries.ts';
import { dockerWorks } from './postgres-container.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a user with all privileges, with its password and without a database. */
    mariadbUrl: string;
  }
}

/** A server that is there until `stop`, and not longer than this process, however that ends. */
export interface MariadbServer {
  /** Of a user with all privileges, with its password and without a database. */
  readonly url: string;
  readonly port: number;
  /** Of the server; null when it does not run on this machine as a process we started. */
  readonly pid: number | null;
  /** What it is, for a line of a log. */
  readonly origin: string;
  stop(): Promise<void>;
}

export interface FreshMariadb extends AsyncDisposable {
  readonly url: string;
  readonly name: string;
  /** Connected to the new database; several statements at once are taken. */
  readonly client: Connection;
}

/** How the tests name the server that they use instead of one of their own; the first that is set. */
export const MARIADB_URL_VARIABLES = ['SQLEXTRACT_TEST_MARIADB_URL', 'SQLEXTRACT_TEST_MYSQL_URL'] as const;

/**
 * Order: the URL in SQLEXTRACT_TEST_MARIADB_URL or SQLEXTRACT_TEST_MYSQL_URL; programs on this machine; Debian's package when root;
 * Docker. Throws one sentence that says what to do when there is none of them.
 */
export async function startMariadb(): Promise<MariadbServer> {
  for (const variable of MARIADB_URL_VARIABLES) {
    const given = process.env[variable];
    if (given === undefined || given === '') continue;
    const port = Number(new URL(given).port || 3306);
    return { url: given, port, pid: null, origin: variable, stop: () => Promise.resolve() };
  }
  return startOwnMariadb();
}

/** As `startMariadb`, but never one that was given. `settings` are on top of the tests' own, or instead of them. */
export async function startOwnMariadb(settings: Readonly<Record<string, string>> = {}): Promise<MariadbServer> {
  const binaries = mariadbPrograms();
  if (binaries !== null) return startMariadbCluster(binaries, settings);
  if (dockerWorks()) return startMariadbContainer(settings);
  throw new Error(
    `no MariaDB 10.6+ or MySQL 8+ for the tests: install it (Debian: apt-get install mariadb-server-core), start Docker, or set ${MARIADB_URL_VARIABLES[0]} to the URL of a user with all privileges`,
  );
}

/** Programs to start a server with, installed by Debian's package when that can be done; null: neither. */
function mariadbPrograms(): ReturnType<typeof findMariadb> {
  const installed = findMariadb();
  if (installed !== null || !canInstall()) return installed;
  installMariadbPackage();
  return findMariadb();
}

/** Inside tests: the server that tests/support/global-setup.ts started. */
export function mariadbUrl(): string {
  return inject('mariadbUrl');
}

/** A connection as a client other than the program has it: exact numbers, dates as text, utf8mb4, UTC. */
export async function connectMariadb(url: string, options: ConnectionOptions = {}): Promise<Connection> {
  const client = await mysql.createConnection({
    uri: url,
    charset: 'utf8mb4_general_ci',
    timezone: 'Z',
    dateStrings: true,
    jsonStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    multipleStatements: true,
    ...options,
  });
  // An idle connection whose server was stopped must not end the test process.
  client.on('error', () => {});
  await client.query("SET time_zone = '+00:00'");
  return client;
}

/** An empty database of its own for one test file, utf8mb4_general_ci; dropped when disposed, whoever is still connected to it. */
export async function freshMariadb(label: string, serverUrl: string = mariadbUrl()): Promise<FreshMariadb> {
  const name = `${label.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')}_${randomBytes(4).toString('hex')}`;
  const administrator = await connectMariadb(serverUrl);
  await administrator.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const client = await connectMariadb(url.href);
  return {
    url: url.href,
    name,
    client,
    async [Symbol.asyncDispose]() {
      client.destroy();
      await endSessionsOf(administrator, name);
      await administrator.query(`DROP DATABASE IF EXISTS ${name}`);
      await administrator.end();
    },
  };
}

/** DROP DATABASE would wait for their metadata locks. */
async function endSessionsOf(administrator: Connection, database: string): Promise<void> {
  const [sessions] = await administrator.query<mysql.RowDataPacket[]>(
    'SELECT id FROM information_schema.processlist WHERE db = ?',
    [database],
  );
  for (const session of sessions) {
    await administrator.query(`KILL CONNECTION ${String(session['id'])}`).catch(() => {});
  }
}
