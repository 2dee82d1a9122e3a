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
 */
export type PositionKind = 'binlog' | 'gtid' | 'innodb';

export interface PositionFinding {
  /** Null: none can be read. */
  readonly kind: PositionKind | null;
  /** Why none can be read, and what to grant; '' when one can. */
  readonly reason: string;
}

export async function findPosition(connection: Connection, facts: ServerFacts): Promise<PositionFinding> {
  const logs = facts.variables.get('log_bin') === 'ON' && (await logsEverything(connection, facts));
  if (logs && (await readBinlog(connection)) !== null) return { kind: 'binlog', reason: '' };
  if (logs && !facts.mariadb && facts.variables.get('gtid_mode') === 'ON') return { kind: 'gtid', reason: '' };
  try {
    await readInnodb(connection, facts);
    return { kind: 'innodb', reason: '' };
  } catch (error) {
    if (![1227, 1044, 1045, 1142].includes(serverErrorNumber(error) ?? 0)) throw error;
  }
  const log = facts.mariadb ? 'the binary log is off or incomplete' : 'gtid_mode is off';
  return { kind: null, reason: `${log}, and this user may not see InnoDB's transactions (GRANT PROCESS ON *.*)` };
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

/** information_schema.INNODB_TRX is filled anew only when it was left alone for 0.1 s. */
const TRX_CACHE_MS = 120;

async function readInnodb(connection: Connection, facts: ServerFacts): Promise<string> {
  const [row] = await queryRecords(connection, 'SHOW ENGINE INNODB STATUS');
  const counter = /^Trx id counter (\w+)/m.exec(row?.get('Status') ?? '')?.[1];
  if (counter === undefined) throw new Error('SHOW ENGINE INNODB STATUS has no transaction counter');
  if (facts.mariadb) return `counter ${counter}`;
  await setTimeout(TRX_CACHE_MS);
  // Transactions that have written nothing have numbers above 2^48.
  const open = await queryCell(
    connection,
    'SELECT GROUP_CONCAT(trx_id ORDER BY trx_id) FROM information_schema.INNODB_TRX WHERE trx_id < 281474976710656',
  );
  return `counter ${counter} open ${open ?? ''}`;
}

/** For people; `there` begins with the server's name (join-snapshot.ts). */
export function describePosition(kind: PositionKind, there: string): string {
  const position = there.slice(there.indexOf(' ') + 1);
  switch (kind) {
    case 'binlog':
      return `binary log ${position}`;
    case 'gtid':
      return `executed GTIDs ${position.replace(/ owned.*$/, '')}`;
    case 'innodb':
      return `InnoDB transaction ${position.replace(/^counter (\w+).*$/, '$1')}`;
    default:
      return kind satisfies never;
  }
}
