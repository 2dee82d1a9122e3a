import { randomBytes } from 'node:crypto';
import type pg from 'pg';

/**
 * Whether a pooler answers in the server's place: it makes up the process id of the startup message (BackendKeyData), the server's own function
 * tells the real one.
 */
export async function isPooled(client: pg.Client): Promise<boolean> {
  const { processID } = client as pg.Client & { readonly processID: number | null };
  const backend = await backendId(client);
  return processID !== null && String(processID) !== backend;
}

export interface SessionMark {
  readonly value: string;
  readonly backend: string;
}

/** Leaves a sign in the session, to be looked for when another connection has had the chance to be given the same one. */
export async function markSession(client: pg.Client): Promise<SessionMark> {
  const value = randomBytes(8).toString('hex');
  await client.query('SELECT pg_catalog.set_config($1, $2, false)', ['sqlextract.session', value]);
  return { value, backend: await backendId(client) };
}

/** False when the pooler gave this client another session meanwhile, as it does when it pools transactions or statements. */
export async function sessionIsMarked(client: pg.Client, mark: SessionMark): Promise<boolean> {
  const { rows } = await client.query<{ value: string | null }>(
    "SELECT pg_catalog.current_setting('sqlextract.session', true) AS value",
  );
  return rows[0]?.value === mark.value && (await backendId(client)) === mark.backend;
}

async function backendId(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>('SELECT pg_catalog.pg_backend_pid()::text AS id');
  return rows[0]?.id ?? '';
}
