import type { Fault } from '../model/problem.ts';

/** Exit codes by whose fault it is; listed for people in the manual. 0 is success, 130 and 143 are SIGINT and SIGTERM. */
export const EXIT_CODES: Readonly<Record<Fault, number>> = {
  bug: 1,
  usage: 2,
  configuration: 3,
  state: 4,
  source: 5,
  data: 6,
  disk: 7,
  incomplete: 8,
};

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** 128 + the signal's number, as shells do. */
export const SIGNAL_EXIT_CODES: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** What the process will say; undecided until a command has finished or failed. */
let decided: number | null = null;

/** The first decision that is not 0 stays: a signal is not forgotten because the rest went well. */
export function decideExitCode(code: number): void {
  if (decided === null || decided === 0) decided = code;
  process.exitCode = decided;
}

/** Before anything else: whatever ends the process from here on without a decision was not a success. */
export function armExitCode(): void {
  decided = null;
  process.exitCode = 1;
}
