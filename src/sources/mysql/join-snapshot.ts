import type { Connection } from 'mysql2';
import type { SnapshotToken } from '../../model/epoch.ts';
import { SqlextractError, type Verdict } from '../../model/problem.ts';
import type { TableSchema } from '../../model/table.ts';
import { Announcement } from './announcement.ts';
import { asProblem, serverErrorNumber } from './errors.ts';
import { isOfSnapshot, type PositionKind, readPosition } from './position.ts';
import { execute, queryRows } from './query-rows.ts';
import { quoteTable } from './quote.ts';
import type { ServerFacts } from './server-facts.ts';

/**
 * How the readers of an epoch come to one state: `position` – each compares its own with the coordinator's; `lock` – commits are locked out
 * until all have joined; `single` – there is but one reader; `own` – they do not, each has a snapshot of its own.
 */
export type Alignment = 'position' | 'lock' | 'single' | 'own';

export interface EpochPlan {
  readonly id: string;
  readonly alignment: Alignment;
  readonly position: PositionKind | null;
  /** A reader that comes to another position keeps its own snapshot, instead of throwing. */
  readonly apart: boolean;
  /** Seconds since 1970 by the server's clock at which all begin together; null for at once. */
  readonly meetAt: string | null;
  readonly tables: readonly TouchedTable[];
}

export interface TouchedTable {
  readonly schema: string;
  readonly name: string;
  /** Reading one row finds out whether the snapshot still covers the table; a view could take long for it. */
  readonly view: boolean;
}

export function touchedTables(tables: readonly TableSchema[]): readonly TouchedTable[] {
  return tables
    .filter((table) => table.query === undefined)
    .map(({ schema, name, kind }) => ({ schema, name, view: kind === 'view' }));
}

export function tokenOf(plan: EpochPlan): SnapshotToken {
  return { plan: JSON.stringify(plan) };
}

/** A coordinator that waits for the meeting tells its position well within this time. */
const TELL_MS = 10_000;

/**
 * A reader's part: it reads inside the epoch from now on; an empty token leaves it outside of any transaction. Throws SNAPSHOT_NOT_ALIGNED
 * (retry) when something was committed between the coordinator's beginning and its own, SNAPSHOT_LOST (epoch-lost) when that is so and the
 * epoch has long begun: a connection that is made anew comes back into the same state only when nothing was committed since.
 */
export async function joinSnapshot(connection: Connection, token: SnapshotToken, facts: ServerFacts): Promise<void> {
  await execute(connection, 'ROLLBACK');
  if (token['plan'] === undefined) return;
  const plan = JSON.parse(token['plan']) as EpochPlan;
  await meet(connection, plan.meetAt);
  // Only the binary log's position is the snapshot's own; another must be the same before and after it was taken.
  const surrounds = plan.alignment === 'position' && plan.position !== null && !isOfSnapshot(plan.position);
  const before = surrounds ? await positionHere(connection, plan.position, facts) : null;
  await beginSnapshot(connection);
  const announcement = new Announcement(plan.id);
  if (plan.alignment === 'position') await comparePosition(connection, plan, facts, announcement, before);
  if (plan.alignment === 'lock' || plan.alignment === 'single') {
    const together = await announcement.isOpen(connection);
    if (!together && plan.position === null)
      throw lost('the readers began long ago, and this one cannot join them any more');
    if (!together) await comparePosition(connection, plan, facts, announcement);
    else if (plan.alignment === 'single') await tellWhetherLater(connection, plan, facts, announcement);
  }
  await touch(connection, plan, async () => plan.alignment !== 'own' && !(await announcement.isOpen(connection)));
}

async function comparePosition(
  connection: Connection,
  plan: EpochPlan,
  facts: ServerFacts,
  announcement: Announcement,
  before: string | null = null,
): Promise<void> {
  const after = await positionHere(connection, plan.position as PositionKind, facts);
  const own = before === null || before === after ? after : `${after} moved`;
  const found = await announcement.compare(connection, own, TELL_MS);
  if (found === 'same') return;
  if (plan.apart && found === 'other') return announcement.standApart(connection);
  if (plan.apart && (await announcement.mayStandApart(connection))) return;
  await execute(connection, 'ROLLBACK');
  if (found === 'gone') throw lost('the connection that held it was cut');
  if (found === 'over') throw lost('something was committed since it was taken');
  throw problem('SNAPSHOT_NOT_ALIGNED', 'a transaction was committed while the readers began', 'retry');
}

/** What is told of the epoch is the coordinator's position: a single reader may begin at a later one. */
async function tellWhetherLater(
  connection: Connection,
  plan: EpochPlan,
  facts: ServerFacts,
  announcement: Announcement,
): Promise<void> {
  const own = plan.position === null ? null : await positionHere(connection, plan.position, facts);
  const found = own === null ? 'other' : await announcement.compare(connection, own, TELL_MS);
  if (found !== 'same') await announcement.standApart(connection);
}

/** The position together with the server that it is one of. */
export async function positionHere(connection: Connection, kind: PositionKind, facts: ServerFacts): Promise<string> {
  const server = `${facts.id}/${facts.variables.get('server_id') ?? ''}/${facts.variables.get('hostname') ?? ''}`;
  return `${server} ${await readPosition(connection, kind, facts)}`;
}

/** Waits by the server's clock, and in the server, so that sessions begin within a millisecond of each other; ten seconds at most. */
export async function meet(connection: Connection, at: string | null): Promise<void> {
  if (at === null) return;
  await execute(connection, `DO SLEEP(LEAST(10, GREATEST(0, ${at} - UNIX_TIMESTAMP(SYSDATE(6)))))`);
}

/** Under another isolation level the words WITH CONSISTENT SNAPSHOT mean nothing, and MariaDB does not say so. */
export async function beginSnapshot(connection: Connection): Promise<void> {
  await execute(connection, 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
  const names = "'transaction_isolation', 'tx_isolation'";
  const rows = await queryRows(connection, `SHOW SESSION VARIABLES WHERE Variable_name IN (${names})`);
  if (rows.length > 0 && rows.every(([, level]) => level === 'REPEATABLE-READ')) return;
  throw problem(
    'SNAPSHOT_UNAVAILABLE',
    `the isolation level of the session is ${rows[0]?.[1] ?? 'not known'} instead of REPEATABLE-READ, which has no snapshot`,
    'fatal',
  );
}

/**
 * Takes the metadata lock on every table, so that ALTER, TRUNCATE and DROP wait for the end of the run, and finds out whether one came
 * between (1412). `late` says whether the epoch has long begun.
 */
export async function touch(
  connection: Connection,
  plan: Pick<EpochPlan, 'tables'>,
  late: () => Promise<boolean>,
): Promise<void> {
  for (const table of plan.tables) {
    try {
      await execute(connection, `SELECT 1 FROM ${quoteTable(table)} LIMIT ${table.view ? 0 : 1}`);
    } catch (error) {
      if (serverErrorNumber(error) !== 1412) throw asProblem(error);
      const name = `${table.schema}.${table.name}`;
      if (await late()) throw lost(`${name} was altered or emptied since it was taken`);
      throw problem('SNAPSHOT_NOT_ALIGNED', `${name} was altered or emptied while the readers began`, 'retry');
    }
  }
}

export function lost(reason: string): SqlextractError {
  return problem('SNAPSHOT_LOST', `the snapshot is gone: ${reason}`, 'epoch-lost');
}

function problem(code: string, message: string, verdict: Verdict): SqlextractError {
  return new SqlextractError({ code, message, hint: 'run the same command again', fault: 'source', verdict });
}
