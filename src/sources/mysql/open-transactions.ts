import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Connection } from 'mysql2';
import { serverErrorNumber } from './errors.ts';
import { execute, queryCell, queryRows, type TextRow } from './query-rows.ts';
import type { ServerFacts } from './server-facts.ts';

/** `2024-01-31 08:00:00.123456` in UTC: a text, whose order is that of the moments. */
export type UtcMoment = string;

/** Something that other sessions have begun, and whose rows cannot be seen yet. */
export interface InFlight {
  /** Of a transaction: never that of another one later. Null: a statement. */
  readonly id: string | null;
  /** Connection; `0`: none, a prepared XA transaction is left by it. */
  readonly thread: string;
  readonly what: 'statement' | 'transaction';
  /** It did not begin earlier. */
  readonly began: UtcMoment;
}

export interface Look {
  /** Why others cannot be seen; null when they can. */
  readonly blind: string | null;
  readonly inFlight: readonly InFlight[];
}

/** Between two looks. InnoDB copies its list for its views at most every 100 ms, and not while others keep reading the copy. */
export const LOOKS_APART_MS = 120;
const TRIES = 20;

/**
 * What other sessions may still commit, from the process list and InnoDB's list of transactions, in this order: a statement that is not in the
 * first any more has left its transaction in the second, or has ended it.
 *
 * NOW() is the start of the statement, never of the transaction. So a transaction that has written nothing matters only by the statement that
 * runs; its later ones stamp later. All are taken to have begun 2 s before the server says so: a statement may wait, or be in a stored function,
 * before it gets to InnoDB. https://dev.mysql.com/doc/refman/8.4/en/information-schema-innodb-trx-table.html (needs PROCESS)
 */
export async function lookAtTransactions(
  connection: Connection,
  facts: ServerFacts,
  signal: AbortSignal,
): Promise<Look> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (tries > 0) await pause(LOOKS_APART_MS, signal);
    const statements = await queryRows(connection, statementsOf(facts));
    const transactions = await freshTransactions(connection);
    if (transactions === 'forbidden') return blind('this user may not: GRANT PROCESS ON *.*');
    if (statements.some(isReplication)) return blind('the server follows another one, where the rows are stamped');
    if (transactions !== 'stale') {
      return { blind: null, inFlight: await withoutRestarts(connection, inFlightOf(statements, transactions)) };
    }
  }
  return blind("another session reads the server's list of transactions without pause, which then stands still");
}

function blind(reason: string): Look {
  return { blind: reason, inFlight: [] };
}

const AS_TEXT = "'%Y-%m-%d %H:%i:%s.%f'";

/** The start counted from the beginning of this statement: not later than the true one. MySQL tells whole seconds. */
function statementsOf({ mariadb }: ServerFacts): string {
  const age = mariadb
    ? 'INTERVAL CEIL(GREATEST(COALESCE(TIME_MS, 0), 0) * 1000) MICROSECOND'
    : 'INTERVAL GREATEST(COALESCE(TIME, 0), 0) + 1 SECOND';
  return (
    `SELECT ID, DATE_FORMAT(UTC_TIMESTAMP(6) - ${age} - INTERVAL 2 SECOND, ${AS_TEXT}), COMMAND, USER FROM information_schema.PROCESSLIST ` +
    "WHERE ID <> CONNECTION_ID() AND COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID') " +
    "AND USER <> 'unauthenticated user'"
  );
}

function isReplication([, , command, user]: TextRow): boolean {
  return /^Slave/i.test(command ?? '') || user === 'system user';
}

/**
 * In the zone of the operating system, whatever that of the session is. While an hour comes twice its first reading is taken.
 */
const BEGAN =
  "LEAST(CONVERT_TZ(trx_started, 'SYSTEM', '+00:00'), CONVERT_TZ(trx_started - INTERVAL 1 HOUR, 'SYSTEM', '+00:00') + INTERVAL 1 HOUR)" +
  ' - INTERVAL 2 SECOND';

