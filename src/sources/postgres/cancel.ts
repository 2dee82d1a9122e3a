import { Connection } from 'pg';
import type pg from 'pg';
import type { SourceConfig } from '../source.ts';
import { postgresOptions } from './config.ts';
import { tlsOptions } from './tls.ts';

/** A server that does not answer a cancel for so long is left: the connection is closed. */
const PATIENCE_MS = 5_000;

/** The parts of node-postgres that its types leave out. */
interface Inside {
  readonly processID: number | null;
  readonly secretKey: number | null;
  readonly ssl: unknown;
  readonly connection: { readonly stream: { destroy(error?: Error): void } };
}

/** The server's number of the session; null when it never got one. */
export function backendId(client: pg.Client): number | null {
  return (client as unknown as Inside).processID;
}

/** Closes the socket at once; the query that runs rejects. */
export function dropConnection(client: pg.Client): void {
  (client as unknown as Inside).connection.stream.destroy();
}

/**
 * Ends a running query on the server and waits until it has ended here. The connection is usable afterwards (its transaction has failed),
 * unless the server does not answer: then it is closed.
 */
export async function stopQuery(client: pg.Client, config: SourceConfig, finished: Promise<unknown>): Promise<void> {
  const ended = finished.then(
    () => undefined,
    () => undefined,
  );
  const patience = setTimeout(() => dropConnection(client), PATIENCE_MS);
  try {
    await sendCancel(client as unknown as Inside, config);
    await ended;
  } finally {
    clearTimeout(patience);
  }
}

/**
 * A CancelRequest on a connection of its own (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS).
 * Resolves when the server has closed it, by which time the signal was sent; never rejects.
 */
async function sendCancel(client: Inside, config: SourceConfig): Promise<void> {
  const { processID, secretKey } = client;
  if (processID === null || secretKey === null) return;
  const options = postgresOptions(config);
  const ssl = client.ssl ? tlsOptions(options) : false;
  const connection = new Connection({ ssl }) as unknown as CancelConnection;
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = (): void => connection.cancel(processID, secretKey);
  connection.on('error', () => resolve());
  connection.on('end', () => resolve());
  connection.on('connect', () => (ssl === false ? cancel() : connection.requestSsl()));
  connection.on('sslconnect', cancel);
  const patience = setTimeout(resolve, PATIENCE_MS);
  if (options.host.startsWith('/')) connection.connect(`${options.host}/.s.PGSQL.${options.port}`);
  else connection.connect(options.port, options.host);
  await promise;
  clearTimeout(patience);
  connection.stream.destroy();
}

interface CancelConnection {
  readonly stream: { destroy(): void };
  on(event: string, listener: () => void): void;
  connect(port: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number): void;
}
