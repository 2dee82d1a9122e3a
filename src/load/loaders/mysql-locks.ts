import type { TableLoad } from '../../ingest/ingest-plan.ts';
import { lockOf } from '../../ingest/targets/mysql-view.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import type { OnWait } from '../loader.ts';
import type { MysqlConnection } from './mysql-connection.ts';

/** Seconds that one attempt waits for a lock of somebody else; between two of them those go on that came later. */
const ATTEMPT_SECONDS = 2;
const ATTEMPTS = 150;
/** As templates/mysql/session.sql has it: a file is waited for that another load of the run is staging. */
const STAGE_SECONDS = 900;

const waits = (seconds: number): string =>
  `SET SESSION lock_wait_timeout = ${seconds}, innodb_lock_wait_timeout = ${seconds};`;

/** Another load of the table ends by itself: it is waited for as long as it takes, but not without a word. */
export async function waitForLoads(main: MysqlConnection, load: TableLoad, onWait: OnWait): Promise<void> {
  const lock = String(lockOf(load));
  for (let attempt = 0; ; attempt += 1) {
    const [[got = null] = []] = await main.rows(`SELECT GET_LOCK(${lock}, ${ATTEMPT_SECONDS})`);
    if (got === '1') return;
    if (attempt % 15 > 0) continue;
    const [[session = null] = []] = await main.rows(`SELECT IS_USED_LOCK(${lock})`);
    onWait(`waits for another load of the table (session ${session ?? '?'})`);
  }
}

/** Tries again what a lock of somebody else keeps from being done. Throws TARGET_LOCKED with the sessions that may have it. */
export async function patiently(
  main: MysqlConnection,
  load: TableLoad,
  onWait: OnWait,
  work: () => Promise<void>,
  attempts = ATTEMPTS,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await main.run(waits(ATTEMPT_SECONDS));
      await work();
      return await main.run(waits(STAGE_SECONDS));
    } catch (error) {
      if (!(error instanceof SqlextractError) || error.problem.code !== 'TARGET_LOCKED') throw error;
      const holders = await openTransactions(main);
      if (attempt >= attempts) throw locked(load, holders, error);
      if (attempt % 15 === 1) onWait(`waits for the lock of ${holders}`);
    }
  }
}

/** information_schema.INNODB_TRX is for those with PROCESS; others see no more than that there is a lock. */
async function openTransactions(main: MysqlConnection): Promise<string> {
  const rows = await main
    .rows(
      `SELECT CONCAT('session ', t.trx_mysql_thread_id, COALESCE(CONCAT(' of ', p.user), ''), ', in a transaction since ', t.trx_started)
      FROM information_schema.innodb_trx AS t LEFT JOIN information_schema.processlist AS p ON p.id = t.trx_mysql_thread_id
      WHERE t.trx_mysql_thread_id NOT IN (0, CONNECTION_ID()) ORDER BY t.trx_started LIMIT 5`,
    )
    .catch(() => []);
  return rows.length === 0 ? 'a session that the server does not tell' : rows.map(([text]) => text).join('; ');
}

function locked(load: TableLoad, holders: string, error: SqlextractError): SqlextractError {
  const table = displayName({ schema: load.target.schema ?? '', name: load.target.name });
  return new SqlextractError(
    { ...error.problem, message: `${table}: it is locked, and stayed so, by ${holders}; nothing was changed` },
    error,
  );
}
