import type pg from 'pg';
import { SqlextractError } from '../../model/problem.ts';
import type { SourceConfig } from '../source.ts';
import { backendId, dropConnection } from './cancel.ts';
import { postgresOptions } from './config.ts';
import { endConnection, openConnection } from './open-connection.ts';

/**
 * Watches the waits for a server. When one lasts longer than the limit, a second connection asks what the session does: a server that
 * still computes is waited for; one that thinks it is sending to us, is idle, or does not answer, is not there for this connection any
 * more. The connection is then closed, and the wait rejects with SOURCE_STALLED (reconnect).
 */
export class Watchdog implements Disposable {
  private readonly client: pg.Client;
  private readonly config: SourceConfig;
  private readonly limitMs: number;
  private readonly timer: NodeJS.Timeout;
  private waitingSince: number | null = null;
  private asking = false;
  private stalled: PromiseWithResolvers<never> = Promise.withResolvers<never>();

  constructor(client: pg.Client, config: SourceConfig) {
    this.client = client;
    this.config = config;
    this.limitMs = postgresOptions(config).watchdogMs;
    this.stalled.promise.catch(() => undefined);
    this.timer = setInterval(() => void this.look(), Math.max(50, this.limitMs / 4));
    this.timer.unref();
  }

  /** The result of `wait`, or SOURCE_STALLED. */
  async during<T>(wait: Promise<T>): Promise<T> {
    this.waitingSince = performance.now();
    try {
      return await Promise.race([wait, this.stalled.promise]);
    } finally {
      this.waitingSince = null;
    }
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
    const busy = await isBusy(this.config, backendId(this.client));
    this.asking = false;
    if (this.waitingSince !== since) return;
    if (busy) {
      this.waitingSince = performance.now();
      return;
    }
    this.stalled.reject(
      new SqlextractError({
        code: 'SOURCE_STALLED',
        message: `${this.config.displayUrl}: nothing came for ${Math.round(this.limitMs / 1000)} s, and the session does not work`,
        hint: 'the connection is made anew; another limit can be set with ?watchdog=<seconds> in the URL',
        fault: 'source',
        verdict: 'reconnect',
      }),
    );
    dropConnection(this.client);
  }
}

/** The answer of a query, or SOURCE_STALLED. */
export async function watchAnswer<T>(client: pg.Client, config: SourceConfig, answer: Promise<T>): Promise<T> {
  using watchdog = new Watchdog(client, config);
  return await watchdog.during(answer);
}

/** False also when the second connection falls silent itself. */
async function isBusy(config: SourceConfig, backend: number | null): Promise<boolean> {
  if (backend === null) return false;
  const { connectTimeoutMs } = postgresOptions(config);
  let client: pg.Client | null = null;
  const patience = setTimeout(() => client !== null && dropConnection(client), 2 * connectTimeoutMs);
  try {
    client = await openConnection(config, 'sqlextract watchdog');
    const { rowCount } = await client.query(
      `SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pid = ${backend} AND state = 'active'
        AND wait_event_type IS DISTINCT FROM 'Client'`,
    );
    return rowCount === 1;
  } catch {
    return false;
  } finally {
    clearTimeout(patience);
    if (client !== null) await endConnection(client);
  }
}
