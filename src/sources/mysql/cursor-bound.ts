import type { Connection } from 'mysql2';
import type { CursorColumn } from '../../model/cursor.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import type { BoundRequest, CursorBound } from '../cursors.ts';
import { isBytes, isDecimal } from './cursor-column.ts';
import { largestValue } from './cursor-rows.ts';
import { timeBound } from './cursor-time-bound.ts';
import { integerRange } from './cursor-values.ts';
import { cannotSee, writersElsewhere } from './cursor-writers.ts';
import {
  type InFlight,
  LOOKS_APART_MS,
  lookAtTransactions,
  nameInFlight,
  pause,
  serverMoment,
  type UtcMoment,
} from './open-transactions.ts';
import { execute } from './query-rows.ts';
import type { ServerFacts } from './server-facts.ts';

/** See SourceCursors.bound. Ends whatever transaction the session is in: the bound belongs before the snapshot. */
export async function cursorBound(
  connection: Connection,
  facts: ServerFacts,
  request: BoundRequest,
): Promise<CursorBound> {
  request.signal.throwIfAborted();
  await execute(connection, 'ROLLBACK');
  const { kind } = request.column;
  return kind === 'time' || kind === 'date'
    ? timeBound(connection, facts, request)
    : largestBound(connection, facts, request);
}

/**
 * Values without a clock: the largest one now, once everything that is in flight after it was read has ended. Who was given a smaller value by
 * then (AUTO_INCREMENT gives them out before the commit) has either committed it, or is one of those.
 */
async function largestBound(connection: Connection, facts: ServerFacts, request: BoundRequest): Promise<CursorBound> {
  const { table, column } = request;
  const largest = await largestValue(connection, table, column, []);
  if (largest === null) {
    return { to: { value: nothingBelow(column), inclusive: false }, next: null, promise: EMPTY, remarks: [] };
  }
  const elsewhere = await writersElsewhere(connection, facts, table);
  const hidden = elsewhere?.reason ?? (await waitForOthers(connection, facts, request, largest));
  const promise =
    hidden === null
      ? `every transaction that was open when ${largest} was the largest ${column.name} has ended, so that no smaller one can appear any more, as long as values are given out in order`
      : `${cannotSee(hidden)}, so only rows that become visible in the order of ${column.name} are certain to be read: one that commits after a larger one was read is missed (a lookback and a merge bring it)`;
  return { to: { value: largest, inclusive: true }, next: null, promise, remarks: [] };
}

const EMPTY = 'the table has no row with a value yet: nothing is read, and the next window begins where this one did';

/** As an exclusive bound it selects nothing. Nothing is smaller than the empty text but control characters, where a collation pads with blanks. */
function nothingBelow(column: CursorColumn): string {
  if (column.kind === 'integer') return String(integerRange(column.nativeType).least);
  // One digit more than the server's longest number.
  if (isDecimal(column)) return `-${'9'.repeat(65)}`;
  if (/^(?:uuid|inet)/i.test(column.nativeType)) return SMALLEST[column.nativeType.toLowerCase()] ?? '';
  return isBytes(column) ? '0x' : '';
}

const SMALLEST: Readonly<Record<string, string>> = {
  uuid: '00000000-0000-0000-0000-000000000000',
  inet4: '0.0.0.0',
  inet6: '::',
};

/** Null when all of them have ended; else why they cannot be seen. Throws CURSOR_BUSY. */
async function waitForOthers(
  connection: Connection,
  facts: ServerFacts,
  request: BoundRequest,
  largest: string,
): Promise<string | null> {
  const deadline = performance.now() + request.waitMs;
  const moment = await serverMoment(connection);
  const first = await lookAtTransactions(connection, facts, request.signal);
  for (let look = first; ; look = await lookAtTransactions(connection, facts, request.signal)) {
    if (look.blind !== null) return look.blind;
    const left = look.inFlight.filter((one) => isAsOld(one, first.inFlight, moment));
    if (left.length === 0) return null;
    if (performance.now() > deadline) throw busy(request, largest, left);
    await pause(LOOKS_APART_MS, request.signal);
  }
}

/**
 * A statement may have got its transaction after the first look. What is in no session of then has begun later. In others it has when it began
 * after the moment, whatever was rounded.
 */
function isAsOld(one: InFlight, first: readonly InFlight[], moment: UtcMoment): boolean {
  if (one.id !== null && first.some(({ id }) => id === one.id)) return true;
  return one.began <= moment && first.some(({ id, thread }) => id === null && thread === one.thread);
}

function busy({ table, column, waitMs }: BoundRequest, largest: string, left: readonly InFlight[]): SqlextractError {
  const oldest = left.toSorted((one, other) => (one.began < other.began ? -1 : 1))[0] as InFlight;
  const others = left.length > 1 ? `, and ${left.length - 1} more,` : '';
  return new SqlextractError({
    code: 'CURSOR_BUSY',
    message:
      `${nameInFlight(oldest)}${others} did not end within ${waitMs / 1000} s, and may still write rows of ` +
      `${displayName(table)} whose ${column.name} is below ${largest}`,
    hint: `end it (${oldest.thread === '0' ? 'XA RECOVER names it for XA COMMIT or XA ROLLBACK' : `KILL ${oldest.thread}`}), or wait longer with --cursor-wait`,
    fault: 'source',
  });
}
