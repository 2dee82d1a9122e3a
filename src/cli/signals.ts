import { decideExitCode, SIGNAL_EXIT_CODES, type StopSignal } from './exit-codes.ts';
import { printNote } from './print.ts';

/** npm and a launcher pass a terminal's Ctrl-C on although it reached us already: within this time it is the same one. */
const SAME_SIGNAL_MS = 400;

export interface SignalOptions {
  /** Called once, at the first SIGINT or SIGTERM: begin to end at the next safe point. */
  readonly stop: (signal: StopSignal) => void;
  readonly say?: (line: string) => void;
  /** `process.exit` but in tests. */
  readonly exit?: (code: number) => void;
  readonly now?: () => number;
}

/**
 *   running ──first signal──▶ stopping (`stop` was called, one line said) ──work ends──▶ exit code 130 or 143
 *                                │
 *                                └──second signal, not an echo of the first──▶ exit at once, 130 or 143
 *
 * Leaving at once is safe: what is not committed is read again, as after kill -9.
 */
export async function withSignals<T>(options: SignalOptions, work: () => Promise<T>): Promise<T> {
  const { stop, say = printNote, exit = (code: number) => process.exit(code), now = Date.now } = options;
  let first: { readonly signal: StopSignal; readonly at: number } | null = null;
  const onSignal = (signal: StopSignal): void => {
    if (first === null) {
      first = { signal, at: now() };
      say(
        `${signal}: stopping at the next safe point; the same command goes on from there. Once more to leave at once.`,
      );
      stop(signal);
    } else if (now() - first.at > SAME_SIGNAL_MS) {
      exit(SIGNAL_EXIT_CODES[signal]);
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await work();
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    const seen = first as { readonly signal: StopSignal } | null;
    if (seen !== null) decideExitCode(SIGNAL_EXIT_CODES[seen.signal]);
  }
}
