import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { jobFilesOf } from '../checkpoint/job-files.ts';
import { openForReading } from '../checkpoint/list-jobs.ts';
import { listOpenRuns, type RunMarker } from '../checkpoint/run-marker.ts';
import { RUNS_FOLDER } from '../checkpoint/state-folder.ts';
import { SqlextractError } from '../model/problem.ts';
import type { CleanItem } from './clean-plan.ts';

/** A job and a run of it that this call takes for abandoned. */
export type IsAbandoned = (jobId: string, runId: string) => boolean;

/** Markers of runs that no command can go on with, because a job of theirs has discarded the run or has begun a later one. */
export function staleMarkers(stateDir: string, isAbandoned: IsAbandoned): readonly CleanItem[] {
  return listOpenRuns(stateDir)
    .filter((marker) => isStale(stateDir, marker, isAbandoned))
    .map((marker) => markerItem(stateDir, marker));
}

/**
 * A job's part of the run: open – it can go on; held – it is complete, and waits for the others; gone – discarded, or a later run began.
 * Stale: nothing is open, and something is gone. (All held is a run that lacks only its last step: the same command does that.)
 */
export function isStale(stateDir: string, marker: RunMarker, isAbandoned: IsAbandoned): boolean {
  const parts = marker.jobIds.map((jobId) => partOf(stateDir, marker, jobId, isAbandoned));
  return !parts.includes('open') && parts.includes('gone');
}

function partOf(
  stateDir: string,
  marker: RunMarker,
  jobId: string,
  isAbandoned: IsAbandoned,
): 'open' | 'held' | 'gone' {
  const path = jobFilesOf(stateDir, jobId).state;
  if (!existsSync(path)) return 'gone';
  try {
    using state = openForReading(path);
    const run = state.runs().find(({ runId }) => runId === marker.runId);
    const current = state.currentRun();
    if (run === undefined) return current !== null && current.startedAt > marker.startedAt ? 'gone' : 'open';
    if (run.status === 'discarded' || isAbandoned(jobId, run.runId)) return 'gone';
    if (run.status === 'running') return 'open';
    return current?.runId === run.runId ? 'held' : 'gone';
  } catch (error) {
    if (error instanceof SqlextractError) return 'open';
    throw error;
  }
}

function markerItem(stateDir: string, marker: RunMarker): CleanItem {
  const folder = join(stateDir, RUNS_FOLDER);
  const name = `${marker.runId}.json`;
  const bytes = lstatSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  return { kind: 'run marker', job: null, table: null, run: marker.runId, folder, files: [{ name, bytes }] };
}
