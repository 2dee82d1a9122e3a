import type { Problem } from '../model/problem.ts';

/** How often one chunk is tried, and how many failures a whole run forgives; both count from the start of the process. */
export interface RetryBudget {
  readonly attemptsPerChunk: number;
  readonly failuresPerRun: number;
}

export const RETRY_BUDGET: RetryBudget = { attemptsPerChunk: 6, failuresPerRun: 200 };

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 60_000;

export type RetryDecision = { readonly again: true; readonly delayMs: number } | { readonly again: false };

/** Exponential back-off with full jitter (half to whole of 0.5 s, 1 s, 2 s … 60 s), so that workers do not come back together. */
export function decideRetry(
  problem: Problem,
  attempt: number,
  failuresSoFar: number,
  budget = RETRY_BUDGET,
): RetryDecision {
  const tryable = problem.verdict === 'retry' || problem.verdict === 'reconnect';
  if (!tryable || attempt >= budget.attemptsPerChunk || failuresSoFar >= budget.failuresPerRun) return { again: false };
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
  return { again: true, delayMs: Math.round(ceiling * (0.5 + Math.random() / 2)) };
}
