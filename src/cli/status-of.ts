import type { JobIdentity } from '../checkpoint/job.ts';
import { listJobs, type JobSummary } from '../checkpoint/list-jobs.ts';
import type { Owner } from '../checkpoint/owner.ts';
import type { RunTotals } from '../checkpoint/state-reader.ts';
import type { ConsistencyLevel, RunStatus } from '../checkpoint/store.ts';
import type { Problem } from '../model/problem.ts';
import { displayName } from '../model/table.ts';

/** What `status` found; `--json` prints it as it is. */
export interface Status {
  readonly stateDir: string;
  readonly jobs: readonly JobStatus[];
  /** States that cannot be read; they hide no other. */
  readonly unreadable: readonly { readonly stateFile: string; readonly problem: Problem }[];
}

export interface JobStatus {
  readonly job: string;
  readonly table: string;
  readonly source: JobIdentity['source'];
  readonly selection: JobIdentity['selection'];
  readonly stateFile: string;
  readonly lockedBy: Owner | null;
  /** Newest first. */
  readonly runs: readonly RunStatusOf[];
}

export interface RunStatusOf {
  readonly runId: string;
  readonly runKey: string | null;
  readonly status: RunStatus;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly level: ConsistencyLevel | null;
  readonly folder: string;
  /** Every row is in a saved range. */
  readonly planned: boolean;
  readonly totals: RunTotals;
  readonly epochs: readonly EpochStatus[];
}

export interface EpochStatus {
  readonly epoch: number;
  readonly label: string;
  readonly takenAt: string;
  /** How the holder of its snapshot is found; null when nothing outlives a run. Whether it still lives is known to the source. */
  readonly holder: Readonly<Record<string, string>> | null;
}

export async function statusOf(stateDir: string): Promise<Status> {
  const found = listJobs(stateDir);
  return {
    stateDir,
    jobs: found.flatMap((job) => (job.kind === 'readable' ? [jobStatus(job)] : [])),
    unreadable: found.flatMap((job) =>
      job.kind === 'unreadable' ? [{ stateFile: job.stateFile, problem: job.problem }] : [],
    ),
  };
}

function jobStatus(job: Extract<JobSummary, { readonly kind: 'readable' }>): JobStatus {
  const { jobId, stateFile, identity, lockedBy } = job;
  const table = displayName(identity.table);
  const runs = job.runs.map(runStatus).toReversed();
  return { job: jobId, table, source: identity.source, selection: identity.selection, stateFile, lockedBy, runs };
}

function runStatus(run: Extract<JobSummary, { readonly kind: 'readable' }>['runs'][number]): RunStatusOf {
  const { runId, runKey, status, startedAt, finishedAt, level, folder, totals } = run;
  const epochs = run.epochs.map(({ epoch, facts, lease }) => ({
    epoch,
    label: facts.label,
    takenAt: facts.takenAt,
    holder: lease,
  }));
  return {
    runId,
    runKey,
    status,
    startedAt,
    finishedAt,
    level,
    folder,
    planned: run.progress.complete,
    totals,
    epochs,
  };
}
