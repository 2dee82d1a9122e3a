import type { SourceConfig } from '../sources/source.ts';
import type { WorkerSetup } from '../workers/messages.ts';
import { WorkerPool } from '../workers/pool.ts';

/**
 * The threads of a run. Those of its first epoch start, and connect, while the source's tables are looked up: that takes about as
 * long as they do. A later epoch, or a second try, starts its own.
 */
export class EarlyPool implements AsyncDisposable {
  readonly #threads: number;
  readonly #setup: WorkerSetup;
  #early: WorkerPool | null;

  constructor(threads: number, setup: WorkerSetup) {
    this.#threads = threads;
    this.#setup = setup;
    this.#early = new WorkerPool(threads, setup);
  }

  /** Once the source has let one session in: with a wrong password there is one failed login, not one more a thread. */
  openSessions(source: SourceConfig): void {
    this.#early?.openSessions(source);
  }

  /** The caller ends it. */
  take(): WorkerPool {
    const early = this.#early;
    this.#early = null;
    return early ?? new WorkerPool(this.#threads, this.#setup);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#early?.abandon();
  }
}
