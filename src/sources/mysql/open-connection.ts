import { type Connection, createConnection } from 'mysql2';
import type { SourceConfig } from '../source.ts';
import { type MysqlOptions, mysqlOptions } from './config.ts';
import { dropConnection } from './drop-connection.ts';
import { connectionProblem } from './errors.ts';
import { openRecyclingSocket } from './open-socket.ts';
import { tlsOptions, verifyAddress } from './tls.ts';

/** A server that does not close a connection for so long after it was asked to is left. */
const ENDING_MS = 3_000;

/** Settings as the server has them, and nobody watches it: for the watchdog itself, and for what pins and watches. */
export async function openConnection(config: SourceConfig, applicationName: string): Promise<Connection> {
  return open(config, mysqlOptions(config), applicationName);
}

/** For `load`: settings as the server has them, and LOAD DATA LOCAL is possible, for statements that bring a stream of their own. */
export async function connectForLoading(config: SourceConfig, applicationName: string): Promise<Connection> {
  return open(config, mysqlOptions(config), applicationName, true);
}

/** Resolves when the connection is closed, in the end by force; never rejects. */
export function endConnection(connection: Connection): Promise<void> {
  return new Promise((resolve) => {
    const patience = setTimeout(() => {
      dropConnection(connection);
      resolve();
    }, ENDING_MS);
    connection.end(() => {
      clearTimeout(patience);
      connection.destroy();
      // The server closes its half; one that has fallen silent would keep this process alive.
      setTimeout(() => dropConnection(connection), ENDING_MS).unref();
      resolve();
    });
  });
}

async function open(
  config: SourceConfig,
  options: MysqlOptions,
  applicationName: string,
  loads = false,
): Promise<Connection> {
  try {
    return await openOnce(options, applicationName, true, loads);
  } catch (error) {
    const noTls = (error as { code?: unknown }).code === 'HANDSHAKE_NO_SSL_SUPPORT';
    if (options.tls !== 'preferred' || !noTls) throw connectionProblem(error, config);
  }
  try {
    return await openOnce(options, applicationName, false, loads);
  } catch (error) {
    throw connectionProblem(error, config);
  }
}

function openOnce(
  options: MysqlOptions,
  applicationName: string,
  withTls: boolean,
  loads: boolean,
): Promise<Connection> {
  const ssl = withTls ? tlsOptions(options) : undefined;
  const connection = createConnection({
    ...(options.socket === null ? { host: options.host, port: options.port } : { socketPath: options.socket }),
    user: options.user,
    ...(options.password === null ? {} : { password: options.password }),
    ...(options.database === '' ? {} : { database: options.database }),
    ...(ssl === undefined
      ? { stream: () => openRecyclingSocket(options.host, options.port, options.socket) }
      : { ssl }),
    charset: 'utf8mb4_general_ci',
    connectTimeout: options.connectTimeoutMs,
    enableKeepAlive: true,
    keepAliveInitialDelay: 30_000,
    multipleStatements: false,
    // The server may not ask a reader for a file of this machine; compressed bytes are nothing the row scanner knows.
    flags: [...(loads ? [] : ['-LOCAL_FILES']), '-IGNORE_SPACE', '-ODBC', '-COMPRESS'],
    connectAttributes: { program_name: applicationName },
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    jsonStrings: true,
  });
  verifyAddress(connection, options);
  return new Promise((resolve, reject) => {
    connection.on('error', () => undefined);
    connection.connect((error) => {
      if (error === null || error === undefined) return resolve(connection);
      dropConnection(connection);
      reject(error);
    });
  });
}
