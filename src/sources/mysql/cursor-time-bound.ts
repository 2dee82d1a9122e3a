import type { Connection } from 'mysql2';
import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import { type BoundRequest, type CursorBound, DEFAULT_LAG_MS } from '../cursors.ts';
import { earlierMoment } from '../earlier-moment.ts';
import { isTimestamp } from './cursor-column.ts';
import { cannotSee, writersElsewhere } from './cursor-writers.ts';
import { cursorZone, flooredMoment } from './cursor-zone.ts';
import {
  type InFlight,
  lookAtTransactions,
  nameInFlight,
  serverMoment,
  UNKNOWN,
  type UtcMoment,
} from './open-transactions.ts';
import type { ServerFacts } from './server-facts.ts';

/** A window that ends so far behind the clock is worth a word. */
const WORTH_A_WORD_SECONDS = 60;

interface Horizon {
  readonly moment: UtcMoment;
  /** What the promise begins with. */
  readonly because: string;
  readonly remarks: readonly string[];
}

/**
 * Moments and days: whoever stamps a row does it with the start of the statement, or later. The bound is where the oldest that is in flight
 * began, so that all rows that were stamped before it can be seen by now.
 */
export async function timeBound(
  connection: Connection,
  facts: ServerFacts,
  request: BoundRequest,
): Promise<CursorBound> {
  const { column } = request;
  const zone = await cursorZone(connection, isTimestamp(column) ? 'UTC' : request.zone);
  const horizon = await horizonOf(connection, facts, request);
  const { value, setBack } = await flooredMoment(connection, column, horizon.moment, zone);
  const where = isTimestamp(column) ? ' UTC' : ` on the clock of ${zone.name}`;
  return {
    to: { value, inclusive: false },
    next: null,
    promise: `${horizon.because}: rows stamped before ${value}${where} are read completely`,
    remarks: [
      ...horizon.remarks,
      ...(setBack
        ? [`the clock of ${zone.name} is about to be set back: the window ends where the hour that comes twice begins`]
        : []),
    ],
  };
}

async function horizonOf(connection: Connection, facts: ServerFacts, request: BoundRequest): Promise<Horizon> {
  const hidden = await writersElsewhere(connection, facts, request.table);
  if (hidden !== null) return blindHorizon(connection, request, hidden.reason, hidden.behind);
  const now = await serverMoment(connection);
  const late = await serverMoment(connection, String(WORTH_A_WORD_SECONDS));
  const { blind, inFlight } = await lookAtTransactions(connection, facts, request.signal);
  if (blind !== null) return blindHorizon(connection, request, blind, 0);
  const [oldest] = inFlight.toSorted((one, other) => (one.began < other.began ? -1 : 1));
  if (oldest?.began === UNKNOWN) throw unknownStart(request, oldest);
  const horizon = [now, oldest?.began ?? now].toSorted()[0] as UtcMoment;
  const holds = oldest !== undefined && oldest.began === horizon && horizon < late;
  return {
    // Behind the oldest transaction as well: a clock that is behind stamps its rows so much before it began.
    moment: earlierMoment(horizon, request.lagMs ?? 0),
    because:
      'every transaction that began earlier has ended, so that none can commit rows with an earlier stamp, as long as the server stamps them ' +
      'with the start of a statement (NOW(), CURRENT_TIMESTAMP), and none spent more than 2 s in waiting, or in stored functions, before it got to InnoDB',
    remarks: holds ? [`${nameInFlight(oldest)} holds the window back`] : [],
  };
}

async function blindHorizon(
  connection: Connection,
  request: BoundRequest,
  reason: string,
  behindSeconds: number,
): Promise<Horizon> {
  const lagMs = request.lagMs ?? DEFAULT_LAG_MS;
  const behind = behindSeconds === 0 ? '' : ` and the ${behindSeconds} s that the server is behind`;
  return {
    moment: await serverMoment(connection, `${seconds(lagMs)} + ${behindSeconds}`),
    because:
      `${cannotSee(reason)}, so the window ends ${lagMs / 1000} s${behind} before the server's clock, and what a transaction writes that ` +
      'stays open for longer than that may be missed; otherwise',
    remarks: [],
  };
}

function seconds(milliseconds: number): string {
  return (Math.ceil(milliseconds) / 1000).toFixed(3);
}

function unknownStart({ table }: BoundRequest, oldest: InFlight): SqlextractError {
  return new SqlextractError({
    code: 'CURSOR_BUSY',
    message: `${nameInFlight(oldest)} may still write rows of ${displayName(table)}, and it is not known how early they are stamped`,
    hint: 'XA RECOVER names it for XA COMMIT or XA ROLLBACK',
    fault: 'source',
  });
}
