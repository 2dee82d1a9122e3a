import type pg from 'pg';
import { Client } from 'pg';
import { SqlextractError } from '../../model/problem.ts';
import type { SourceConfig } from '../source.ts';
import { type PostgresOptions, postgresOptions } from './config.ts';
import { dropConnection } from './cancel.ts';
import { connectionProblem } from './errors.ts';
import { pinSession } from './pin-session.ts';
import { RecyclingSocket } from '../recycling-socket.ts';
import { tlsOptions } from './tls.ts';
import { watchAnswer } from './watchdog.ts';

export { parsePostgres } from './config.ts';

/** Every value arrives as the text the server sent: no Date, no number, no parsed JSON. */
const TEXT_ONLY: pg.CustomTypesConfig = { getTypeParser: () => (value: string) => value };

/** A server that does not close a connection for so long after it was asked to is left. */
const ENDING_MS = 3_000;

/**
 * A connected client whose session settings are pinned (pin-session.ts), whose values are plain text, and whose queries reject with
 * SOURCE_STALLED when the connection has gone silent (watchdog.ts). It has an 'error' listener, so that a cut connection rejects the query that
 * runs instead of ending the process. Throws SqlextractError.
 */
export async function connect(config: SourceConfig, applicationName: string): Promise<pg.Client> {
  const client = await open(config, postgresOptions(config), applicationName);
  watchQueries(client, config);
  try {
    await pinSession(client);
    return client;
  } catch (error) {
    await endConnection(client);
    throw connectionProblem(error, config);
  }
}

/** For the watchdog itself: settings as the server has them. */
export async function connectUnwatched(config: SourceConfig, applicationName: string): Promise<pg.Client> {
  return open(config, postgresOptions(config), applicationName);
}

/** Resolves when the connection is closed, in the end by force; never rejects. */
export async function endConnection(client: pg.Client): Promise<void> {
  const patience = setTimeout(() => dropConnection(client), ENDING_MS);
  await client.end().catch(() => undefined);
  clearTimeout(patience);
}

/** Of the forms of `query` only those that answer with a promise: a COPY and a cursor are watched by who reads them. */
function watchQueries(client: pg.Client, config: SourceConfig): void {
  const query = client.query.bind(client) as (...request: unknown[]) => unknown;
  const watched = (...request: unknown[]): unknown => {
    const answer = query(...request);
    return answer instanceof Promise ? watchAnswer(client, config, answer) : answer;
  };
  Object.assign(client, { query: watched });
}

async function open(config: SourceConfig, options: PostgresOptions, applicationName: string): Promise<pg.Client> {
  try {
    return await openOnce(options, applicationName, tlsOptions(options));
  } catch (error) {
    const noTls = error instanceof Error && error.message.includes('does not support SSL');
    if (options.tls !== 'prefer' || !noTls) throw connectionProblem(error, config);
  }
  try {
    return await openOnce(options, applicationName, false);
  } catch (error) {
    throw connectionProblem(error, config);
  }
}

async function openOnce(
  options: PostgresOptions,
  applicationName: string,
  ssl: ReturnType<typeof tlsOptions>,
): Promise<pg.Client> {
  const client = new Client({
    host: options.host,
    port: options.port,
    user: options.user,
    database: options.database,
    // A function, because an absent password would let node-postgres read PGPASSWORD and files by itself.
    password: () => requirePassword(options),
    ssl,
    ...(ssl === false ? { stream: () => new RecyclingSocket() } : {}),
    types: TEXT_ONLY,
    application_name: applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    enableChannelBinding: options.channelBinding,
    sslnegotiation: 'postgres',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    // Ends the socket of a half-open connection, which would otherwise keep the process alive.
    void client.end().catch(() => undefined);
    throw error;
  }
}

function requirePassword(options: PostgresOptions): string {
  if (options.password !== null) return options.password;
  throw new SqlextractError({
    code: 'SOURCE_AUTH',
    message: `the server asks for the password of ${options.user}, and none was given`,
    hint: 'set PGPASSWORD, or add a line to ~/.pgpass (mode 0600)',
    fault: 'configuration',
  });
}
