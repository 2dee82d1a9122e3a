import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import { canInstall, findBinaries, installDebianPackage } from './postgres-binaries.ts';
import { dockerWorks, startContainer } from './postgres-container.ts';
import { startCluster } from './postgres-cluster.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a superuser, with its password. */
    postgresUrl: string;
  }
}

/** A server that is there until `stop`, and not longer than this process, however that ends. */
export interface PostgresServer {
  /** Of a superuser, with its password. */
  readonly url: string;
  readonly port: number;
  /** Of the postmaster; null when it does not run on this machine as a process we started. */
  readonly pid: number | null;
  /** What it is, for a line of a log. */
  readonly origin: string;
  stop(): Promise<void>;
}

export interface FreshDatabase extends AsyncDisposable {
  readonly url: string;
  readonly name: string;
  /** Connected to the new database, as its owner. */
  readonly client: Client;
}

/** How the tests name the server that they use instead of one of their own. */
export const URL_VARIABLE = 'SQLEXTRACT_TEST_POSTGRES_URL';

/**
 * Order: the URL in SQLEXTRACT_TEST_POSTGRES_URL; programs on this machine; Debian's package when root; Docker.
 * Throws one sentence that says what to do when there is none of them.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const given = process.env[URL_VARIABLE];
  if (given !== undefined && given !== '') {
    const port = Number(new URL(given).port || 5432);
    return { url: given, port, pid: null, origin: URL_VARIABLE, stop: () => Promise.resolve() };
  }
  const installed = findBinaries();
  if (installed !== null) return startCluster(installed);
  if (canInstall()) {
    installDebianPackage();
    const fresh = findBinaries();
    if (fresh !== null) return startCluster(fresh);
  }
  if (dockerWorks()) return startContainer();
  throw new Error(
    `no PostgreSQL 13–18 for the tests: install it (Debian: apt-get install postgresql), start Docker, or set ${URL_VARIABLE} to the URL of a superuser`,
  );
}

/** Inside tests: the server that tests/support/global-setup.ts started. */
export function postgresUrl(): string {
  return inject('postgresUrl');
}

/** An empty database of its own for one test file; dropped, with everyone still connected to it, when disposed. */
export async function freshDatabase(label: string, serverUrl: string = postgresUrl()): Promise<FreshDatabase> {
  const name = `${label.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')}_${randomBytes(4).toString('hex')}`;
  await asAdministrator(serverUrl, `CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const client = new Client({ connectionString: url.href });
  await client.connect();
  return {
    url: url.href,
    name,
    client,
    async [Symbol.asyncDispose]() {
      await client.end();
      await asAdministrator(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function asAdministrator(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
