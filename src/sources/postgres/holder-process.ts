import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL(`./holder${path.extname(import.meta.url)}`, import.meta.url));

/** Waits on its standard input for what it is to hold; ends when that is closed without a word. */
export type HolderProcess = ChildProcessByStdio<Writable, Readable, Readable>;

export function startHolderProcess(): HolderProcess {
  // The folder for this version of Node, in the one that is named.
  const cache = getCompileCacheDir();
  return spawn(process.execPath, [PROGRAM], {
    // A session of its own: neither Ctrl-C nor the end of the terminal reaches it. Nothing of our environment, which may hold passwords.
    detached: true,
    env: { TZ: 'UTC', ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: path.dirname(cache) }) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** A process that starts while something else is waited for: a fifth of a second that a snapshot then takes less. */
export class SpareHolder implements Disposable {
  #process: HolderProcess | null = null;

  start(): void {
    if (this.#process !== null) return;
    this.#process = startHolderProcess();
    // Why it could not be started is found again by the one that is started in its place.
    this.#process.on('error', () => undefined);
    this.#process.stdin.on('error', () => undefined);
  }

  /** Once; where there is none, or none any more, one that is only now started. */
  take(): HolderProcess {
    const spare = this.#process;
    this.#process = null;
    const isAlive = spare?.pid !== undefined && spare.exitCode === null && spare.signalCode === null;
    return spare !== null && isAlive ? spare : startHolderProcess();
  }

  [Symbol.dispose](): void {
    this.#process?.kill('SIGKILL');
    this.#process = null;
  }
}
