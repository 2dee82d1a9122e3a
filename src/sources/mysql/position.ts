import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Connection } from 'mysql2';
import { serverErrorNumber } from './errors.ts';
import { queryCell, queryRecords, queryRow, queryRows } from './query-rows.ts';
import { replicaState, type ServerFacts } from './server-facts.ts';

/**
 * Something that moves with every commit, so that two equal readings prove that no transaction was committed between them:
 *
 * - `binlog`: MariaDB's (and Percona's) `Binlog_snapshot_*`, the position in the binary log up to which the engine has committed. Inside a
 *   consistent snapshot it is the snapshot's own (https://mariadb.com/kb/en/enhancements-for-start-transaction-with-consistent-snapshot/).
 * - `gtid`: MySQL's executed and owned transaction numbers. A transaction owns its number before the engine commits it, and until it counts as
 *   executed.
 * - `innodb`: the counter that InnoDB numbers transactions and commits from, and the transactions that are open: MySQL numbers the commit of
 *   one that only inserted no more.
 *
 * The position of MySQL's binary log alone is none: it moves before the engine commits.
 *
 * Transactions under `sql_log_bin = 0` leave no trace in the log: where this user may see InnoDB's transactions too (PROCESS), both are
 * compared (`…+innodb`). Of MariaDB that is the counter as it was when the own snapshot began, which every transaction that writes moves by
 * beginning and by committing.
 */
export type PositionKind = 'binlog' | 'gtid' | 'innodb' | 'binlog+innodb' | 'gtid+innodb';

/** Of a position that does not see all commits. */
export const UNLOGGED = 'commits that skip the binary log (sql_log_bin = 0) are not seen without the PROCESS privilege';

export function seesAllCommits(kind: PositionKind): boolean {
  return kind.endsWith('innodb');
}

/** Inside a consistent snapshot the position is the snapshot's own, whenever it is read. */
export function isOfSnapshot(kind: PositionKind): boolean {
  return kind.startsWith('binlog');
}

export interface PositionFinding {
  /** Null: none can be read. */
  readonly kind: PositionKind | null;
  /** Why none can be read, and what to grant; '' when one can. */
  readonly reason: string;
}

export async function findPosition(connection: Connection, facts: ServerFacts): Promise<PositionFinding> {
  const logs = facts.variables.get('log_bin') === 'ON' && (await logsEverything(connection, facts));
  const inLog = logs ? await kindOfLog(connection, facts) : null;
  const seen = await seesInnodb(connection);
  if (inLog !== null) return { kind: seen ? `${inLog}+innodb` : inLog, reason: '' };
  if (seen) return { kind: 'innodb', reason: '' };
  const log = facts.mariadb ? 'the binary log is off or incomplete' : 'gtid_mode is off';
  return { kind: null, reason: `${log}, and this user may not see InnoDB's transactions (GRANT PROCESS ON *.*)` };
}

async function kindOfLog(connection: Connection, facts: ServerFacts): Promise<'binlog' | 'gtid' | null> {
  if ((await readBinlog(connection)) !== null) return 'binlog';
  return !facts.mariadb && facts.variables.get('gtid_mode') === 'ON' ? 'gtid' : null;
}

async function seesInnodb(connection: Connection): Promise<boolean> {
  try {
    return (await innodbStatus(connection)) !== '';
  } catch (error) {
    if ([1227, 1044, 1045, 1142].includes(serverErrorNumber(error) ?? 0)) return false;
    throw error;
  }
}

/** A replica that does not log what it copies, and databases that are left out, commit without a trace in the log. */
async function logsEverything(connection: Connection, facts: ServerFacts): Promise<boolean> {
  const updates = facts.variables.get('log_slave_updates');
  if (updates === 'OFF' && (await replicaState(connection)) === 'replica') return false;
  for (const statement of ['SHOW BINARY LOG STATUS', 'SHOW MASTER STATUS']) {
    try {
      const [row] = await queryRecords(connection, statement);
      return row !== undefined && !row.get('Binlog_Do_DB') && !row.get('Binlog_Ignore_DB');
    } catch {
      // The other word, or no right to look: filters are the exception.
    }
  }
  return true;
}

