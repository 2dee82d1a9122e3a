import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { toProblem, type Problem } from '../model/problem.ts';
import type { JobIdentity } from './job.ts';
import { jobFilesOf } from './job-files.ts';
import type { IncrementalState } from '../model/incremental-state.ts';
import { readLivingOwner, type Owner } from './owner.ts';
import { openReadOnly } from './schema.ts';
import { overState, stateUnreadable } from './state-error.ts';
import { JOBS_FOLDER } from './state-folder.ts';
import { stateReader, type RunTotals, type StateReader } from './state-reader.ts';
import type { RunRecord } from './store.ts';

export interface OpenState extends StateReader, Disposable {
  readonly identity: JobIdentity;
}

/**
 * Opens a state to look at it, also while another process works on the job: reads only, touches no lock. Throws
 * STATE_UNREADABLE, STATE_NEWER.
 */
export function openForReading(statePath: string): OpenState {
  return overState(statePath, () => {
    const database = openReadOnly(statePath);
    const reader = stateReader(database);
    const identity = reader.setup('job');
    if (identity === null) {
      database.close();
      throw stateUnreadable(statePath, 'its run was killed before it said what it belongs to');
    }
    return {
      ...reader,
      identity: JSON.parse(identity) as JobIdentity,
      [Symbol.dispose]: () => {
        if (database.isOpen) database.close();
      },
    };
  });
}

export type JobSummary =
  | {
      readonly kind: 'readable';
      readonly jobId: string;
      readonly stateFile: string;
      readonly identity: JobIdentity;
      /** Oldest first. */
      readonly runs: readonly (RunRecord & { readonly totals: RunTotals })[];
      /** What an incremental job remembers; null: it is none, or has nothing to remember. */
      readonly incremental: IncrementalState | null;
      /** Who works on it now; null when nobody does. */
      readonly lockedBy: Owner | null;
    }
  | { readonly kind: 'unreadable'; readonly jobId: string; readonly stateFile: string; readonly problem: Problem };

/** Every job of a state folder, by its id; none when there is no such folder. One that cannot be read hides no other. */
export function listJobs(stateDir: string): readonly JobSummary[] {
  return stateNames(stateDir)
    .map((name) => name.slice(0, -'.sqlite'.length))
    .sort()
    .map((jobId) => summaryOf(stateDir, jobId));
}

function summaryOf(stateDir: string, jobId: string): JobSummary {
  const files = jobFilesOf(stateDir, jobId);
  try {
    using state = openForReading(files.state);
    return {
      kind: 'readable',
      jobId,
      stateFile: files.state,
      identity: state.identity,
      incremental: state.incremental(),
      runs: state.runs().map((run) => ({ ...run, totals: state.totals(run.runId) })),
      lockedBy: readLivingOwner(files.owner),
    };
  } catch (error) {
    return { kind: 'unreadable', jobId, stateFile: files.state, problem: toProblem(error) };
  }
}

function stateNames(stateDir: string): readonly string[] {
  try {
    return readdirSync(join(stateDir, JOBS_FOLDER)).filter((name) => name.endsWith('.sqlite'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
