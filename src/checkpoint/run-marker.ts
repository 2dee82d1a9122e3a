import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultPoint } from '../model/fault-point.ts';
import { makeFolderDurably, removeDurably, writeDurably } from './durable-file.ts';
import { overState, stateUnreadable } from './state-error.ts';
import { RUNS_FOLDER } from './state-folder.ts';

/**
 * A run may span several jobs (tables). Its marker is there from before the first of them begins until all are complete;
 * removing it is the one step that finishes the run for all of them.
 *
 *   (none) ──beginRunMarker──▶ open ──endRun──▶ (none)
 *
 * A killed run leaves it, and the same command goes on with that run also for tables that were complete already.
 */
export interface RunMarker {
  readonly runId: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** As typed, passwords removed. */
  readonly commandLine: string;
  readonly jobIds: readonly string[];
}

const RUN_ID = /^\d{8}T\d{6}Z-[0-9a-f]{6}$/;

/** `20261121T041502Z-1f3a9c`: UTC and six random hex digits. For people and folder names; nothing is ordered by it. */
export function newRunId(now: Date): string {
  const time = now.toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
  return `${time}-${randomBytes(3).toString('hex')}`;
}

/** Durable when it returns. A marker of the run that is there already is replaced. */
export function beginRunMarker(stateDir: string, marker: RunMarker): void {
  const path = pathOf(stateDir, marker.runId);
  overState(path, () => {
    makeFolderDurably(join(stateDir, RUNS_FOLDER));
    writeDurably(path, `${JSON.stringify(marker, null, 2)}\n`);
  });
}

/** Null when the run is finished or unknown. Throws STATE_UNREADABLE. */
export function readRunMarker(stateDir: string, runId: string): RunMarker | null {
  const path = pathOf(stateDir, runId);
  return overState(path, () => {
    const text = readIfThere(path);
    return text === null ? null : parse(text, path, runId);
  });
}

/** Finishes the run for all its tables at once. A run that is finished already stays so. */
export function endRun(stateDir: string, runId: string): void {
  const path = pathOf(stateDir, runId);
  faultPoint('before-run-close');
  overState(path, () => removeDurably(path));
  faultPoint('after-run-close');
}

/** Runs that are going on or were killed, by id. */
export function listOpenRuns(stateDir: string): readonly RunMarker[] {
  return namesIn(join(stateDir, RUNS_FOLDER))
    .map((name) => name.replace(/\.json$/, ''))
    .filter((runId) => RUN_ID.test(runId))
    .sort()
    .map((runId) => readRunMarker(stateDir, runId))
    .filter((marker) => marker !== null);
}

function pathOf(stateDir: string, runId: string): string {
  if (!RUN_ID.test(runId)) throw new Error(`not a run id: ${JSON.stringify(runId)}`);
  return join(stateDir, RUNS_FOLDER, `${runId}.json`);
}

function parse(text: string, path: string, runId: string): RunMarker {
  let found: Partial<RunMarker> | null;
  try {
    found = JSON.parse(text) as Partial<RunMarker> | null;
  } catch (error) {
    throw stateUnreadable(path, 'it is not JSON', error);
  }
  const { startedAt, commandLine, jobIds } = found ?? {};
  const sound = found?.runId === runId && typeof startedAt === 'string' && typeof commandLine === 'string';
  if (!sound || !Array.isArray(jobIds) || !jobIds.every((jobId) => typeof jobId === 'string')) {
    throw stateUnreadable(path, `it is no marker of run ${runId}`);
  }
  return { runId, startedAt, commandLine, jobIds };
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
