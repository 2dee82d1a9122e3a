import type { Connection } from 'mysql2';
import { SqlextractError } from '../../model/problem.ts';
import type { SourceConfig } from '../source.ts';
import { mysqlOptions } from './config.ts';
import { dropConnection } from './drop-connection.ts';
import { endConnection, openConnection } from './open-connection.ts';
import { queryRow } from './query-rows.ts';

/**
 * Watches the waits for a server. When one lasts longer than the limit, a second connection asks what the session does: a server that still
 * computes is waited for; one that writes to us, is idle, or does not answer, is not there for this connection any more. The connection is then
 * closed, and the wait rejects with SOURCE_STALLED (reconnect).
 */
export class Watchdog implements Disposable {
  private readonly connection: Connection;
  private readonly config: SourceConfig;
  private readonly limitMs: number;
  private readonly timer: NodeJS.Timeout;
  private waitingSince: number | null = null;
  private asking = false;
  private giveUp: ((reason: unknown) => void) | null = null;

  constructor(connection: Connection, config: SourceConfig) {
    this.connection = connection;
    this.config = config;
    this.limitMs = mysqlOptions(config).watchdogMs;
    // Not unref'd: a wait that nothing else keeps alive would end the process without a word.
    this.timer = setInterval(() => void this.look(), Math.max(50, this.limitMs / 4));
  }

  /** The result of `wait`, or SOURCE_STALLED. Not `Promise.race`, which would keep something of every wait until the last. */
  async during<T>(wait: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.waitingSince = performance.now();
    this.giveUp = reject;
    wait.then(resolve, reject);
    try {
      return await promise;
    } finally {
      this.waitingSince = null;
      this.giveUp = null;
    }
  }

  /** Ends the wait at hand, when there is one, with an error. */
  interrupt(reason: unknown): void {
    this.giveUp?.(reason);
  }

  /** The wait goes on, and bytes with it: its time begins anew. */
  heard(): void {
    if (this.waitingSince !== null) this.waitingSince = performance.now();
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const since = this.waitingSince;
    if (since === null || this.asking || performance.now() - since < this.limitMs) return;
    this.asking = true;
    const busy = await isBusy(this.config, this.connection.threadId);
    this.asking = false;
    if (this.waitingSince !== since) return;
    if (busy) {
      this.waitingSince = performance.now();
      return;
    }
    this.interrupt(
      new SqlextractError({
        code: 'SOURCE_STALLED',
        message: `${this.config.displayUrl}: nothing came for ${Math.round(this.limitMs / 1000)} s, and the session does not work`,
        hint: 'the connection is made anew; another limit can be set with ?watchdog=<seconds> in the URL',
        fault: 'source',
        verdict: 'reconnect',
      }),
    );
    dropConnection(this.connection);
  }
}

/** The answer of a query, or SOURCE_STALLED. */
export async function watchAnswer<T>(connection: Connection, config: SourceConfig, answer: Promise<T>): Promise<T> {
  using watchdog = new Watchdog(connection, config);
  return await watchdog.during(answer);
}

/** States of a session that waits for its client to take bytes, or to send those of a LOAD DATA; of MariaDB and of MySQL. */
const OUR_TURN = ['Writing to net', 'Sending to client', 'Reading from net', 'Receiving from client'];

/** False also when the second connection falls silent itself. */
async function isBusy(config: SourceConfig, threadId: number | undefined): Promise<boolean> {
  if (typeof threadId !== 'number') return false;
  const { connectTimeoutMs } = mysqlOptions(config);
  let connection: Connection | null = null;
  const patience = setTimeout(() => connection !== null && dropConnection(connection), 2 * connectTimeoutMs);
  const silence = new Promise<null>((resolve) => setTimeout(resolve, 2 * connectTimeoutMs, null).unref());
  try {
    connection = await openConnection(config, 'sqlextract watchdog');
    const asked = queryRow(
      connection,
      `SELECT COMMAND, STATE FROM information_schema.PROCESSLIST WHERE ID = ${threadId}`,
    );
    const [command, state] = (await Promise.race([asked, silence])) ?? [];
    return (command === 'Query' || command === 'Execute') && !OUR_TURN.includes(state ?? '');
  } catch {
    return false;
  } finally {
    clearTimeout(patience);
    if (connection !== null) await endConnection(connection);
  }
}
