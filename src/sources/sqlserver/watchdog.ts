import { SqlextractError } from '../../model/problem.ts';
import type { SourceConfig } from '../source.ts';
import { sqlServerOptions } from './config.ts';
import type { SqlServerConnection } from './connection.ts';
import { openConnection } from './open-connection.ts';

/**
 * Watches the waits for a server. When one lasts longer than the limit, a second connection asks what the session does: a server that
 * still computes, or waits for a lock, is waited for; one that thinks it is sending to us, is idle, or does not answer, is not there for this
 * connection any more. Then `onStall` is called with SOURCE_STALLED (reconnect), and the connection is closed, so that the wait rejects.
 */
export class Watchdog implements Disposable {
  private readonly connection: SqlServerConnection;
  private readonly config: SourceConfig;
  private readonly limitMs: number;
  private readonly onStall: (error: SqlextractError) => void;
  private readonly timer: NodeJS.Timeout;
  private waitingSince: number | null = null;
  private asking = false;

  constructor(connection: SqlServerConnection, config: SourceConfig, onStall: (error: SqlextractError) => void) {
    this.connection = connection;
    this.config = config;
    this.onStall = onStall;
    this.limitMs = sqlServerOptions(config).watchdogMs;
    this.timer = setInterval(() => void this.look(), Math.max(50, this.limitMs / 4));
    this.timer.unref();
  }

  /** The result of `wait`. */
  async during<T>(wait: Promise<T>): Promise<T> {
    this.waitingSince = performance.now();
    try {
      return await wait;
    } finally {
      this.waitingSince = null;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const since = this.waitingSince;
    if (since === null || this.asking || performance.now() - since < this.limitMs) return;
    this.asking = true;
    const state = await lookAtSession(this.config, this.connection.spid);
    this.asking = false;
    if (this.waitingSince !== since) return;
    if (state === 'busy') this.waitingSince = performance.now();
    else {
      this.onStall(this.stalled(state));
      this.connection.tedious.close();
    }
  }

  private stalled(state: 'idle' | 'unknown'): SqlextractError {
    const seen = state === 'idle' ? 'the session does not work' : 'whether the session works cannot be seen';
    const grant =
      state === 'idle'
        ? ''
        : 'grant the login VIEW SERVER STATE (on Azure SQL Database VIEW DATABASE STATE), so that a long wait is understood; ';
    return new SqlextractError({
      code: 'SOURCE_STALLED',
      message: `${this.config.displayUrl}: nothing came for ${Math.round(this.limitMs / 1000)} s, and ${seen}`,
      hint: `the connection is made anew; ${grant}another limit can be set with ?watchdog=<seconds> in the URL`,
      fault: 'source',
      verdict: 'reconnect',
    });
  }
}

/** Its own session is seen by every login, all others only with VIEW SERVER STATE (VIEW SERVER PERFORMANCE STATE since 2022). */
const LOOK = (spid: number): string =>
  `/* sqlextract:watchdog */
   SELECT s.session_id AS session, CASE WHEN r.session_id IS NULL OR r.wait_type = 'ASYNC_NETWORK_IO' THEN 0 ELSE 1 END AS busy
   FROM sys.dm_exec_sessions s LEFT JOIN sys.dm_exec_requests r ON r.session_id = s.session_id
   WHERE s.session_id = ${spid}`;

/** 'unknown' where the login may not look, or the server has no such view (Babelfish); 'idle' also when the second connection falls silent. */
async function lookAtSession(config: SourceConfig, spid: number): Promise<'busy' | 'idle' | 'unknown'> {
  const { connectTimeoutMs } = sqlServerOptions(config);
  let looker: SqlServerConnection | null = null;
  const patience = setTimeout(() => looker?.tedious.close(), 2 * connectTimeoutMs);
  try {
    looker = await openConnection(config, 'sqlextract watchdog');
    const [row] = await looker.rows(LOOK(spid));
    if (row === undefined) return 'unknown';
    return row['busy'] === '1' ? 'busy' : 'idle';
  } catch {
    return looker === null || looker.tedious.closed ? 'idle' : 'unknown';
  } finally {
    clearTimeout(patience);
    await looker?.close();
  }
}
