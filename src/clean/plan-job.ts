import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LATEST_NAME, MANIFEST_NAME, readLatest, readManifest } from '../checkpoint/manifest.ts';
import type { RunRecord } from '../checkpoint/store.ts';
import { SqlextractError } from '../model/problem.ts';
import type { CleanItem, CleanKind, CleanOptions, CleanPlan } from './clean-plan.ts';
import { readRunFolder, type RunFolder } from './run-folder.ts';

export interface JobFacts {
  readonly jobId: string;
  readonly table: string;
  /** Oldest first. */
  readonly runs: readonly RunRecord[];
  /** Runs, over several tables perhaps, that are not finished: what is complete of them may still be asked for. */
  readonly openRuns: ReadonlySet<string>;
}

/**
 * What of a job's runs is to be removed, by the status of the run:
 *
 *   discarded ─▶ all of its files
 *   running ───▶ its temporary files; with `abandoned` all of them
 *   complete ──▶ its temporary files; too many or too old: all of them; with `loaded`: its data files
 *
 * A run that latest.json points to keeps its manifest whatever is asked for.
 */
export function planJob(job: JobFacts, options: CleanOptions): CleanPlan {
  const items: CleanItem[] = [];
  const remarks: string[] = [];
  const old = oldRuns(job, options);
  for (const run of job.runs) {
    const folder = readRunFolder(run.folder, run.runId);
    if (folder.kind === 'refused') remarks.push(`${job.table}: ${folder.why}: left alone`);
    if (folder.kind === 'refused') continue;
    const asked = kindFor(run, job, options, old);
    const pinned = (asked === 'old run' || asked === 'abandoned run') && isLatest(run);
    if (pinned && asked === 'abandoned run') {
      remarks.push(`${job.table}: run ${run.runId} lacks only its last step: run its command again; left alone`);
    }
    const kind = pinned ? null : asked;
    const files = filesFor(kind, run, folder);
    const done = kind === 'discarded run' || kind === 'loaded files' || kind === null;
    if (files.length === 0 && done) continue;
    items.push({
      kind: kind ?? 'temporary files',
      job: job.jobId,
      table: job.table,
      run: run.runId,
      folder: run.folder,
      files,
    });
    if (kind !== null && kind !== 'loaded files' && folder.kind === 'folder' && folder.foreign > 0) {
      remarks.push(`${run.folder} holds ${folder.foreign} files that are not ours: they stay`);
    }
  }
  return { items, remarks };
}

/** Null: only temporary files. */
function kindFor(run: RunRecord, job: JobFacts, options: CleanOptions, old: ReadonlySet<string>): CleanKind | null {
  switch (run.status) {
    case 'discarded':
      return 'discarded run';
    case 'running':
      return options.abandoned && isOldEnough(run, options) ? 'abandoned run' : null;
    case 'complete':
      if (job.openRuns.has(run.runId)) return null;
      if (old.has(run.runId)) return 'old run';
      return options.loaded && isOldEnough(run, options) ? 'loaded files' : null;
    default:
      return run.status satisfies never;
  }
}

function oldRuns({ runs }: JobFacts, options: CleanOptions): ReadonlySet<string> {
  if (options.keep === null) return new Set();
  const finished = runs.filter(({ status }) => status === 'complete').toReversed();
  return new Set(
    finished
      .slice(options.keep)
      .filter((run) => isOldEnough(run, options))
      .map(({ runId }) => runId),
  );
}

function isOldEnough(run: RunRecord, { olderThanMs, now }: CleanOptions): boolean {
  return olderThanMs === null || Date.parse(run.finishedAt ?? run.startedAt) <= now - olderThanMs;
}

function filesFor(kind: CleanKind | null, run: RunRecord, folder: RunFolder): CleanItem['files'] {
  if (folder.kind !== 'folder') return [];
  if (kind === null) return folder.temporary;
  if (kind !== 'loaded files') return [...folder.data, ...folder.temporary, ...folder.records];
  const named = namedFiles(run);
  return folder.data.filter(({ name }) => named.has(name));
}

/** Of a run whose manifest is gone or damaged nothing is known to be loaded. */
function namedFiles(run: RunRecord): ReadonlySet<string> {
  try {
    const manifest = readManifest(join(run.folder, MANIFEST_NAME));
    return new Set(manifest.run === run.runId ? manifest.files.map(({ path }) => path) : []);
  } catch (error) {
    if (error instanceof SqlextractError) return new Set();
    throw error;
  }
}

/** A pointer that cannot be read may point to this run. */
function isLatest(run: RunRecord): boolean {
  const folder = dirname(run.folder);
  if (lstatSync(join(folder, LATEST_NAME), { throwIfNoEntry: false }) === undefined) return false;
  try {
    return readLatest(folder).run === run.runId;
  } catch (error) {
    if (error instanceof SqlextractError) return true;
    throw error;
  }
}
