import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/**
 * A tenth of a second of processor time each: the program begins again in its own place to set the first (hand-over.test.ts shows that), and
 * a second thread has nothing to do for a table of one range. Who has several ranges asks for `--workers 2`.
 */
const CHEAP = { MALLOC_MMAP_THRESHOLD_: '262144', SQLEXTRACT_WORKERS: '1' };

const PROGRAM = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

export interface CliRun {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface CliOptions {
  readonly cwd: string;
  /** On top of PATH, HOME and CHEAP; nothing else of the test's own environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default 120 s. A run that needs longer is killed and the promise rejects with what it printed. */
  readonly timeoutMs?: number;
  /** SIGKILL after so many milliseconds: a crash that the test wants, so the promise resolves. */
  readonly killAfterMs?: number;
}

/** Runs the real program as a user would, built from its source (build-program.ts). Its exit code is part of the result, never an exception. */
export async function runCli(args: readonly string[], options: CliOptions): Promise<CliRun> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], HOME: options.cwd, ...CHEAP, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  let timedOut = false;
  const timeoutMs = options.timeoutMs ?? 120_000;
  const watchdog = setTimeout(() => {
    timedOut = child.kill('SIGKILL');
  }, timeoutMs);
  const crash = options.killAfterMs === undefined ? null : setTimeout(() => child.kill('SIGKILL'), options.killAfterMs);
  // 'exit', not 'close': a holder that outlives the program must not keep the test waiting; then what is still in the pipes.
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(watchdog);
  if (crash !== null) clearTimeout(crash);
  await drained(child.stdout, child.stderr);
  if (timedOut) {
    throw new Error(`no end after ${timeoutMs} ms: ${args.join(' ')}\n${output.stdout}\n${output.stderr}`);
  }
  return { code, signal, ...output, ms: performance.now() - startedAt };
}

/** At most a second: a grandchild that inherited the pipes would hold them open. */
async function drained(...streams: readonly Readable[]): Promise<void> {
  const ended = streams.map(async (stream) => {
    if (!stream.readableEnded) await once(stream, 'end');
  });
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, 1000);
  });
  await Promise.race([Promise.all(ended), limit]);
  clearTimeout(timer);
}
