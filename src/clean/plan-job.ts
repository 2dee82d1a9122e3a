import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LATEST_NAME, MANIFEST_NAME, readLatest, readManifest } from '../checkpoint/manifest.ts';
import type { RunRecord } from '../checkpoint/store.ts';
import { SqlextractError } from '../model/problem.ts';
import type { CleanItem, CleanKind, CleanOptions, CleanPlan } from './clean-plan.ts';
import type { LinkPlace } from '../model/run-links.ts';
import { linksBehind } from '../model/run-links.ts';
import { readRunFolder, type RunFolder } from './run-folder.ts';
import { scratchOf } from './scratch-folders.ts';

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
  const { old, chained } = oldRuns(job, options);
  const plans = job.runs.map((run) => planRun(job, run, kindFor(run, job, options, old)));
  const remark = `${job.table}: ${chained === 1 ? '1 run is a window' : `${chained} runs are windows`} that a target may not have yet; left alone (--windows removes ${chained === 1 ? 'it' : 'them'}, too)`;
  return {
    items: [...plans.flatMap(({ items }) => items), ...scratchOf(job, options)],
    remarks: [...plans.flatMap(({ remarks }) => remarks), ...(chained > 0 ? [remark] : [])],
  };
}

/** A run, and the links behind it, which share its lot. */
function planRun(job: JobFacts, run: RunRecord, asked: CleanKind | null): CleanPlan {
  const pinned = (asked === 'old run' || asked === 'abandoned run') && isLatest(run);
  const remarks =
    pinned && asked === 'abandoned run'
      ? [`${job.table}: run ${run.runId} lacks only its last step: run its command again; left alone`]
      : [];
  const kind = pinned ? null : asked;
  const places = [{ run: run.runId, folder: run.folder }, ...linksBehind(run)];
  const plans = places.map((place) => planFolder(job, place, kind, place.run === run.runId));
  return {
    items: plans.flatMap(({ items }) => items),
    remarks: [...remarks, ...plans.flatMap((plan) => plan.remarks)],
  };
}

/** `isRun`: the state knows the run, and is told of its end also where no file of it is left. */
function planFolder(job: JobFacts, place: LinkPlace, kind: CleanKind | null, isRun: boolean): CleanPlan {
  const folder = readRunFolder(place.folder, place.run);
  if (folder.kind === 'refused') return { items: [], remarks: [`${job.table}: ${folder.why}: left alone`] };
  const files = filesFor(kind, place, folder);
  const ends = isRun && (kind === 'old run' || kind === 'abandoned run');
  const item = { job: job.jobId, table: job.table, run: place.run, folder: place.folder, files };
  const foreign = kind !== null && kind !== 'loaded files' && folder.kind === 'folder' ? folder.foreign : 0;
  return {
    items: files.length > 0 || ends ? [{ kind: kind ?? 'temporary files', ...item }] : [],
    remarks: foreign > 0 ? [`${place.folder} holds ${foreign} files that are not ours: they stay`] : [],
  };
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

/** `chained`: how many would be old, and are windows since the newest first one: a target that lacks one of them could not catch up. */
function oldRuns(
  { runs }: JobFacts,
  options: CleanOptions,
): { readonly old: ReadonlySet<string>; readonly chained: number } {
  if (options.keep === null) return { old: new Set(), chained: 0 };
  const finished = runs.filter(({ status }) => status === 'complete');
  const first = finished.findLastIndex(({ window }) => window?.reset === true);
  const isChained = (run: RunRecord): boolean =>
    !options.windows && run.window !== null && finished.indexOf(run) >= first;
  const old = finished
    .toReversed()
    .slice(options.keep)
    .filter((run) => isOldEnough(run, options));
  return {
    old: new Set(old.filter((run) => !isChained(run)).map(({ runId }) => runId)),
    chained: old.filter(isChained).length,
  };
}

function isOldEnough(run: RunRecord, { olderThanMs, now }: CleanOptions): boolean {
  return olderThanMs === null || Date.parse(run.finishedAt ?? run.startedAt) <= now - olderThanMs;
}

function filesFor(kind: CleanKind | null, place: LinkPlace, folder: RunFolder): CleanItem['files'] {
  if (folder.kind !== 'folder') return [];
  if (kind === null) return folder.temporary;
  if (kind !== 'loaded files') return [...folder.data, ...folder.temporary, ...folder.records];
  const named = namedFiles(place);
  return folder.data.filter(({ name }) => named.has(name));
}

/** Of a run whose manifest is gone or damaged nothing is known to be loaded. */
function namedFiles({ run, folder }: LinkPlace): ReadonlySet<string> {
  try {
    const manifest = readManifest(join(folder, MANIFEST_NAME));
    return new Set(manifest.run === run ? manifest.files.map(({ path }) => path) : []);
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
    const { run: latest } = readLatest(folder);
    return latest === run.runId || linksBehind(run).some((link) => link.run === latest);
  } catch (error) {
    if (error instanceof SqlextractError) return true;
    throw error;
  }
}