/** Null only for `binlog` on servers that do not have it. */
export async function readPosition(connection: Connection, kind: PositionKind, facts: ServerFacts): Promise<string> {
  switch (kind) {
    case 'binlog':
      return (await readBinlog(connection)) ?? '';
    case 'gtid': {
      // In this order: what stops being owned meanwhile is found among the executed.
      const [owned, executed] = await queryRow(connection, 'SELECT @@GLOBAL.gtid_owned, @@GLOBAL.gtid_executed');
      return `${executed} owned ${owned}`.replaceAll(/\s+/g, ' ');
    }
    case 'innodb':
      return readInnodb(connection, facts);
    case 'binlog+innodb':
      return `${await readBinlog(connection)} innodb ${await ownView(connection)}`;
    case 'gtid+innodb': {
      const innodb = await readInnodb(connection, facts);
      return `${await readPosition(connection, 'gtid', facts)} innodb ${innodb}`;
    }
    default:
      return kind satisfies never;
  }
}

async function readBinlog(connection: Connection): Promise<string | null> {
  const rows = await queryRows(connection, "SHOW STATUS LIKE 'Binlog_snapshot_%'");
  const values = new Map(rows.map(([name, value]) => [(name ?? '').toLowerCase(), value ?? '']));
  const file = values.get('binlog_snapshot_file') ?? '';
  return file === '' ? null : `${file}:${values.get('binlog_snapshot_position')}`;
}

async function innodbStatus(connection: Connection): Promise<string> {
  const [row] = await queryRecords(connection, 'SHOW ENGINE INNODB STATUS');
  return row?.get('Status') ?? '';
}

/**
 * Which transactions the own snapshot sees: none from one number on, and all below another. Outside of a snapshot, what one would see. What
 * the server has left out equals nothing.
 */
async function ownView(connection: Connection): Promise<string> {
  const session = await queryCell(connection, 'SELECT CONNECTION_ID()');
  const status = await innodbStatus(connection);
  if (TRUNCATED.test(status)) return `not told ${randomUUID()}`;
  const list = status.slice(status.indexOf('LIST OF TRANSACTIONS FOR EACH SESSION'));
  const own = list.split(/^---TRANSACTION /m).find((one) => new RegExp(`^.*thread id ${session},`, 'm').test(one));
  const view = /^Trx read view will not see trx with id >= (\d+), sees < (\d+)/m.exec(own ?? '');
  if (view !== null) return `${view[1]} ${view[2]}`;
  const [first = counterIn(status)] = (writersIn(status) ?? '').split(',').filter((number) => number !== '');
  return `${counterIn(status)} ${first}`;
}

function counterIn(status: string): string {
  const counter = /^Trx id counter (\w+)/m.exec(status)?.[1];
  if (counter === undefined) throw new Error('SHOW ENGINE INNODB STATUS has no transaction counter');
  return counter;
}

/** Of a text longer than 1 MB the server leaves out the middle. */
const TRUNCATED = /^\.\.\. truncated\.\.\./m;

/** information_schema.INNODB_TRX is filled anew only when it was left alone for 0.1 s. */
const TRX_CACHE_MS = 120;
/** Transactions that have written nothing have numbers from 2^48 on. */
const FIRST_READER = 281_474_976_710_656n;

async function readInnodb(connection: Connection, facts: ServerFacts): Promise<string> {
  const status = await innodbStatus(connection);
  const counter = counterIn(status);
  if (facts.mariadb) return `counter ${counter}`;
  return `counter ${counter} open ${writersIn(status) ?? (await listedWriters(connection))}`;
}

/** Of the moment that the counter is of; null when the server has left out a part of a long text. */
function writersIn(status: string): string | null {
  if (TRUNCATED.test(status)) return null;
  const numbers = [...status.matchAll(/^---TRANSACTION (\d+), ACTIVE\b/gm)].map(([, number]) =>
    BigInt(number as string),
  );
  return numbers
    .filter((number) => number < FIRST_READER)
    .toSorted((one, other) => (one < other ? -1 : 1))
    .join();
}

async function listedWriters(connection: Connection): Promise<string> {
  await setTimeout(TRX_CACHE_MS);
  const open = await queryCell(
    connection,
    `SELECT GROUP_CONCAT(trx_id ORDER BY trx_id) FROM information_schema.INNODB_TRX WHERE trx_id < ${FIRST_READER}`,
  );
  return open ?? '';
}

/** For people; `there` begins with the server's name (join-snapshot.ts). */
export function describePosition(kind: PositionKind, there: string): string {
  const position = there.slice(there.indexOf(' ') + 1);
  switch (kind) {
    case 'binlog':
    case 'binlog+innodb':
      return `binary log ${position.replace(/ innodb .*$/, '')}`;
    case 'gtid':
    case 'gtid+innodb':
      return `executed GTIDs ${position.replace(/ owned.*$/, '')}`;
    case 'innodb':
      return `InnoDB transaction ${position.replace(/^counter (\w+).*$/, '$1')}`;
    default:
      return kind satisfies never;
  }
}
