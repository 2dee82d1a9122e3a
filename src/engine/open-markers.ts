import type { JobHandle } from '../checkpoint/open-job.ts';
import type { RunMarker } from '../checkpoint/run-marker.ts';
import { beginRunMarker, endRun, listOpenRuns, newRunId } from '../checkpoint/run-marker.ts';
import type { AlreadyDone } from './table-run.ts';
import { otherJobsAreComplete } from './other-jobs.ts';
import type { TableRun } from './table-run.ts';

/** Unfinished runs over exactly these jobs, oldest first: what a rerun of the same command goes on with. */
export function openMarkersOf(stateDir: string, jobs: readonly JobHandle[]): readonly RunMarker[] {
  const wanted = sorted(jobs.map((job) => job.jobId));
  return listOpenRuns(stateDir).filter((marker) => sorted(marker.jobIds) === wanted);
}

function sorted(jobIds: readonly string[]): string {
  return JSON.stringify([...jobIds].sort());
}

/** The run that new tables join: the newest unfinished one, unless one of the jobs was in it and has left it (`--fresh`). */
export function runIdFor(markers: readonly RunMarker[], jobs: readonly JobHandle[]): string {
  const hasLeft = (job: JobHandle, runId: string) =>
    job.store.currentRun()?.runId !== runId && job.store.runs().some((run) => run.runId === runId);
  const joinable = markers.findLast(({ runId }) => !jobs.some((job) => hasLeft(job, runId)));
  return joinable?.runId ?? newRunId(new Date());
}

/**
 * Ends every run of which all tables are complete now, those of other commands included. Where windows failed, the others leave the run: each has its own
 * next window, and would wait for them as long as they fail.
 */
export function closeCompleteRuns(stateDir: string, runs: readonly TableRun[], already: readonly AlreadyDone[]): void {
  const complete = new Set([...runs.filter((run) => run.finished !== null), ...already].map((each) => each.jobId));
  const runIds = new Set([...runs.map((run) => run.runId), ...already.map((each) => each.run.runId)]);
  for (const marker of listOpenRuns(stateDir)) {
    if (!runIds.has(marker.runId)) continue;
    const others = marker.jobIds.filter((jobId) => !complete.has(jobId));
    const unfinishedHere = runs.some((run) => run.finished === null && others.includes(run.jobId));
    if (!unfinishedHere && otherJobsAreComplete(stateDir, marker.runId, others)) endRun(stateDir, marker.runId);
    else if (others.length < marker.jobIds.length && windowsFailed(runs, already))
      beginRunMarker(stateDir, { ...marker, jobIds: others });
  }
}

function windowsFailed(runs: readonly TableRun[], already: readonly AlreadyDone[]): boolean {
  const areWindows =
    runs.every(({ increment }) => increment !== null) && already.every(({ run }) => run.window !== null);
  return areWindows && runs.some(({ problem }) => problem !== null);
}
