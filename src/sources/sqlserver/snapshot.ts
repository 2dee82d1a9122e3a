import type { EpochFacts, SnapshotToken } from '../../model/epoch.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { Snapshot, SnapshotRequest } from '../source.ts';
import { alignedSnapshot } from './aligned-snapshot.ts';
import type { SqlServerConnection } from './connection.ts';
import { frozenSnapshot, joinFrozen } from './frozen-snapshot.ts';
import { oneState, OWN_SNAPSHOTS, perChunk, serverRemarks, switchOn } from './isolation-words.ts';
import { proofOf } from './row-versions.ts';
import type { ServerFacts } from './server-facts.ts';
import { beginSnapshot, leaveTransaction, type Place, serverTime, touchesOf } from './transaction.ts';

/**
 * SQL Server has no snapshot that sessions share. What an epoch is, by what the database allows and the request wants:
 *
 *   the database is a database snapshot, or read-only      every session reads its one state           frozen-snapshot.ts
 *   snapshots are allowed, and --allow-locks                readers begin while writers are kept out    aligned-snapshot.ts
 *   snapshots are allowed, and one state is required        one reader, whose snapshot is the epoch     aligned-snapshot.ts
 *   snapshots are allowed                                   every reader has a snapshot of its own
 *   neither                                                 every chunk reads what is committed
 *
 * Throws SNAPSHOT_UNAVAILABLE when one state is required and cannot be had.
 */
export async function takeSnapshot(place: Place, request: SnapshotRequest): Promise<Snapshot> {
  const { connection, facts } = place;
  await leaveTransaction(connection);
  if (request.mode === 'none') return noSnapshot(place, request, serverRemarks(facts));
  const { databaseSnapshot, frozen, snapshot, secondary } = facts.isolation;
  if (databaseSnapshot || frozen) return frozenSnapshot(place, request);
  if (!snapshot && !secondary) {
    if (request.required) throw unavailable(facts);
    const off = `snapshot isolation is off in ${facts.database}: ${switchOn(facts)}`;
    return noSnapshot(place, request, [...serverRemarks(facts), off, perChunk(facts)]);
  }
  const lockable =
    request.allowLocks && !facts.babelfish && !secondary && request.tables.every(({ kind }) => kind === 'table');
  if (lockable || request.required) return alignedSnapshot(place, request, lockable ? 'locks' : 'one reader');
  return ownSnapshots(place, request);
}

async function ownSnapshots(place: Place, request: SnapshotRequest): Promise<Snapshot> {
  const { connection, facts } = place;
  const token: SnapshotToken = { kind: 'own', touch: touchesOf(request) };
  const proof = await proofOf(connection, facts, request.tables);
  const takenAt = await serverTime(connection);
  await joinSnapshot(connection, token);
  const epoch: EpochFacts = {
    takenAt,
    label: `a snapshot per reader, from ${takenAt} on`,
    shared: false,
    spread: OWN_SNAPSHOTS,
    proof,
  };
  return simpleSnapshot(connection, token, epoch, [
    ...serverRemarks(facts),
    `${OWN_SNAPSHOTS}: for one state ${oneState(facts)}`,
  ]);
}

async function noSnapshot(place: Place, request: SnapshotRequest, remarks: readonly string[]): Promise<Snapshot> {
  const { connection, facts } = place;
  const proof = await proofOf(connection, facts, request.tables);
  const epoch: EpochFacts = {
    takenAt: await serverTime(connection),
    label: 'no snapshot: each chunk reads what is committed when it starts',
    shared: false,
    ...(request.mode === 'none' ? {} : { spread: perChunk(facts) }),
    proof,
  };
  return simpleSnapshot(connection, {}, epoch, remarks);
}

function simpleSnapshot(
  connection: SqlServerConnection,
  token: SnapshotToken,
  facts: EpochFacts,
  remarks: readonly string[],
): Snapshot {
  return {
    token,
    facts,
    lease: null,
    resumed: false,
    remarks,
    maxReaders: null,
    confirm: () => Promise.resolve(true),
    // Readers that lose their snapshots begin new ones: there is nothing that could be gone.
    check: () => Promise.resolve(),
    release: () => leaveTransaction(connection).catch(() => undefined),
  };
}

/**
 * The session reads inside the epoch from now on; an empty token leaves it outside of any transaction. Throws SNAPSHOT_LOST (verdict
 * epoch-lost) when the epoch takes nobody any more.
 */
export async function joinSnapshot(connection: SqlServerConnection, token: SnapshotToken): Promise<void> {
  await leaveTransaction(connection);
  switch (token['kind']) {
    case undefined:
      return;
    case 'frozen':
      return joinFrozen(connection, token);
    default:
      return beginSnapshot(connection, token);
  }
}

function unavailable(facts: ServerFacts): SqlextractError {
  return new SqlextractError({
    code: 'SNAPSHOT_UNAVAILABLE',
    message: `one state of the tables is required, and snapshot isolation is off in ${facts.database}`,
    hint: switchOn(facts),
    fault: 'configuration',
  });
}
