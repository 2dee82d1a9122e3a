import { existsSync } from 'node:fs';
import type { JobSelection } from '../checkpoint/job.ts';
import { jobFilesOf } from '../checkpoint/job-files.ts';
import { openForReading } from '../checkpoint/list-jobs.ts';
import type { EpochRecord } from '../checkpoint/store.ts';
import type { Manifest } from '../model/manifest.ts';
import { SqlextractError } from '../model/problem.ts';

/** What the state still knows of a finished run. */
export interface RunState {
  readonly selection: JobSelection;
  /** The last one that files of the manifest were read in; null when the state does not have it. */
  readonly epoch: EpochRecord | null;
}

/** Null when there is no such state, or none that can be read: the files can be compared without it, only not as well. */
export function readRunState(stateDir: string, manifest: Manifest): RunState | null {
  const path = jobFilesOf(stateDir, manifest.job).state;
  if (!existsSync(path)) return null;
  try {
    using state = openForReading(path);
    const run = state.runs().find((one) => one.runId === manifest.run);
    if (run === undefined) return null;
    const last = manifest.consistency.epochs.findLast((epoch) => epoch.files > 0)?.epoch;
    return { selection: state.identity.selection, epoch: run.epochs.find((one) => one.epoch === last) ?? null };
  } catch (error) {
    if (error instanceof SqlextractError) return null;
    throw error;
  }
}
