import { setTimeout } from 'node:timers/promises';
import type { Row, SqlServerConnection } from './connection.ts';
import { classifySqlServer } from './errors.ts';

/** `2024-01-31 08:00:00.1234567` in UTC: a text, whose order is that of the moments. */
export type UtcMoment = string;

/** A transaction of another session whose rows cannot be seen yet. */
export interface InFlight {
  /** Never that of another one later. */
  readonly id: string;
  /** Null: its session has left it (a distributed one that is prepared). */
  readonly session: string | null;
  /** It did not begin earlier. */
  readonly began: UtcMoment;
}

export interface Look {
  /** Why others cannot be seen; null when they can. */
  readonly blind: string | null;
  readonly inFlight: readonly InFlight[];
}

export const LOOKS_APART_MS = 100;

const NOT_ALLOWED =
  'this login may not: GRANT VIEW SERVER STATE, or VIEW SERVER PERFORMANCE STATE from SQL Server 2022 on';

/**
 * What other sessions may still commit to this database, from the requests that run and the transactions that are open, in this order: what runs in
 * the first is in the second or has ended. A transaction that has written nothing to the database yet matters only while a statement of it
 * runs; later ones stamp later. (transaction_type 2 only reads.)
 *
 * The server tells the start by its own clock on the wall, so its age is taken (two hours where that clock was set back since), and two seconds
 * more, since a statement may wait before its transaction begins.
 * https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-tran-active-transactions-transact-sql
 */
export async function lookAtTransactions(connection: SqlServerConnection): Promise<Look> {
  try {
    const requests = await connection.rows(
      '/* sqlextract:requests */ SELECT CONVERT(varchar(20), r.transaction_id) AS id FROM sys.dm_exec_requests r WHERE r.session_id <> @@SPID',
    );
    const running = new Set(requests.map((row) => String(row['id'])));
    const transactions = await connection.rows(TRANSACTIONS);
    const open = transactions.filter((row) => row['written'] === '1' || running.has(String(row['id'])));
    return { blind: null, inFlight: open.map(inFlightOf) };
  } catch (error) {
    const { code } = classifySqlServer(error);
    if (code !== 'SOURCE_PERMISSION') throw error;
    return { blind: NOT_ALLOWED, inFlight: [] };
  }
}

const TRANSACTIONS = `/* sqlextract:transactions */
  SELECT CONVERT(varchar(20), a.transaction_id) AS id, CONVERT(varchar(10), s.session_id) AS session,
    CASE WHEN d.database_transaction_begin_time IS NULL THEN 0 ELSE 1 END AS written,
    CONVERT(varchar(33), DATEADD(second, -3 - CASE WHEN a.transaction_begin_time > DATEADD(second, 1, SYSDATETIME()) THEN 7200
      ELSE ABS(DATEDIFF(second, a.transaction_begin_time, SYSDATETIME())) END, SYSUTCDATETIME()), 121) AS began
  FROM sys.dm_tran_active_transactions a
  JOIN sys.dm_tran_database_transactions d ON d.transaction_id = a.transaction_id AND d.database_id = DB_ID()
  LEFT JOIN sys.dm_tran_session_transactions s ON s.transaction_id = a.transaction_id
  WHERE a.transaction_type <> 2 AND COALESCE(s.session_id, 0) <> @@SPID`;

function inFlightOf(row: Row): InFlight {
  const session = row['session'];
  return {
    id: String(row['id']),
    session: typeof session === 'string' ? session : null,
    began: momentText(row['began']),
  };
}

/** With seven digits of a second: Babelfish leaves zeros at the end out. */
export function momentText(cell: unknown): UtcMoment {
  if (typeof cell !== 'string') throw new RangeError('the server told no moment');
  const [whole = '', fraction = ''] = cell.trim().split('.');
  return `${whole}.${fraction.padEnd(7, '0')}`;
}

/** GETDATE() can be behind the clock by the length of its tick, and DATETIME is rounded to 3 ms. */
const TICK_MS = 20;

export async function serverMoment(connection: SqlServerConnection, lagMs = 0): Promise<UtcMoment> {
  const seconds = Math.floor(lagMs / 1000);
  const [row] = await connection.rows(
    `/* sqlextract:moment */ SELECT CONVERT(varchar(33), DATEADD(millisecond, -${Math.ceil(lagMs - seconds * 1000) + TICK_MS},
      DATEADD(second, -${seconds}, SYSUTCDATETIME())), 121) AS now`,
  );
  return momentText(row?.['now']);
}

export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}

/** For a message: `session 57 (a transaction since 2024-01-31 08:00:00 UTC)`. */
export function nameInFlight({ session, id, began }: InFlight): string {
  const since = `since ${began.slice(0, 19)} UTC`;
  return session === null
    ? `transaction ${id} (without a session, ${since})`
    : `session ${session} (a transaction ${since})`;
}
