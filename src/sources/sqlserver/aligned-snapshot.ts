import type { SnapshotToken } from '../../model/epoch.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import type { Snapshot, SnapshotRequest } from '../source.ts';
import type { SqlServerConnection } from './connection.ts';
import { classifySqlServer } from './errors.ts';
import { serverRemarks } from './isolation-words.ts';
import { isMemoryOptimized } from './memory-optimized.ts';
import { quoteTable } from './quote.ts';
import { proofOf } from './row-versions.ts';
import { newGate, shutGate } from './session-lock.ts';
import { beginSnapshot, leaveTransaction, lost, type Place, serverTime, touchesOf } from './transaction.ts';

/**
 * Snapshots of several sessions that show one state, or one session alone.
 *
 *   locks:       keeper takes a shared lock on every table ─▶ readers and coordinator begin ─▶ confirm: gate shut, locks let go
 *   one reader:                                               the reader begins             ─▶ confirm: gate shut
 *
 * While the locks are held nobody can commit a change of the tables, so that whenever a reader's snapshot begins, it shows the same
 * rows. A session that comes after the gate was shut, also one that was lost and is made anew, is refused with the verdict epoch-lost.
 */
export async function alignedSnapshot(
  place: Place,
  request: SnapshotRequest,
  means: 'locks' | 'one reader',
): Promise<Snapshot> {
  const { connection, facts } = place;
  const keeper = await place.openKeeper();
  try {
    const gate = newGate();
    const token: SnapshotToken = { kind: means, gate, touch: touchesOf(request) };
    if (means === 'locks') await lockTables(keeper, request);
    const proof = await proofOf(connection, facts, request.tables);
    const takenAt = await serverTime(connection);
    if (means === 'locks') await beginSnapshot(connection, token);
    const label =
      means === 'locks'
        ? `snapshots begun together at ${takenAt}`
        : `the snapshot of one session, begun after ${takenAt}`;
    return {
      token,
      facts: { takenAt, label, shared: true, proof },
      lease: null,
      resumed: false,
      remarks: [
        ...serverRemarks(facts),
        ...(means === 'one reader' ? ['one session reads everything: only that way all rows are of one state'] : []),
      ],
      maxReaders: means === 'one reader' ? 1 : null,
      async confirm() {
        const shut = await shutGate(keeper, gate);
        if (means === 'locks') await keeper.rows('/* sqlextract:unlock */ ROLLBACK TRANSACTION');
        return shut;
      },
      async check() {
        if (keeper.tedious.closed) throw lost('the session that kept it was cut');
        await keeper.rows('/* sqlextract:check */ SELECT 1 AS one');
      },
      async release() {
        await leaveTransaction(connection).catch(() => undefined);
        await keeper.close();
      },
    };
  } catch (error) {
    await keeper.close();
    throw error;
  }
}

/** So long a writer is waited for, and kept waiting by us in its turn. */
const LOCK_WAIT_MS = 5_000;

/** A shared lock on the whole table lives as long as the transaction (HOLDLOCK). Throws SOURCE_LOCKED (verdict retry). */
async function lockTables(keeper: SqlServerConnection, request: SnapshotRequest): Promise<void> {
  await keeper.rows(`/* sqlextract:lock */ SET LOCK_TIMEOUT ${LOCK_WAIT_MS}`);
  await keeper.rows('/* sqlextract:lock */ BEGIN TRANSACTION');
  for (const table of request.tables.filter((one) => !isMemoryOptimized(one))) {
    try {
      await keeper.rows(
        `/* sqlextract:lock */ SELECT TOP (1) 1 AS one FROM ${quoteTable(table)} WITH (TABLOCK, HOLDLOCK)`,
      );
    } catch (error) {
      if (classifySqlServer(error).code !== 'SOURCE_LOCKED') throw error;
      throw new SqlextractError(
        {
          code: 'SOURCE_LOCKED',
          message: `${displayName(table)} could not be locked within ${LOCK_WAIT_MS / 1000} s: another session writes to it`,
          hint: 'without --allow-locks every reader has a snapshot of its own',
          fault: 'source',
          verdict: 'retry',
        },
        error,
      );
    }
  }
}
