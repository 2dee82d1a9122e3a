import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { TcpNetConnectOpts } from 'node:net';
import './lazy-azure.ts';
import mssql from 'mssql';
import { type Connection, Request } from 'tedious';
import { SqlextractError } from '../../model/problem.ts';
import { RecyclingSocket } from '../recycling-socket.ts';
import type { SourceConfig } from '../source.ts';
import { type Authentication, type SqlServerOptions, sqlServerOptions } from './config.ts';
import type { Cell, Row, SqlServerConnection } from './connection.ts';
import { connectionProblem } from './errors.ts';
import type { ColumnMetadata } from './wire-column.ts';

/** A server that does not answer the closing of a session for so long is left. */
const ENDING_MS = 3_000;
/** How long a cancelled statement may take to say so before the connection is dropped. */
const CANCEL_MS = 3_000;

/** Settings as the server has them, and nobody watches it: for the watchdog itself, and for what pins and watches. */
export async function openConnection(config: SourceConfig, applicationName: string): Promise<SqlServerConnection> {
  const pool = makePool(sqlServerOptions(config), applicationName);
  // Without a listener a connection that is cut while nobody waits for it would end the process.
  pool.on('error', () => undefined);
  try {
    const tedious = await connectionOf(pool);
    const [row] = await runBatch(tedious, '/* sqlextract:spid */ SELECT @@SPID AS spid');
    return {
      tedious,
      spid: Number(row?.['spid'] ?? 0),
      rows: (sql) => runBatch(tedious, sql),
      each: (sql, onRow) => execute(tedious, sql, (columns) => onRow(columns.map(({ value }) => value))),
      describe: (sql) => describeResult(tedious, sql),
      close: () => closed(tedious),
    };
  } catch (error) {
    throw connectionProblem(error, config);
  }
}

/**
 * The pool's own way to make a connection, which its typings leave out. `pool.connect()` logs in twice, once only to try, and hands the connection to
 * whoever asks next; a session here owns its connection, with the transaction and the settings in it.
 */
function connectionOf(pool: mssql.ConnectionPool): Promise<Connection> {
  return (pool as unknown as Record<'_poolCreate', () => Promise<Connection>>)['_poolCreate']();
}

async function closed(tedious: Connection): Promise<void> {
  if (tedious.closed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const patience = setTimeout(resolve, ENDING_MS);
  tedious.once('end', resolve);
  tedious.close();
  await promise;
  clearTimeout(patience);
}

/** Numbers of `tedious` are doubles: what must be exact is rendered as text by the statement. */
async function runBatch(tedious: Connection, sql: string): Promise<readonly Row[]> {
  let rows: Row[] = [];
  const begin = (): void => void (rows = []);
  await execute(
    tedious,
    sql,
    (columns) => {
      rows.push(Object.fromEntries(columns.map(({ metadata, value }) => [metadata.colName, cellOf(value)])));
    },
    begin,
  );
  return rows;
}

async function describeResult(tedious: Connection, sql: string): Promise<readonly ColumnMetadata[]> {
  let described: readonly ColumnMetadata[] = [];
  await execute(
    tedious,
    sql,
    () => undefined,
    (columns) => void (described = columns),
  );
  return described;
}

interface ArrivedColumn {
  readonly metadata: { readonly colName: string };
  readonly value: unknown;
}

function execute(
  tedious: Connection,
  sql: string,
  onRow: (columns: readonly ArrivedColumn[]) => void,
  onResult: (columns: readonly ColumnMetadata[]) => void = () => undefined,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // What is thrown inside the driver's event would end the process.
  let thrown: { readonly error: unknown } | null = null;
  const request = new Request(sql, (error: Error | null | undefined) => {
    if (thrown !== null) reject(thrown.error);
    else if (error) reject(error);
    else resolve();
  });
  request.on('columnMetadata', (columns) => onResult(columns as unknown as readonly ColumnMetadata[]));
  request.on('row', (columns: readonly ArrivedColumn[]) => {
    try {
      if (thrown === null) onRow(columns);
    } catch (error) {
      thrown = { error };
    }
  });
  tedious.execSqlBatch(request);
  return promise;
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (value instanceof Uint8Array || typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return `${value}`;
  return value instanceof Date ? value.toISOString() : JSON.stringify(value);
}

/** What the driver would connect by itself, with a socket whose buffers are used again. */
async function openSocket(to: TcpNetConnectOpts, _lookup: unknown, signal: AbortSignal): Promise<RecyclingSocket> {
  signal.throwIfAborted();
  const socket = new RecyclingSocket();
  const destroy = (): void => void socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', destroy);
  try {
    socket.connect(to);
    await once(socket, 'connect');
  } finally {
    signal.removeEventListener('abort', destroy);
  }
  return socket;
}

/**
 * Four times the default: every packet costs the driver several objects. The most that a server takes of an encrypted connection is 16,383
 * (https://learn.microsoft.com/sql/database-engine/configure-windows/configure-the-network-packet-size-server-configuration-option).
 */
const PACKET_BYTES = 16_000;

function makePool(options: SqlServerOptions, applicationName: string): mssql.ConnectionPool {
  const { host, port, instance, database, connectTimeoutMs } = options;
  const settings = {
    server: host,
    ...(instance === null ? { port } : {}),
    ...(database === null ? {} : { database }),
    authentication: loginOf(options.authentication),
    connectionTimeout: connectTimeoutMs,
    requestTimeout: 0,
    options: {
      ...(instance === null ? {} : { instanceName: instance }),
      encrypt: options.encrypt,
      trustServerCertificate: options.trustServerCertificate,
      ...(options.hostNameInCertificate === null ? {} : { serverName: options.hostNameInCertificate }),
      ...certificates(options.rootCertificate),
      readOnlyIntent: options.readOnlyIntent,
      appName: applicationName,
      cancelTimeout: CANCEL_MS,
      connectTimeout: connectTimeoutMs,
      requestTimeout: 0,
      packetSize: PACKET_BYTES,
      // TLS reads below the socket.
      ...(options.encrypt === false ? { connector: openSocket } : {}),
      // The run tries again by its own budget.
      maxRetriesOnTransientErrors: 0,
      useUTC: true,
      ...(options.encrypt === 'strict' ? { tdsVersion: '8_0' } : {}),
    },
  };
  return new mssql.ConnectionPool(settings as unknown as mssql.config);
}

function loginOf(authentication: Authentication): object {
  switch (authentication.kind) {
    case 'sql':
      return { type: 'default', options: { userName: authentication.user, password: authentication.password ?? '' } };
    case 'ntlm': {
      const { user, password, domain } = authentication;
      return { type: 'ntlm', options: { userName: user, password: password ?? '', domain } };
    }
    case 'access-token':
      return { type: 'azure-active-directory-access-token', options: { token: authentication.token } };
    case 'azure-default': {
      const { clientId } = authentication;
      return { type: 'azure-active-directory-default', options: clientId === null ? {} : { clientId } };
    }
    default:
      return authentication satisfies never;
  }
}

function certificates(path: string | null): object {
  if (path === null) return {};
  try {
    return { cryptoCredentialsDetails: { ca: readFileSync(path) } };
  } catch (error) {
    throw new SqlextractError(
      {
        code: 'SOURCE_TLS',
        message: `the file of certificate authorities ${path} cannot be read`,
        hint: 'check ?ca=<file> in the source URL',
        fault: 'configuration',
      },
      error,
    );
  }
}
