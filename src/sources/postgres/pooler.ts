import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { SourceConfig } from '../source.ts';
import { connect } from './connect.ts';
import { endConnection } from './open-connection.ts';

/**
 * Whether a pooler answers in the server's place: it makes up the process id of the startup message (BackendKeyData), the server's own function
 * tells the real one.
 */
export async function isPooled(client: pg.Client): Promise<boolean> {
  const { processID } = client as pg.Client & { readonly processID: number | null };
  return processID !== null && String(processID) !== (await backendId(client));
}

/**
 * False when a pooler hands its sessions from client to client, so that settings and snapshots do not last: a sign is left in the session,
 * another client begins a transaction and so is given the session that was used last, and the sign is looked for.
 */
export async function poolsWholeSessions(client: pg.Client, config: SourceConfig): Promise<boolean> {
  const sign = randomBytes(8).toString('hex');
  const backend = await backendId(client);
  await client.query('SELECT pg_catalog.set_config($1, $2, false)', ['sqlextract.session', sign]);
  const other = await connect(config, 'sqlextract probe');
  try {
    await other.query('BEGIN');
    const { rows } = await client.query<{ sign: string | null }>(
      "SELECT pg_catalog.current_setting('sqlextract.session', true) AS sign",
    );
    return rows[0]?.sign === sign && (await backendId(client)) === backend;
  } catch (error) {
    // Statement pooling: "transaction blocks not allowed".
    if ((error as { code?: unknown }).code === '08P01') return false;
    throw error;
  } finally {
    await endConnection(other);
  }
}

async function backendId(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>('SELECT pg_catalog.pg_backend_pid()::text AS id');
  return rows[0]?.id ?? '';
}
