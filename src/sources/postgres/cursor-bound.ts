import type pg from 'pg';
import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import type { BoundRequest, CursorBound } from '../cursors.ts';
import { cursorType } from './cursor-column.ts';
import { largestValue } from './cursor-rows.ts';
import { xminBound } from './cursor-xmin.ts';
import { timeBound } from './cursor-time-bound.ts';
import {
  LOOKS_APART_MS,
  lookAtTransactions,
  nameOpen,
  namePrepared,
  type OpenTransaction,
  pause,
  type PreparedTransaction,
  type UtcMoment,
} from './open-transactions.ts';
import { cannotSee, readServerMoment } from './server-moment.ts';
import { withSearchPath } from './search-path.ts';
import { smallestBound, sequenceBlocks } from './cursor-numbers.ts';

/** See SourceCursors.bound. Ends whatever transaction the session is in: the bound belongs before the snapshot. */
export async function cursorBound(client: pg.Client, request: BoundRequest): Promise<CursorBound> {
  request.signal.throwIfAborted();
  await client.query('ROLLBACK');
  const bound = await boundByKind(client, request);
  return request.table.kind === 'materialized view' ? { ...bound, remarks: [...bound.remarks, REFRESHED] } : bound;
}

const REFRESHED =
  'a materialized view shows rows as of its last REFRESH: what comes with the next one below the end of this window is missed';

function boundByKind(client: pg.Client, request: BoundRequest): Promise<CursorBound> {
  switch (request.column.kind) {
    case 'time':
    case 'date':
      return timeBound(client, request);
    case 'xmin':
      return xminBound(client);
    default:
      return largestBound(client, request);
  }
}

/**
 * Values without a clock: the largest one now, once every transaction that is open after it was read has ended. Who has drawn a smaller value
 * by then has either committed it, or is one of those.
 */
async function largestBound(client: pg.Client, request: BoundRequest): Promise<CursorBound> {
  const { table, column } = request;
  const type = await cursorType(client, table, column);
  const largest = await withSearchPath(client, table, null, () => largestValue(client, table, column, []));
  const remarks = await sequenceBlocks(client, table, column);
  if (largest === null)
    return { to: { value: smallestBound(type), inclusive: false }, next: null, promise: EMPTY, remarks };
  if (type.name === 'numeric' && ['NaN', 'Infinity'].includes(largest)) throw endOfNumbers(request, largest);
  const { moment, blind } = await readServerMoment(client, table);
  const to = { value: largest, inclusive: true };
  const hidden = blind ?? (await waitForOlder(client, request, largest, moment));
  if (hidden !== null)
    return {
      to,
      next: null,
      promise: `${cannotSee(hidden)}, so only rows that become visible in the order of ${column.name} are certain to be read: one that commits after a larger one was read is missed (a lookback and a merge bring it)`,
      remarks,
    };
  return {
    to,
    next: null,
    promise: `every transaction that was open when ${largest} was the largest ${column.name} has ended, so that no smaller one can appear any more, as long as values are drawn in order`,
    remarks,
  };
}

const EMPTY = 'the table has no row with a value yet: nothing is read, and the next window begins where this one did';

/** Null when all of them have ended; else why they cannot be seen. Throws CURSOR_BUSY. */
async function waitForOlder(
  client: pg.Client,
  request: BoundRequest,
  largest: string,
  moment: UtcMoment,
): Promise<string | null> {
  const deadline = performance.now() + request.waitMs;
  const prepared = new Map<string, PreparedTransaction>();
  for (let quiet = 0; ; ) {
    const look = await lookAtTransactions(client);
    if (look.blind !== null) return look.blind;
    const older = look.open.filter(({ began }) => began <= moment);
    // One of the older may have been prepared since the last look; later ones are none of theirs.
    if (quiet < 2) for (const one of look.prepared) prepared.set(one.gid, one);
    quiet = older.length === 0 ? quiet + 1 : 0;
    const left = look.prepared.filter(({ gid }) => prepared.has(gid));
    if (quiet >= 2 && left.length === 0) return null;
    if (quiet !== 1 && performance.now() > deadline) throw busy(request, largest, older, left);
    await pause(LOOKS_APART_MS, request.signal);
  }
}

function busy(
  { table, column, waitMs }: BoundRequest,
  largest: string,
  older: readonly OpenTransaction[],
  prepared: readonly PreparedTransaction[],
): SqlextractError {
  const oldest = older.toSorted((one, other) => (one.began < other.began ? -1 : 1))[0];
  const names = [...(oldest === undefined ? [] : [nameOpen(oldest)]), ...prepared.slice(0, 1).map(namePrepared)];
  const others = older.length + prepared.length - names.length;
  return new SqlextractError({
    code: 'CURSOR_BUSY',
    message:
      `${names.join(' and ')}${others > 0 ? `, and ${others} more,` : ''} did not end within ${waitMs / 1000} s, and may still write rows of ` +
      `${displayName(table)} whose ${column.name} is below ${largest}`,
    hint: 'end it (SELECT pg_terminate_backend(pid), or COMMIT PREPARED), or wait longer with --cursor-wait',
    fault: 'source',
  });
}

function endOfNumbers({ table, column }: BoundRequest, largest: string): SqlextractError {
  return new SqlextractError({
    code: 'CURSOR_COLUMN',
    message: `column ${column.name} of ${displayName(table)} cannot be a cursor: it holds ${largest}, after which no other value comes`,
    hint: 'correct that row, or leave it out with --where',
    fault: 'data',
  });
}
