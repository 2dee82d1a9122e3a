import type pg from 'pg';
import type { EpochFacts } from '../../model/epoch.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import type { HeldSnapshot, LockTarget } from './holder-protocol.ts';
import { lockTables, wasRewritten } from './lock-tables.ts';

const ATTEMPTS = 3;

/**
 * Begins the transaction that carries an epoch: locks, then the snapshot, then its export. The snapshot lives as long as the transaction.
 * Throws SOURCE_LOCKED, SOURCE_CHANGED, SNAPSHOT_UNAVAILABLE (a server without exported snapshots) or the server's error.
 */
export async function holdSnapshot(client: pg.Client, tables: readonly LockTarget[]): Promise<HeldSnapshot> {
  for (let attempt = 1; ; attempt += 1) {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    await lockTables(client, tables);
    const held = await exportSnapshot(client);
    const changed = await wasRewritten(client, tables);
    if (changed === null) return held;
    await client.query('ROLLBACK');
    if (attempt === ATTEMPTS) throw changedProblem(changed);
  }
}

/** Adds tables to a held snapshot. The answer is the reason why one of them cannot be read in it; null when all can. */
export async function extendSnapshot(client: pg.Client, tables: readonly LockTarget[]): Promise<string | null> {
  await client.query('SAVEPOINT before_extend');
  try {
    await lockTables(client, tables);
    const changed = await wasRewritten(client, tables);
    if (changed === null) {
      await client.query('RELEASE SAVEPOINT before_extend');
      return null;
    }
    await client.query('ROLLBACK TO SAVEPOINT before_extend');
    return `table ${displayName(changed)} was rewritten or created after the snapshot`;
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT before_extend');
    return error instanceof Error ? error.message : String(error);
  }
}

interface ExportRow extends Moment {
  readonly snapshot: string;
}

interface Moment {
  readonly xmin: string;
  readonly xmax: string;
  readonly wal: string;
  readonly taken_at: string;
  /** A standby only: ` of a standby that has replayed …`. */
  readonly replayed: string;
}

async function exportSnapshot(client: pg.Client): Promise<HeldSnapshot> {
  const row = await exportedRow(client);
  const facts = await factsOf(client, row);
  return {
    snapshot: row.snapshot,
    facts: { ...facts, label: `snapshot ${row.snapshot} at WAL ${row.wal}${row.replayed}`, shared: true },
  };
}

type MomentFacts = Pick<EpochFacts, 'takenAt' | 'proof'>;

/**
 * When readers without a common snapshot begin: nothing is read before it, so that it is as good a beginning for `rowsSince`. A server that does
 * not know of snapshots (see `exportedRow`) has no proof. Not inside a transaction.
 */
export async function momentFacts(client: pg.Client): Promise<MomentFacts> {
  try {
    const { rows } = await client.query<Moment>(`SELECT ${MOMENT}`);
    const [row] = rows;
    if (row === undefined) throw new Error('the server told no moment');
    return await factsOf(client, row);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const { rows } = await client.query<Pick<Moment, 'taken_at'>>(`SELECT ${TAKEN_AT}`);
    return { takenAt: rows[0]?.taken_at ?? new Date().toISOString(), proof: {} };
  }
}

async function factsOf(client: pg.Client, { xmin, xmax, wal, taken_at }: Moment): Promise<MomentFacts> {
  const server = await serverLine(client);
  return { takenAt: taken_at, proof: { xmin, xmax, wal, takenAt: taken_at, ...server } };
}

const inUtc = (moment: string) => `pg_catalog.to_char(${moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const TAKEN_AT = `${inUtc('pg_catalog.statement_timestamp()')} AS taken_at`;

const MOMENT = `
              pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text AS xmin,
              pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text AS xmax,
              (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                    ELSE pg_catalog.pg_current_wal_lsn() END)::text AS wal,
              CASE WHEN pg_catalog.pg_is_in_recovery() THEN ' of a standby that has replayed what was committed until ' ||
                coalesce(${inUtc('pg_catalog.pg_last_xact_replay_timestamp()')}, 'it started') ELSE '' END AS replayed,
              ${TAKEN_AT}`;

async function exportedRow(client: pg.Client): Promise<ExportRow> {
  try {
    const { rows } = await client.query<ExportRow>(`SELECT pg_catalog.pg_export_snapshot() AS snapshot, ${MOMENT}`);
    const [row] = rows;
    if (row === undefined) throw new Error('pg_export_snapshot() gave no row');
    return row;
  } catch (error) {
    if (isMissing(error)) throw unavailable('the server cannot export a snapshot', error);
    throw error;
  }
}

/** No such function (Redshift and others that only look like PostgreSQL), or a server that forbids the export. */
function isMissing(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === '42883' || code === '0A000';
}

/**
 * `systemId`, `timeline` and `standby` tell one history of transaction ids from another: after a restore or a failover an id can have
 * been given twice. What this user may not ask is left out.
 */
export async function serverLine(client: pg.Client): Promise<Readonly<Record<string, string>>> {
  const { rows } = await client.query<{ allowed: string; standby: string }>(
    `SELECT (pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
             AND pg_catalog.has_function_privilege('pg_catalog.pg_control_checkpoint()', 'EXECUTE'))::text AS allowed,
            pg_catalog.pg_is_in_recovery()::text AS standby`,
  );
  const standby = rows[0]?.standby === 'true';
  if (rows[0]?.allowed !== 'true') return { standby: String(standby) };
  // The control file's timeline lags behind a promotion, the name of the current WAL file does not; a standby has only the former.
  const timeline = standby
    ? "pg_catalog.lpad(pg_catalog.to_hex((SELECT timeline_id FROM pg_catalog.pg_control_checkpoint())), 8, '0')"
    : 'pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8)';
  const line = await client.query<{ system: string; timeline: string }>(
    `SELECT system_identifier::text AS system, pg_catalog.upper(${timeline}) AS timeline FROM pg_catalog.pg_control_system()`,
  );
  const [row] = line.rows;
  return { standby: String(standby), ...(row === undefined ? {} : { systemId: row.system, timeline: row.timeline }) };
}

function unavailable(message: string, cause?: unknown): SqlextractError {
  return new SqlextractError(
    {
      code: 'SNAPSHOT_UNAVAILABLE',
      message,
      hint: 'connect to the server directly, or read every chunk as of its own time with --consistency chunk',
      fault: 'source',
    },
    cause,
  );
}

function changedProblem(table: LockTarget): SqlextractError {
  return new SqlextractError({
    code: 'SOURCE_CHANGED',
    message: `table ${displayName(table)} is being dropped, rewritten or refreshed again and again while its snapshot is taken`,
    hint: 'run again when that has ended',
    fault: 'source',
    verdict: 'retry',
  });
}
