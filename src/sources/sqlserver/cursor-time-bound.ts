import { type BoundRequest, type CursorBound, DEFAULT_LAG_MS } from '../cursors.ts';
import { earlierMoment } from '../earlier-moment.ts';
import type { SqlServerConnection } from './connection.ts';
import { cursorZone, flooredMoment } from './cursor-zone.ts';
import { lookAtTransactions, nameInFlight, serverMoment, type UtcMoment } from './open-transactions.ts';

/** A window that ends so far behind the clock is worth a word. */
const WORTH_A_WORD_MS = 60_000;

interface Horizon {
  readonly moment: UtcMoment;
  /** What the promise begins with. */
  readonly because: string;
  readonly remarks: readonly string[];
}

/**
 * Moments and days: the bound is where the oldest transaction that is in flight began, so that all rows that were stamped before it can be seen
 * by now.
 *
 * @param hidden why what is in flight cannot be seen; null when it can
 */
export async function timeBound(
  connection: SqlServerConnection,
  hidden: string | null,
  request: BoundRequest,
): Promise<CursorBound> {
  const { column } = request;
  const zoned = column.nativeType.startsWith('datetimeoffset');
  const zone = await cursorZone(connection, zoned ? 'UTC' : request.zone);
  const horizon =
    hidden === null ? await horizonOf(connection, request) : await blindHorizon(connection, request, hidden);
  const { value, setBack } = await flooredMoment(connection, column, horizon.moment, zone);
  return {
    to: { value, inclusive: false },
    next: null,
    promise: `${horizon.because}: rows stamped before ${value}${zoned ? '' : ` on the clock of ${zone.name}`} are read completely`,
    remarks: [
      ...horizon.remarks,
      ...(setBack
        ? [`the clock of ${zone.name} is about to be set back: the window ends where the hour that comes twice begins`]
        : []),
    ],
  };
}

async function horizonOf(connection: SqlServerConnection, request: BoundRequest): Promise<Horizon> {
  const now = await serverMoment(connection);
  const late = await serverMoment(connection, WORTH_A_WORD_MS);
  const { blind, inFlight } = await lookAtTransactions(connection);
  if (blind !== null) return blindHorizon(connection, request, blind);
  const [oldest] = inFlight.toSorted((one, other) => (one.began < other.began ? -1 : 1));
  const horizon = [now, oldest?.began ?? now].toSorted()[0] as UtcMoment;
  const holds = oldest !== undefined && oldest.began === horizon && horizon < late;
  return {
    // Behind the oldest transaction as well: a clock that is behind stamps its rows so much before it began.
    moment: earlierMoment(horizon, request.lagMs ?? 0),
    because:
      "every transaction that began earlier has ended, so that none can commit rows with an earlier stamp, as long as the server's clock stamps them, " +
      'no statement waited for more than 2 s before its transaction began, and the clock of its operating system is not just set back',
    remarks: holds ? [`${nameInFlight(oldest)} holds the window back`] : [],
  };
}

async function blindHorizon(connection: SqlServerConnection, request: BoundRequest, reason: string): Promise<Horizon> {
  const lagMs = request.lagMs ?? DEFAULT_LAG_MS;
  return {
    moment: await serverMoment(connection, lagMs),
    because:
      `the transactions in flight cannot be seen (${reason}), so the window ends ${lagMs / 1000} s before the server's clock, and what a ` +
      'transaction writes that stays open for longer than that (or comes to this server so much later) may be missed; otherwise',
    remarks: [],
  };
}
