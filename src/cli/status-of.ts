import type { JobIdentity } from '../checkpoint/job.ts';
import { listJobs, type JobSummary } from '../checkpoint/list-jobs.ts';
import type { Owner } from '../checkpoint/owner.ts';
import type { RunTotals } from '../checkpoint/state-reader.ts';
import type { ConsistencyLevel, RunStatus } from '../checkpoint/store.ts';
import type { Problem } from '../model/problem.ts';
import type { SnapshotLease } from '../model/epoch.ts';
import type { TableName } from '../model/table.ts';
import { displayName } from '../model/table.ts';
import { driverByName, SOURCE_NAMES } from '../sources/registry.ts';
import type { HolderView } from '../sources/source.ts';
import { unloadedOf } from '../sync/unloaded-runs.ts';
import type { LinkStatus } from './status-links.ts';
import { linksOf } from './status-links.ts';

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
  /** Runs that `sync` began for a target and has not loaded into it; the same call does. */
  readonly unloaded: readonly { readonly target: string; readonly run: string }[];
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
  readonly links: readonly LinkStatus[];
}

export interface EpochStatus {
  readonly epoch: number;
  readonly label: string;
  readonly takenAt: string;
  /** The process that keeps its snapshot alive; null when there is none, or it has gone. */
  readonly holder: HolderView | null;
}

/** `wants`: which tables. A state that cannot be read does not say whose it is, and is shown in any case. */
export async function statusOf(stateDir: string, wants: (table: TableName) => boolean): Promise<Status> {
  const found = listJobs(stateDir).filter((job) => job.kind === 'unreadable' || wants(job.identity.table));
  const readable = found.filter((job) => job.kind === 'readable');
  return {
    stateDir,
    jobs: await Promise.all(readable.map(async (job) => jobStatus(stateDir, job))),
    unreadable: found.flatMap((job) =>
      job.kind === 'unreadable' ? [{ stateFile: job.stateFile, problem: job.problem }] : [],
    ),
  };
}

type ReadableJob = Extract<JobSummary, { readonly kind: 'readable' }>;

async function jobStatus(stateDir: string, job: ReadableJob): Promise<JobStatus> {
  const { jobId, stateFile, identity, lockedBy } = job;
  const table = displayName(identity.table);
  const look = await holderLookup(identity.source);
  const runs = (await Promise.all(job.runs.map(async (run) => runStatus(run, look)))).toReversed();
  const unloaded = unloadedOf(stateDir, jobId);
  const { source, selection } = identity;
  return { job: jobId, table, source, selection, stateFile, lockedBy, runs, unloaded };
}

type HolderLookup = (lease: SnapshotLease | null) => Promise<HolderView | null>;

/** A source that is not registered any more has no holders. */
async function holderLookup(source: JobIdentity['source']): Promise<HolderLookup> {
  const name = source['driver'] ?? '';
  if (!SOURCE_NAMES.includes(name)) return async () => null;
  const driver = await driverByName(name);
  return async (lease) => (lease === null ? null : driver.peekHolder(lease));
}

async function runStatus(run: ReadableJob['runs'][number], look: HolderLookup): Promise<RunStatusOf> {
  const { runId, runKey, status, startedAt, finishedAt, level, folder, totals } = run;
  const epochs = await Promise.all(
    run.epochs.map(async ({ epoch, facts, lease }) => ({
      epoch,
      label: facts.label,
      takenAt: facts.takenAt,
      holder: await look(lease),
    })),
  );
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
    links: linksOf(run),
  };
}
