import { extname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { Piscina } from 'piscina';
import type { Problem } from '../model/problem.ts';
import { SqlextractError, toProblem } from '../model/problem.ts';
import type { SnapshotToken } from '../model/epoch.ts';
import type { SourceConfig } from '../sources/source.ts';
import type { ChunkOutcome, ChunkTask, JoinOutcome, LeaveTask, WorkerSetup, WorkerTask } from './messages.ts';
import type { SharedState } from './shared-state.ts';
import { resetArrivals } from './shared-state.ts';

/**
 * A worker's heap is 10 MB of objects beside buffers that V8 does not manage, and with V8's own first limit it is marked from end to
 * end some fifty times in a minute. A first limit that it never reaches costs nothing until it is used, and saves a fifth of the processor
 * time (docs/decisions/worker-pool.md). Read by V8 whenever a thread starts.
 */
const FIRST_HEAP_LIMIT = '--initial-old-space-size=48';

const SETTLING_MS = 200;

/** Texts of a batch die young; V8's own larger generations only hold 100 MB more of them at a time. */
const YOUNG_MB = 32;

/**
 * The worker threads. Options that matter, each measured (docs/decisions/worker-pool.md):
 * `atomics: 'disabled'` – with the default a waiting thread runs no timers, so a kept connection answers no keep-alive;
 * `minThreads = maxThreads` – a thread keeps its connection between two tasks; one that cannot be loaded is not made anew, and what was
 * asked of it stays pending for ever: `#broken` ends that;
 * no AbortSignal – it ends the thread without running `finally`: the shared stop flag ends a task instead.
 */
export class WorkerPool implements AsyncDisposable {
  readonly #pool: Piscina;
  readonly #shared: SharedState;
  readonly threads: number;
  /** Rejects when a thread is missing for good: its file cannot be loaded, as when the program is replaced while it runs. */
  readonly #broken = Promise.withResolvers<never>();
  #isBroken = false;
  /** Null as long as no thread can have a session. */
  #opened: Promise<void> | null = null;
  #areOpen = false;

  constructor(threads: number, setup: WorkerSetup) {
    this.threads = threads;
    this.#shared = setup.shared;
    setFlagsFromString(FIRST_HEAP_LIMIT);
    this.#pool = new Piscina({
      filename: new URL(`./extract-chunk${extname(import.meta.url)}`, import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      atomics: 'disabled',
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      workerData: setup,
    });
    this.#broken.promise.catch(() => undefined);
    // Without a listener a thread that dies between two tasks would end the process with a raw stack.
    this.#pool.on('error', (error: unknown) => this.#missed(error));
  }

  /** Never rejects: a thread that died is a failed outcome, to be tried again on a new thread. */
  async run(task: ChunkTask): Promise<ChunkOutcome> {
    this.#opened ??= Promise.resolve();
    try {
      return (await this.#run(task)) as ChunkOutcome;
    } catch (error) {
      return { kind: 'failed', problem: threadProblem(error) };
    }
  }

  /** Lets the threads connect while the tables are looked up. */
  openSessions(source: SourceConfig): void {
    this.#opened = this.#onEveryThread({ kind: 'open', source, threads: this.threads }).then(
      () => void (this.#areOpen = true),
      () => undefined,
    );
  }

  /** Ends threads that nothing was asked of: whoever is refused does not wait for them to start and connect. */
  async abandon(): Promise<void> {
    if (this.#areOpen) await this[Symbol.asyncDispose]();
    else await this.#pool.destroy();
  }

  /** Puts every thread into the epoch; throws the first failure. */
  async join(source: SourceConfig, token: SnapshotToken): Promise<void> {
    await (this.#opened ??= Promise.resolve());
    await this.#onEveryThread({ kind: 'join', source, token, threads: this.threads });
  }

  /** Closes the sessions of all threads, then ends them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened;
    const leave: LeaveTask = { kind: 'leave', threads: this.threads };
    if (this.#opened !== null && !this.#isBroken) await this.#onEveryThread(leave).catch(() => undefined);
    await this.#pool.destroy();
  }

  async #run(task: WorkerTask): Promise<unknown> {
    try {
      return await Promise.race([this.#pool.run(task), this.#broken.promise]);
    } catch (error) {
      if (error instanceof SqlextractError) throw error;
      // A task of a thread that cannot be loaded is rejected before the thread is missed.
      await sleep(SETTLING_MS);
      this.#missed(error);
      throw this.#isBroken ? cannotStart(error) : error;
    }
  }

  /** piscina replaces a thread that dies, unless it had not even begun. */
  #missed(error: unknown): void {
    if (this.#isBroken || this.#pool.threads.length >= this.threads) return;
    this.#isBroken = true;
    this.#broken.reject(cannotStart(error));
  }

  async #onEveryThread(task: WorkerTask): Promise<void> {
    resetArrivals(this.#shared);
    const outcomes = await Promise.all(
      Array.from({ length: this.threads }, async () => this.#run(task) as Promise<JoinOutcome>),
    );
    const failed = outcomes.find((outcome) => outcome.kind === 'failed');
    if (failed !== undefined) throw new SqlextractError(failed.problem);
  }
}

function cannotStart(error: unknown): SqlextractError {
  return new SqlextractError(
    {
      code: 'WORKER_START',
      message: `a worker thread cannot be started: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'was the program replaced while it ran? install it whole, then the same command goes on',
      fault: 'configuration',
      verdict: 'fatal',
    },
    error,
  );
}

function threadProblem(error: unknown): Problem {
  const code = (error as { code?: unknown }).code;
  if (code !== 'ERR_WORKER_OUT_OF_MEMORY') return toProblem(error);
  return {
    code: 'WORKER_OUT_OF_MEMORY',
    message: 'a worker thread ran out of memory and was replaced',
    hint: 'use a smaller --batch-size or --buffer-size, or fewer --workers',
    fault: 'configuration',
    verdict: 'retry',
  };
}
