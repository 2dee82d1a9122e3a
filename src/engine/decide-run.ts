import type { Fingerprint, FingerprintDifference } from '../checkpoint/fingerprint.ts';
import { compareFingerprints } from '../checkpoint/fingerprint.ts';
import type { RunRecord } from '../checkpoint/store.ts';
import { SqlextractError } from '../model/problem.ts';

export type RunDecision =
  | { readonly kind: 'new'; readonly discard: RunRecord | null }
  | { readonly kind: 'resume'; readonly run: RunRecord }
  /** Complete already: by its run key, or as a part of a run over several tables that was killed later. */
  | { readonly kind: 'already'; readonly run: RunRecord };

export interface DecisionFacts {
  readonly table: string;
  readonly current: RunRecord | null;
  /** The current run's marker is still there, and it is a run over exactly the tables of this command. */
  readonly sameOpenRun: boolean;
  /** The current run is to be loaded by the command, and no command has done so. */
  readonly unloaded: boolean;
  readonly fingerprint: Fingerprint;
  readonly runKey: string | null;
  readonly fresh: boolean;
}

/**
 * What a command does with the newest run of a job.
 *
 *   none ─────────────────────────────▶ new
 *   running ──same fingerprint────────▶ resume      ──another──▶ FINGERPRINT_CHANGED   ──--fresh──▶ discard, new
 *   complete ──its run key is asked───▶ already     ──its run over several tables is unfinished──▶ already   ──else──▶ new
 *            └─the same settings, and it was never loaded (sync)──▶ already
 */
export function decideRun(facts: DecisionFacts): RunDecision {
  const { current, fresh, runKey } = facts;
  if (current === null) return { kind: 'new', discard: null };
  if (current.status === 'complete') {
    if (runKey !== null && current.runKey === runKey && !fresh) return alreadyByKey(facts, current);
    if (facts.unloaded && isSame(facts, current) && !fresh) return { kind: 'already', run: current };
    if (!facts.sameOpenRun || fresh) return { kind: 'new', discard: null };
    requireSameFingerprint(facts, current);
    return { kind: 'already', run: current };
  }
  if (fresh) return { kind: 'new', discard: current };
  requireSameFingerprint(facts, current);
  if (current.runKey !== runKey) throw otherRunKey(facts, current);
  return { kind: 'resume', run: current };
}

function isSame({ fingerprint, runKey }: DecisionFacts, current: RunRecord): boolean {
  return current.runKey === runKey && compareFingerprints(current.fingerprint, fingerprint).length === 0;
}

function alreadyByKey(facts: DecisionFacts, current: RunRecord): RunDecision {
  const differences = compareFingerprints(current.fingerprint, facts.fingerprint);
  if (differences.length === 0) return { kind: 'already', run: current };
  throw new SqlextractError({
    code: 'RUN_KEY_CHANGED',
    message: `the run key ${quoted(current.runKey)} of ${facts.table} is that of run ${current.runId}, which had other settings: ${differences.map(describe).join('; ')}`,
    hint: 'choose another --run-key, or add --fresh to run again under this one',
    fault: 'state',
  });
}

function requireSameFingerprint(facts: DecisionFacts, current: RunRecord): void {
  const differences = compareFingerprints(current.fingerprint, facts.fingerprint);
  if (differences.length === 0) return;
  if (!differences.some(({ field }) => isSetting(field))) throw otherTable(facts, current, differences);
  throw new SqlextractError({
    code: 'FINGERPRINT_CHANGED',
    message: `the unfinished run ${current.runId} of ${facts.table} was begun with other settings: ${differences.map(describe).join('; ')}`,
    hint: 'type the command as it was to finish that run, or add --fresh to discard it and start anew',
    fault: 'state',
  });
}

/** Fields that a person chooses are named as their flags. */
function isSetting(field: string): boolean {
  return field.startsWith('--');
}

/** Typing the command as it was cannot bring the table back. */
function otherTable(
  facts: DecisionFacts,
  current: RunRecord,
  differences: readonly FingerprintDifference[],
): SqlextractError {
  return new SqlextractError({
    code: 'FINGERPRINT_CHANGED',
    message: `${facts.table} is not as the unfinished run ${current.runId} began to read it: ${differences.map(describe).join('; ')}`,
    hint: 'add --fresh to discard what that run has and start anew; or, if --columns, --as-text or the source differ, type them as they were',
    fault: 'state',
  });
}

function describe({ field, before, now }: FingerprintDifference): string {
  return `${field} was ${quoted(before)} and is now ${quoted(now)}`;
}

function quoted(value: string | null): string {
  return value === null || value === '' ? 'not set' : `"${value}"`;
}

function otherRunKey(facts: DecisionFacts, current: RunRecord): SqlextractError {
  return new SqlextractError({
    code: 'RUN_KEY_CHANGED',
    message: `the unfinished run ${current.runId} of ${facts.table} has the run key ${quoted(current.runKey)}, not ${quoted(facts.runKey)}`,
    hint: 'finish it with its own --run-key, or add --fresh to discard it and start anew',
    fault: 'state',
  });
}
