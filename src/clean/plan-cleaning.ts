import { dirname } from 'node:path';
import { listJobs, type JobSummary } from '../checkpoint/list-jobs.ts';
import { describeOwner } from '../checkpoint/owner.ts';
import { listOpenRuns } from '../checkpoint/run-marker.ts';
import { displayName } from '../model/table.ts';
import type { CleanOptions, CleanPlan } from './clean-plan.ts';
import { planJob } from './plan-job.ts';
import { staleOwners, staleSockets, staleTemporary } from './stale-files.ts';
import { staleMarkers } from './stale-markers.ts';
import { staleUnloaded } from './stale-unloaded.ts';

/** What could be removed now. Changes nothing and locks nothing; `carryOut` looks again under the locks. */
export async function planCleaning(options: CleanOptions): Promise<CleanPlan> {
  const { stateDir, now } = options;
  const jobs = listJobs(stateDir);
  const plans = jobs.filter((job) => isWanted(job, options)).map((job) => planOf(job, options));
  const items = plans.flatMap((plan) => plan.items);
  const abandoned = new Set(
    items.filter(({ kind }) => kind === 'abandoned run').map(({ job, run }) => `${job} ${run}`),
  );
  const folders = jobs.flatMap((job) => (job.kind === 'readable' ? job.runs.map((run) => dirname(run.folder)) : []));
  const unloaded = staleUnloaded(stateDir);
  return {
    items: [
      ...items,
      ...unloaded.items,
      ...staleMarkers(stateDir, (jobId, runId) => abandoned.has(`${jobId} ${runId}`)),
      ...staleOwners(stateDir),
      ...staleTemporary(stateDir, [...new Set(folders)], now),
      ...(await staleSockets(stateDir, now)),
    ],
    remarks: [...plans.flatMap((plan) => plan.remarks), ...unloaded.remarks],
  };
}

export function openRunIds(stateDir: string): ReadonlySet<string> {
  return new Set(listOpenRuns(stateDir).map(({ runId }) => runId));
}

function isWanted(job: JobSummary, options: CleanOptions): boolean {
  return job.kind === 'unreadable' || options.wants(job.identity.table);
}

function planOf(job: JobSummary, options: CleanOptions): CleanPlan {
  if (job.kind === 'unreadable') {
    return { items: [], remarks: [`${job.stateFile}: ${job.problem.message}; its files are left alone`] };
  }
  const table = displayName(job.identity.table);
  if (job.lockedBy !== null) {
    return { items: [], remarks: [`${table}: ${describeOwner(job.lockedBy)} works on it; left alone`] };
  }
  return planJob({ jobId: job.jobId, table, runs: job.runs, openRuns: openRunIds(options.stateDir) }, options);
}