/** `stale`: the server's copy of the list is from before. The own transaction, with this very statement, is in a fresh one. */
async function freshTransactions(connection: Connection): Promise<readonly TextRow[] | 'stale' | 'forbidden'> {
  const mark = randomBytes(8).toString('hex');
  await execute(connection, 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
  try {
    const rows = await queryRows(
      connection,
      `SELECT /* ${mark} */ trx_id, DATE_FORMAT(${BEGAN}, ${AS_TEXT}), trx_mysql_thread_id, trx_rows_modified > 0,
         trx_is_read_only = 1 OR trx_autocommit_non_locking = 1, trx_mysql_thread_id = CONNECTION_ID(), trx_query
       FROM information_schema.INNODB_TRX`,
    );
    const fresh = rows.some(([, , , , , own, query]) => own === '1' && query?.includes(mark));
    return fresh ? rows.filter(([, , , , , own]) => own !== '1') : 'stale';
  } catch (error) {
    if ([1227, 1044, 1045, 1142].includes(serverErrorNumber(error) ?? 0)) return 'forbidden';
    throw error;
  } finally {
    await execute(connection, 'ROLLBACK');
  }
}

function inFlightOf(statements: readonly TextRow[], transactions: readonly TextRow[]): readonly InFlight[] {
  // A statement that reads alone writes nothing, however long it takes.
  const reading = new Set(transactions.filter(([, , , , readOnly]) => readOnly === '1').map(([, , thread]) => thread));
  const starts = new Map(transactions.map(([, began, thread]) => [thread ?? '', began ?? UNKNOWN]));
  return [
    ...statements.filter(([thread]) => !reading.has(thread ?? '')).map((row) => statementOf(row, starts)),
    ...transactions.filter(([, , , modified]) => modified === '1').map(transactionOf),
  ];
}

/** Inside of a stored function MariaDB tells the age of what runs in there; its transaction is as old as the statement that called it. */
function statementOf([thread, started]: TextRow, starts: ReadonlyMap<string, UtcMoment>): InFlight {
  const moments = [started ?? UNKNOWN, starts.get(thread ?? '') ?? started ?? UNKNOWN];
  return { id: null, thread: thread ?? '', what: 'statement', began: moments.toSorted()[0] as UtcMoment };
}

function transactionOf([id, began, thread]: TextRow): InFlight {
  return { id: id ?? null, thread: thread ?? '', what: 'transaction', began: began ?? UNKNOWN };
}

/** Recovery takes no longer, after which InnoDB says of a prepared transaction that it began with the server. */
const RECOVERY_SECONDS = 600;

async function withoutRestarts(connection: Connection, found: readonly InFlight[]): Promise<readonly InFlight[]> {
  if (!found.some(({ thread }) => thread === '0')) return found;
  const [row] = await queryRows(connection, "SHOW GLOBAL STATUS LIKE 'Uptime'");
  const recovered = await serverMoment(connection, `${BigInt(row?.[1] ?? 0)} - ${RECOVERY_SECONDS}`);
  return found.map((one) => (one.thread === '0' && one.began < recovered ? { ...one, began: UNKNOWN } : one));
}

/** Before all others. */
export const UNKNOWN: UtcMoment = '';

/** By the server's clock, at the start of a statement of its own. */
export async function serverMoment(connection: Connection, lagSeconds = '0'): Promise<UtcMoment> {
  const sql = `SELECT DATE_FORMAT(UTC_TIMESTAMP(6) - INTERVAL (${lagSeconds}) SECOND, ${AS_TEXT})`;
  return (await queryCell(connection, sql)) ?? '';
}

export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}

/** For a message: `connection 17 (a transaction since 2024-01-31 08:00:00 UTC)`. */
export function nameInFlight({ thread, what, began }: InFlight): string {
  const since = began === UNKNOWN ? 'from before the server was started' : `since ${began.slice(0, 19)} UTC`;
  return thread === '0' ? `a prepared XA transaction (${since})` : `connection ${thread} (a ${what} ${since})`;
}
