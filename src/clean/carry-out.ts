import { lstatSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { jobFilesOf } from '../checkpoint/job-files.ts';
import { openForReading } from '../checkpoint/list-jobs.ts';
import { takeLock, type JobLock } from '../checkpoint/lock.ts';
import { readRemovedFiles, writeRemovedFiles } from '../checkpoint/removed-files.ts';
import { endRun, readRunMarker } from '../checkpoint/run-marker.ts';
import { openSqliteStore } from '../checkpoint/sqlite-store.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import { type CleanItem, type CleanOptions, type CleanPlan, sameItem } from './clean-plan.ts';
import { openRunIds } from './plan-cleaning.ts';
import { planJob } from './plan-job.ts';
import { isDeadSocket } from './stale-files.ts';
import { isStale } from './stale-markers.ts';
import { isUnloadedStale } from './stale-unloaded.ts';

/**
 * Removes what was shown and is still to be removed: each job is planned again under its lock, and only what is in both plans goes. A
 * job that is locked by then is left alone. Killed at any point, the next `clean` goes on: a run counts as discarded, and files as
 * removed on purpose, before the first of them is deleted.
 */
export async function carryOut(plan: CleanPlan, options: CleanOptions, commandLine: string): Promise<CleanPlan> {
  const done: CleanItem[] = [];
  const remarks = [...plan.remarks];
  const jobIds = new Set(plan.items.flatMap(({ job }) => (job === null ? [] : [job])));
  for (const jobId of jobIds) {
    const shown = plan.items.filter(({ job }) => job === jobId);
    await underLocks(options.stateDir, [jobId], commandLine, remarks, async () => {
      done.push(...cleanJob(options, jobId, shown), ...shown.filter(({ kind }) => kind === 'owner file'));
    });
  }
  for (const item of plan.items.filter(({ job }) => job === null)) {
    if (await cleanShared(item, options, commandLine, remarks)) done.push(item);
  }
  return { items: done, remarks };
}

function cleanJob(options: CleanOptions, jobId: string, shown: readonly CleanItem[]): readonly CleanItem[] {
  const runItems = shown.filter(({ kind }) => kind !== 'owner file');
  if (runItems.length === 0) return [];
  const path = jobFilesOf(options.stateDir, jobId).state;
  using state = openForReading(path);
  const openRuns = openRunIds(options.stateDir);
  const facts = { jobId, table: displayName(state.identity.table), runs: state.runs(), openRuns };
  const still = planJob(facts, options).items.filter((item) => runItems.some((one) => sameItem(one, item)));
  for (const item of still) cleanRun(path, item);
  return still;
}

function cleanRun(statePath: string, item: CleanItem): void {
  const { kind, run, folder, files } = item;
  if (kind === 'scratch folder') {
    rmSync(folder, { recursive: true, force: true });
    return;
  }
  if (kind === 'old run' || kind === 'abandoned run') discard(statePath, run ?? '', kind);
  if (kind === 'loaded files') recordRemoval(item);
  removeFiles(folder, files);
  if (kind !== 'loaded files' && kind !== 'temporary files') removeIfEmpty(folder);
}

/** The links behind a run are no runs of the state's. */
function discard(statePath: string, run: string, kind: 'old run' | 'abandoned run'): void {
  using store = openSqliteStore(statePath);
  if (!store.runs().some(({ runId }) => runId === run)) return;
  store.discardRun(run, kind === 'old run' ? 'clean: an old run' : 'clean --abandoned');
}

/** Files that an earlier, killed call removed stay on the record. */
function recordRemoval({ run, folder, files }: CleanItem): void {
  const before = readRemovedFiles(folder, run ?? '');
  const names = [...new Set([...(before?.files ?? []), ...files.map(({ name }) => name)])].sort();
  const removedAt = new Date().toISOString();
  writeRemovedFiles(folder, { version: 1, run: run ?? '', removedAt, reason: 'loaded', files: names });
}

/** What belongs to no single job. False: it is not to be removed any more. */
async function cleanShared(
  item: CleanItem,
  options: CleanOptions,
  commandLine: string,
  remarks: string[],
): Promise<boolean> {
  const { stateDir } = options;
  if (item.kind === 'run marker') {
    const marker = readRunMarker(stateDir, item.run ?? '');
    if (marker === null) return false;
    let ended = false;
    await underLocks(stateDir, marker.jobIds, commandLine, remarks, async () => {
      ended = isStale(stateDir, marker, () => false);
      if (ended) endRun(stateDir, marker.runId);
    });
    return ended;
  }
  if (item.kind === 'unloaded run' && !isUnloadedStale(stateDir, item)) return false;
  if (item.kind !== 'holder socket') {
    removeFiles(item.folder, item.files);
    return true;
  }
  for (const { name } of item.files) {
    const path = join(item.folder, name);
    if (await isDeadSocket(path, options.now)) unlinkSync(path);
  }
  return true;
}

/** Takes the locks of all jobs, or says who has one and does nothing. */
async function underLocks(
  stateDir: string,
  jobIds: readonly string[],
  commandLine: string,
  remarks: string[],
  work: () => Promise<void>,
): Promise<void> {
  const locks: JobLock[] = [];
  const inOrder = [...jobIds].sort();
  try {
    for (const jobId of inOrder) locks.push(takeLock(jobFilesOf(stateDir, jobId), commandLine));
    await work();
  } catch (error) {
    if (!(error instanceof SqlextractError) || error.problem.code !== 'JOB_LOCKED') throw error;
    remarks.push(`${inOrder[locks.length] ?? 'a job'}: ${error.problem.message}; left alone`);
  } finally {
    for (const lock of locks) lock[Symbol.dispose]();
  }
}

/** Regular files only: what became a link or a folder since it was planned is somebody else's. */
function removeFiles(folder: string, files: CleanItem['files']): void {
  for (const { name } of files) {
    const path = join(folder, name);
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === true) unlinkSync(path);
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
