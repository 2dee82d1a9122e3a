import type { SnapshotToken } from '../../model/epoch.ts';
import type { Snapshot, SnapshotRequest } from '../source.ts';
import type { SqlServerConnection } from './connection.ts';
import { serverRemarks } from './isolation-words.ts';
import { lost, type Place, serverTime } from './transaction.ts';

/**
 * The database itself never changes: it is a database snapshot, or set READ_ONLY. All sessions read its one state, at any time. A
 * database snapshot is known again by name and time of creation, so that a killed run goes on in the same state.
 */
export async function frozenSnapshot({ connection, facts }: Place, request: SnapshotRequest): Promise<Snapshot> {
  const state = await frozenState(connection);
  if (state === null) throw lost('the database can be written to by now');
  const token: SnapshotToken = { kind: 'frozen', ...state };
  const { databaseSnapshot } = facts.isolation;
  const lease = databaseSnapshot ? { kind: 'database snapshot', ...state } : null;
  const { previous } = request;
  const resumed = lease !== null && previous !== null && JSON.stringify(previous) === JSON.stringify(lease);
  const what = databaseSnapshot ? `database snapshot ${facts.database}` : `read-only database ${facts.database}`;
  return {
    token,
    facts: {
      takenAt: databaseSnapshot ? state.created : await serverTime(connection),
      label: `${what} of ${state.created}`,
      shared: true,
      proof: { frozen: state.created },
    },
    lease,
    resumed,
    remarks: serverRemarks(facts),
    maxReaders: null,
    confirm: () => Promise.resolve(true),
    check: () => joinFrozen(connection, token),
    release: () => Promise.resolve(),
  };
}

/** Throws SNAPSHOT_LOST when the database is another, or can be written to. */
export async function joinFrozen(connection: SqlServerConnection, token: SnapshotToken): Promise<void> {
  const state = await frozenState(connection);
  if (state?.database === token['database'] && state?.created === token['created']) return;
  throw lost('the read-only database is another than at the start, or can be written to by now');
}

async function frozenState(
  connection: SqlServerConnection,
): Promise<{ readonly database: string; readonly created: string } | null> {
  const [row] = await connection.rows(
    `/* sqlextract:frozen */ SELECT d.name, CONVERT(varchar(33), d.create_date, 126) AS created
      FROM sys.databases d WHERE d.name = DB_NAME() AND (d.is_read_only = 1 OR d.source_database_id IS NOT NULL)`,
  );
  if (row === undefined) return null;
  return { database: String(row['name']), created: String(row['created']).trim().replace(' ', 'T') };
}
