import type pg from 'pg';
import type { SnapshotLease, SnapshotToken } from '../../model/epoch.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { Snapshot, SnapshotRequest, SourceConfig } from '../source.ts';
import { type AttendedHolder, attend, startHolder } from './holder-client.ts';
import { SpareHolder } from './holder-process.ts';
import { momentFacts } from './hold-snapshot.ts';
import type { LockTarget } from './holder-protocol.ts';
import { lockTables } from './lock-tables.ts';
import { isPooled, poolsWholeSessions } from './pooler.ts';
import { lockTargets } from './query-relations.ts';

/**
 * Starts an epoch, or joins the one whose holder the lease names. The client itself reads inside it from then on.
 * Throws SNAPSHOT_UNAVAILABLE, SOURCE_LOCKED, SOURCE_CHANGED, HOLDER_FAILED, and what connecting throws.
 */
export async function takeSnapshot(
  client: pg.Client,
  config: SourceConfig,
  request: SnapshotRequest,
  spare: SpareHolder = new SpareHolder(),
): Promise<Snapshot> {
  await client.query('ROLLBACK');
  const pooled = await isPooled(client);
  if (pooled && !(await poolsWholeSessions(client, config))) throw pooledProblem();
  const remarks = pooled ? [POOLER] : [];
  if (request.mode === 'none') return noSnapshot(client, remarks);
  const tables = await lockTargets(client, request.tables);
  const resumed = request.previous === null ? null : await rejoin(client, request.previous, tables);
  if (resumed !== null) return sharedSnapshot(client, resumed, tables, true, remarks);
  const holder = await startHolder(spare.take(), config, tables, request.holdMs, request.runtimeFolder);
  try {
    await joinSnapshot(client, tokenOf(holder, tables));
    return await sharedSnapshot(client, holder, tables, false, remarks);
  } catch (error) {
    await holder.release();
    throw error;
  }
}

/** Null when the holder, or the snapshot it thinks it has, is gone. */
async function rejoin(
  client: pg.Client,
  previous: SnapshotLease,
  tables: readonly LockTarget[],
): Promise<AttendedHolder | null> {
  const holder = await attend(previous, tables);
  if (holder === null) return null;
  try {
    await joinSnapshot(client, tokenOf(holder, tables));
    return holder;
  } catch (error) {
    if (!(error instanceof SqlextractError) || error.problem.verdict !== 'epoch-lost') throw error;
    await holder.release();
    return null;
  }
}

async function sharedSnapshot(
  client: pg.Client,
  holder: AttendedHolder,
  tables: readonly LockTarget[],
  resumed: boolean,
  remarks: readonly string[],
): Promise<Snapshot> {
  const standby = await standbyRemark(client);
  return {
    token: tokenOf(holder, tables),
    facts: holder.held.facts,
    lease: holder.lease,
    resumed,
    remarks: standby === null ? remarks : [...remarks, standby],
    maxReaders: null,
    confirm: () => Promise.resolve(true),
    async check() {
      const reason = await holder.check();
      if (reason !== null) throw lost(reason);
    },
    async release() {
      // The connection may have been cut by then; its transaction has ended with it.
      await client.query('ROLLBACK').catch(() => undefined);
      await holder.release();
    },
  };
}

async function noSnapshot(client: pg.Client, remarks: readonly string[]): Promise<Snapshot> {
  const facts = await momentFacts(client);
  return {
    token: {},
    facts: { ...facts, label: 'no snapshot: each chunk reads what is committed when it starts', shared: false },
    lease: null,
    resumed: false,
    remarks,
    maxReaders: null,
    confirm: () => Promise.resolve(true),
    check: () => Promise.resolve(),
    release: () => Promise.resolve(),
  };
}

function tokenOf(holder: AttendedHolder, tables: readonly LockTarget[]): SnapshotToken {
  const targets = tables.map(({ schema, name, kind, objectId }) => ({ schema, name, kind, objectId }));
  return { snapshot: holder.held.snapshot, holder: holder.lease.id ?? '', tables: JSON.stringify(targets) };
}

/**
 * The client reads inside the epoch from now on, in a transaction that stays open; an empty token leaves it outside of any transaction.
 * Throws SNAPSHOT_LOST (verdict epoch-lost) when the server does not know the snapshot any more, SOURCE_LOCKED (verdict retry).
 */
export async function joinSnapshot(client: pg.Client, token: SnapshotToken): Promise<void> {
  await client.query('ROLLBACK');
  const { snapshot } = token;
  if (snapshot === undefined) return;
  if (!/^[0-9A-Fa-f]+(-[0-9A-Fa-f]+)*$/.test(snapshot)) throw lost(`${snapshot} is no snapshot's name`);
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  try {
    await client.query(`SET TRANSACTION SNAPSHOT '${snapshot}'`);
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    const code = String((error as { code?: unknown }).code);
    // invalid_parameter_value; undefined_object since 17; object_not_in_prerequisite_state on Aurora.
    if (['22023', '42704', '55000'].includes(code)) throw lost((error as Error).message, error);
    throw error;
  }
  await lockEarly(client, JSON.parse(token['tables'] ?? '[]') as readonly LockTarget[]);
}

/**
 * Now rather than at the first read of a table: a TRUNCATE that came in between waits for the holder, this session's lock waits
 * behind the TRUNCATE, and so nobody would ever go on. What else can go wrong (too many partitions for the server's lock table) is
 * no reason not to read.
 */
async function lockEarly(client: pg.Client, tables: readonly LockTarget[]): Promise<void> {
  await client.query('SAVEPOINT before_locks');
  try {
    await lockTables(client, tables);
    await client.query('RELEASE SAVEPOINT before_locks');
  } catch (error) {
    if (error instanceof SqlextractError) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
    await client.query('ROLLBACK TO SAVEPOINT before_locks');
  }
}

function lost(reason: string, cause?: unknown): SqlextractError {
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

const POOLER = 'a connection pooler sits between: settings and snapshots are only safe while it pools whole sessions';

function pooledProblem(): SqlextractError {
  return new SqlextractError({
    code: 'SNAPSHOT_UNAVAILABLE',
    message: 'a connection pooler hands sessions from client to client, so neither settings nor snapshots last',
    hint: "connect to the server's own port instead of the pooler's, or have it pool whole sessions (pool_mode=session)",
    fault: 'configuration',
  });
}

/** Null on a primary, and on a standby whose settings let a reader finish. */
async function standbyRemark(client: pg.Client): Promise<string | null> {
  const { rows } = await client.query<{ standby: string; feedback: string; delay: string }>(
    `SELECT pg_catalog.pg_is_in_recovery()::text AS standby,
            pg_catalog.current_setting('hot_standby_feedback') AS feedback,
            pg_catalog.current_setting('max_standby_streaming_delay') AS delay`,
  );
  const [row] = rows;
  if (row === undefined || row.standby !== 'true' || row.feedback === 'on' || row.delay === '-1') return null;
  return (
    'the server is a standby: a conflict with recovery can end the snapshot ' +
    `(hot_standby_feedback is ${row.feedback}, max_standby_streaming_delay is ${row.delay})`
  );
}
