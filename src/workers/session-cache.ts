import type { SnapshotToken } from '../model/epoch.ts';
import { SqlextractError } from '../model/problem.ts';
import type { SourceConfig, SourceSession } from '../sources/source.ts';
import { driverByName } from '../sources/registry.ts';

interface OpenSession {
  readonly session: SourceSession;
  readonly token: string | null;
}

/**
 * The one session of this thread. It is opened at the first task and kept; a task of another epoch joins that epoch first.
 *
 *   none ──open──▶ open ──join──▶ open in an epoch ──drop (error, leave)──▶ none
 */
let current: OpenSession | null = null;

/**
 * `mayJoin`: all threads join at the same time (a join task), or each of them reads a state of its own anyway. Throws what the driver throws; verdict epoch-lost when the snapshot
 * of `token` cannot be joined, or not any more.
 */
export async function sessionFor(
  source: SourceConfig,
  token: SnapshotToken | null,
  mayJoin: boolean,
): Promise<SourceSession> {
  const wanted = token === null ? null : JSON.stringify(token);
  if (current !== null && current.token === wanted) return current.session;
  const driver = await driverByName(source.driver);
  if (token !== null && !mayJoin && !driver.capabilities.lateJoin) throw epochNotJoined();
  const session = current?.session ?? (await driver.open(source, 'reader'));
  current = { session, token: null };
  if (token !== null) await session.joinSnapshot(token);
  current = { session, token: wanted };
  return session;
}

/** Closes the session; the next task opens a new one. An error while closing a broken session adds nothing and is ignored. */
export async function dropSession(): Promise<void> {
  const session = current?.session;
  current = null;
  try {
    await session?.[Symbol.asyncDispose]();
  } catch {
    return;
  }
}

/** For a thread that was not there when the others joined. */
function epochNotJoined(): SqlextractError {
  return new SqlextractError({
    code: 'SNAPSHOT_LOST',
    message: 'a worker lost its session and cannot join the snapshot of the others',
    fault: 'source',
    verdict: 'epoch-lost',
  });
}
