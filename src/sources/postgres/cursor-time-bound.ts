import type pg from 'pg';
import { type BoundRequest, type CursorBound, DEFAULT_LAG_MS } from '../cursors.ts';
import { cursorType } from './cursor-column.ts';
import { cursorZone, flooredMoment } from './cursor-zone.ts';
import {
  LOOKS_APART_MS,
  lookAtTransactions,
  lookTwice,
  nameOpen,
  namePrepared,
  pause,
  type PreparedTransaction,
  utcMoment,
  type UtcMoment,
} from './open-transactions.ts';
import { quoteLiteral } from './quote.ts';
import { cannotSee, readServerMoment } from './server-moment.ts';

/** No transaction is taken to have been open for longer than this before it was prepared. */
const BEFORE_PREPARED_MS = 60 * 60_000;
/** A window that ends so far behind the clock is worth a word. */
const WORTH_A_WORD_MS = 60_000;

interface Horizon {
  readonly moment: UtcMoment;
  /** What the promise begins with. */
  readonly because: string;
  readonly remarks: readonly string[];
}

/**
 * Moments and days: whoever stamps a row does it with the start of the transaction, or later. The bound is where the oldest transaction in
 * flight began, so that all rows that were stamped before it can be seen by now.
 */
export async function timeBound(client: pg.Client, request: BoundRequest): Promise<CursorBound> {
  const type = await cursorType(client, request.table, request.column);
  const zone = await cursorZone(client, request.zone);
  const horizon = await horizonOf(client, request);
  const { value, setBack } = await flooredMoment(client, type, horizon.moment, zone);
  const where = type.name === 'timestamptz' ? '' : ` on the clock of ${zone.name}`;
  return {
    to: { value, inclusive: false },
    next: null,
    promise: `${horizon.because}: rows stamped before ${value}${where} are read completely`,
    remarks: [
      ...horizon.remarks,
      ...(setBack
        ? [`the clock of ${zone.name} is set back today: the window ends where the hour that comes twice begins`]
        : []),
    ],
  };
}

async function horizonOf(client: pg.Client, request: BoundRequest): Promise<Horizon> {
  const now = await readServerMoment(client, request.table);
  const seen = now.blind === null ? await lookTwice(client, request.signal) : null;
  const blind = now.blind ?? seen?.blind ?? null;
  if (seen === null || blind !== null) return blindHorizon(client, request, now.moment, blind ?? '', now.remarks);
  const stuck = await waitForPrepared(client, request, seen.prepared);
  const oldest = seen.open.toSorted((one, other) => (one.stampsFrom < other.stampsFrom ? -1 : 1))[0];
  const prepared = stuck[0] === undefined ? now.moment : await earlierBy(client, stuck[0].prepared, BEFORE_PREPARED_MS);
  const began = oldest?.stampsFrom ?? now.moment;
  const horizon = [now.moment, prepared, began].toSorted()[0] as UtcMoment;
  const late = await earlierBy(client, now.moment, WORTH_A_WORD_MS);
  return {
    // Behind the oldest transaction as well: a clock that is behind stamps its rows so much before it began.
    moment: request.lagMs === null ? horizon : await earlierBy(client, horizon, request.lagMs),
    because:
      "every transaction that began earlier has ended, so that none can commit rows with an earlier stamp, as long as the server's clock stamps them",
    remarks: [
      ...stuck.map((one) => `${namePrepared(one)} holds the window back: it may have begun up to an hour before that`),
      ...(oldest !== undefined && began === horizon && began < late
        ? [`${nameOpen(oldest)} holds the window back`]
        : []),
    ],
  };
}

async function blindHorizon(
  client: pg.Client,
  request: BoundRequest,
  now: UtcMoment,
  reason: string,
  remarks: readonly string[],
): Promise<Horizon> {
  const lagMs = request.lagMs ?? DEFAULT_LAG_MS;
  return {
    moment: await earlierBy(client, now, lagMs),
    because:
      `${cannotSee(reason)}, so the window ends ${lagMs / 1000} s before the newest moment of the server, and what a transaction writes that stays ` +
      'open for longer than that may be missed; otherwise',
    remarks,
  };
}

/** Those that are still there at the end of the wait, oldest first. Later ones were seen in their sessions. */
async function waitForPrepared(
  client: pg.Client,
  request: BoundRequest,
  prepared: readonly PreparedTransaction[],
): Promise<readonly PreparedTransaction[]> {
  const deadline = performance.now() + request.waitMs;
  let left = prepared;
  while (left.length > 0 && performance.now() < deadline) {
    await pause(LOOKS_APART_MS, request.signal);
    const look = await lookAtTransactions(client);
    left = left.filter(({ gid }) => look.prepared.some((one) => one.gid === gid));
  }
  return left;
}

async function earlierBy(client: pg.Client, moment: UtcMoment, milliseconds: number): Promise<UtcMoment> {
  const before = `${quoteLiteral(`${moment}+00`)}::pg_catalog.timestamptz - INTERVAL '${BigInt(Math.ceil(milliseconds))} milliseconds'`;
  const { rows } = await client.query<{ moment: string }>(`SELECT ${utcMoment(`(${before})`)} AS moment`);
  return rows[0]?.moment ?? moment;
}
