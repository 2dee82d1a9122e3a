import type { Problem } from '../model/problem.ts';

/** How often one chunk is tried, and how many failures a whole run forgives; both count from the start of this process. */
export interface RetryBudget {
  readonly attemptsPerChunk: number;
  readonly failuresPerRun: number;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 60_000;

export type RetryDecision =
  | { readonly again: true; readonly delayMs: number }
  /** `spent`: which budget is used up, for the message; null: another try would not help. */
  | { readonly again: false; readonly spent: string | null };

/** Exponential back-off with full jitter (half to whole of 0.5 s, 1 s, 2 s … 60 s), so that workers do not come back together. */
export function decideRetry(
  problem: Problem,
  attempt: number,
  failuresSoFar: number,
  budget: RetryBudget,
): RetryDecision {
  if (!isPassing(problem)) return { again: false, spent: null };
  if (attempt >= budget.attemptsPerChunk) {
    return { again: false, spent: `given up after ${attempt} tries, --retries ${budget.attemptsPerChunk - 1}` };
  }
  if (failuresSoFar >= budget.failuresPerRun) {
    return { again: false, spent: `given up after ${failuresSoFar} failures, --max-failures ${budget.failuresPerRun}` };
  }
  return { again: true, delayMs: backOff(attempt) };
}

/** Half to whole of 0.5 s, 1 s, 2 s … 60 s; milliseconds. */
export function backOff(attempt: number): number {
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
  return Math.round(ceiling * (0.5 + Math.random() / 2));
}

/** Another try, on the same connection or on a new one, may end otherwise. */
export function isPassing({ verdict }: Problem): boolean {
  return verdict === 'retry' || verdict === 'reconnect' || verdict === 'smaller';
}
