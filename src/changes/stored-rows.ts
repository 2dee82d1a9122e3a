import { existsSync, readFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolderDurably, removeDurably, writeDurably } from '../checkpoint/durable-file.ts';
import type { Link } from '../deletes/known-keys.ts';
import type { IncrementalState } from '../model/incremental-state.ts';

/**
 * What a job keeps below `<state>/keys/<job>`:
 *
 *   rows-<run>.parquet     key and hash of every row that targets have once they have that run
 *   pending-<run>.json     a run whose files are all durable, and what is left to do for it: any process can, whenever it is
 */
export interface Pending {
  readonly version: 1;
  readonly window: Link;
  /** Null: no row is gone. */
  readonly deletes: Link | null;
  /** The job's state once it is done. */
  readonly state: IncrementalState;
}

export function storeFolderOf(stateDir: string, job: string): string {
  return join(stateDir, 'keys', job);
}

export function rowsPath(folder: string, run: string): string {
  return join(folder, `rows-${run}.parquet`);
}

/** From here on the run is delivered, whatever becomes of this process. */
export function writePending(folder: string, pending: Pending): void {
  makeFolderDurably(folder);
  writeDurably(pendingPath(folder, pending.window.manifest.run), `${JSON.stringify(pending)}\n`);
}

/** Null: the run has no files that count. */
export function readPending(folder: string, run: string): Pending | null {
  const path = pendingPath(folder, run);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Pending) : null;
}

export function removePending(folder: string, run: string): void {
  removeDurably(pendingPath(folder, run));
}

/** Sets of other runs than the one that counts; null: none does. */
export async function removeOthers(folder: string, run: string | null): Promise<void> {
  if (!existsSync(folder)) return;
  const kept = run === null ? null : `rows-${run}.parquet`;
  const others = (await readdir(folder)).filter((name) => /^\.?rows-.+\.parquet/.test(name) && name !== kept);
  for (const name of others) await rm(join(folder, name), { force: true });
}

function pendingPath(folder: string, run: string): string {
  return join(folder, `pending-${run}.json`);
}
