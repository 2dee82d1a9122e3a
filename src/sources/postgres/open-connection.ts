import type pg from 'pg';
import { Client } from 'pg';
import { SqlextractError } from '../../model/problem.ts';
import { RecyclingSocket } from '../recycling-socket.ts';
import type { SourceConfig } from '../source.ts';
import { dropConnection } from './cancel.ts';
import { type PostgresOptions, postgresOptions } from './config.ts';
import { connectionProblem } from './errors.ts';
import { tlsOptions } from './tls.ts';

/** Every value arrives as the text the server sent: no Date, no number, no parsed JSON. */
const TEXT_ONLY: pg.CustomTypesConfig = { getTypeParser: () => (value: string) => value };

/** A server that does not close a connection for so long after it was asked to is left. */
const ENDING_MS = 3_000;

/** Settings as the server has them, and nobody watches it: for the watchdog itself, and for what pins and watches. */
export async function openConnection(config: SourceConfig, applicationName: string): Promise<pg.Client> {
  return open(config, postgresOptions(config), applicationName);
}

/** Resolves when the connection is closed, in the end by force; never rejects. */
export async function endConnection(client: pg.Client): Promise<void> {
  const patience = setTimeout(() => dropConnection(client), ENDING_MS);
  await client.end().catch(() => undefined);
  clearTimeout(patience);
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
