import type { SnapshotToken } from '../../model/epoch.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { SnapshotRequest, SourceConfig } from '../source.ts';
import type { SqlServerConnection } from './connection.ts';
import { isMemoryOptimized } from './memory-optimized.ts';
import { quoteTable } from './quote.ts';
import type { ServerFacts } from './server-facts.ts';
import { isGateShut } from './session-lock.ts';

/** One session with what is known of its server. */
export interface Place {
  readonly connection: SqlServerConnection;
  readonly config: SourceConfig;
  readonly facts: ServerFacts;
  /** Another session for what a snapshot needs kept. It belongs to the one that asks: closed with it, or when it takes its next snapshot. */
  openKeeper(): Promise<SqlServerConnection>;
}

/** A snapshot begins with the first read of a table, not with BEGIN. Throws SNAPSHOT_LOST when the token's gate is shut. */
export async function beginSnapshot(connection: SqlServerConnection, token: SnapshotToken): Promise<void> {
  const { gate } = token;
  if (gate !== undefined && (await isGateShut(connection, gate))) {
    throw lost('its readers have begun, and a session that comes later would see another state');
  }
  await connection.rows('/* sqlextract:begin */ SET TRANSACTION ISOLATION LEVEL SNAPSHOT');
  await connection.rows('/* sqlextract:begin */ BEGIN TRANSACTION');
  for (const table of JSON.parse(token['touch'] ?? '[]') as readonly { schema: string; name: string }[]) {
    await connection.rows(`/* sqlextract:touch */ SELECT TOP (1) 1 AS one FROM ${quoteTable(table)}`);
  }
}

/** Ends what a session is in; the isolation level is set outside of transactions only (error 3951). */
export async function leaveTransaction(connection: SqlServerConnection): Promise<void> {
  await connection.rows('/* sqlextract:leave */ IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION');
  await connection.rows('/* sqlextract:leave */ SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
}

/** As the server says it: the driver does not hear of every transaction that a batch begins. */
export async function inTransaction(connection: SqlServerConnection): Promise<boolean> {
  const [row] = await connection.rows('/* sqlextract:transaction */ SELECT @@TRANCOUNT AS depth');
  return Number(row?.['depth'] ?? 0) > 0;
}

/** The tables that a reader reads one row of, so that its snapshot begins; a free query could be too costly for that. */
export function touchesOf(request: SnapshotRequest): string {
  const tables = request.tables.filter((table) => table.kind === 'table' && !isMemoryOptimized(table));
  return JSON.stringify(tables.map(({ schema, name }) => ({ schema, name })));
}

/** ISO 8601 by the server's clock. */
export async function serverTime(connection: SqlServerConnection): Promise<string> {
  const [row] = await connection.rows(
    '/* sqlextract:clock */ SELECT CONVERT(varchar(33), SYSUTCDATETIME(), 126) AS now',
  );
  const now = row?.['now'];
  return typeof now === 'string' ? `${now.trim().replace(' ', 'T')}Z` : new Date().toISOString();
}

export function lost(reason: string, cause?: unknown): SqlextractError {
  return new SqlextractError(
    {
      code: 'SNAPSHOT_LOST',
      message: `the snapshot of this run has ended: ${reason}`,
      hint: 'what is left can only be read from a newer snapshot; --consistency require stops instead',
      fault: 'source',
      verdict: 'epoch-lost',
    },
    cause,
  );
}
