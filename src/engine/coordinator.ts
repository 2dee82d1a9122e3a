import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem } from '../model/problem.ts';
import { SqlextractError } from '../model/problem.ts';
import type { SourceSession } from '../sources/source.ts';
import type { RunWatcher } from './events.ts';
import type { ExtractRequest } from './request.ts';
import { backOff, isPassing } from './retry.ts';

/**
 * The session that describes, walks keys and takes snapshots. It idles for long, so of all connections it is the likeliest to be cut by
 * something in between; it is then opened anew, and the snapshot is joined again where something else holds it.
 *
 *   open ──lost──▶ reopening (back-off, --retries) ──▶ open, the same server ; another server, or no more tries ──▶ the run ends
 */
export class Coordinator implements AsyncDisposable {
  readonly #request: ExtractRequest;
  readonly #watcher: RunWatcher;
  #session: SourceSession;
  #identity: Readonly<Record<string, string>>;

  private constructor(
    request: ExtractRequest,
    watcher: RunWatcher,
    session: SourceSession,
    identity: Readonly<Record<string, string>>,
  ) {
    this.#request = request;
    this.#watcher = watcher;
    this.#session = session;
    this.#identity = identity;
  }

  static async open(request: ExtractRequest, watcher: RunWatcher): Promise<Coordinator> {
    const session = await request.driver.open(request.source, 'coordinator');
    try {
      if (request.consistency !== 'chunk') session.expectSnapshot?.();
      return new Coordinator(request, watcher, session, await session.identity());
    } catch (error) {
      await closeQuietly(session);
      throw error;
    }
  }

  get session(): SourceSession {
    return this.#session;
  }

  /** Throws what opening throws when the tries are used up, and SOURCE_IS_ANOTHER when another server answers. Returns on a stop. */
  async reopen(): Promise<void> {
    const { driver, source, budget, stop } = this.#request;
    await closeQuietly(this.#session);
    for (let tries = 1; !stop.aborted; tries += 1) {
      try {
        this.#session = await driver.open(source, 'coordinator');
        await this.#requireSameServer();
        return;
      } catch (error) {
        const problem = error instanceof SqlextractError ? error.problem : driver.classify(error);
        if (!isPassing(problem) || tries >= budget.attemptsPerChunk) throw error;
        await this.#waitAfter(problem, tries);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeQuietly(this.#session);
  }

  async #waitAfter(problem: Problem, tries: number): Promise<void> {
    const delayMs = backOff(tries);
    const text = `${problem.message}: tried again in ${(delayMs / 1000).toFixed(1)} s`;
    this.#watcher.event({ kind: 'remark', table: null, text });
    await sleep(delayMs, undefined, { signal: this.#request.stop }).catch(() => undefined);
  }

  async #requireSameServer(): Promise<void> {
    const now = await this.#session.identity();
    const before = this.#identity;
    const changed = [...new Set([...Object.keys(before), ...Object.keys(now)])].find(
      (name) => before[name] !== now[name],
    );
    if (changed === undefined) return;
    throw new SqlextractError({
      code: 'SOURCE_IS_ANOTHER',
      message: `the connection was lost, and the source that answers now is another one: ${changed} was ${before[changed] ?? 'not known'} and is ${now[changed] ?? 'not known'}`,
      hint: 'connect to the server that the run was begun on, or begin anew with --fresh',
      fault: 'source',
    });
  }
}

/** A broken session that cannot even be closed adds nothing to why it is given up. */
async function closeQuietly(session: SourceSession): Promise<void> {
  try {
    await session[Symbol.asyncDispose]();
  } catch {
    return;
  }
}
