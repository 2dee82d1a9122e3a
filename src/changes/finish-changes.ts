import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_NAME, writeManifest } from '../checkpoint/manifest.ts';
import type { CheckpointStore } from '../checkpoint/store.ts';
import { pointTo } from '../deletes/write-deletes.ts';
import { deletesOf } from '../model/run-links.ts';
import { discardFiles } from '../engine/discard-files.ts';
import type { IncrementalState } from '../model/incremental-state.ts';
import type { Pending } from './stored-rows.ts';
import { readPending, removeOthers, removePending } from './stored-rows.ts';

/**
 * What a killed process left of the job's newest run.
 *
 *   all files durable (pending) ──▶ finished: its manifests may be read and loaded already
 *   else, or its folder is gone ──▶ discarded: nobody can have seen it, or a target that has it refuses the next one (LOAD_GAP)
 */
export async function recoverChanges(store: CheckpointStore, folder: string): Promise<void> {
  const current = store.currentRun();
  if (current === null) return;
  const pending = readPending(folder, current.runId);
  if (current.status !== 'running') {
    if (pending !== null) removePending(folder, current.runId);
    return;
  }
  if (pending !== null && existsSync(pending.window.folder)) return finishChanges(store, folder, pending);
  store.discardRun(current.runId, 'its rows were not compared to the end');
  if (pending !== null) removePending(folder, current.runId);
  for (const left of [current.folder, deletesOf(current).folder]) await discardFiles(left);
}

/** Every step can be done again. Sets of older runs go last. */
export async function finishChanges(store: CheckpointStore, folder: string, pending: Pending): Promise<void> {
  const { window, deletes } = pending;
  const { run, consistency } = window.manifest;
  for (const link of deletes === null ? [window] : [window, deletes]) {
    if (!existsSync(join(link.folder, MANIFEST_NAME))) writeManifest(link.folder, link.manifest);
  }
  pointTo(deletes ?? window);
  const state = stateAfter(store, pending);
  store.completeRun(run, consistency.level, state);
  await removeOthers(folder, state.watermark?.from.value ?? null);
  removePending(folder, run);
  await rm(join(folder, 'scratch'), { recursive: true, force: true });
}

/** A reset between a kill and its recovery holds: the next run begins anew all the same. */
function stateAfter(store: CheckpointStore, { window, state }: Pending): IncrementalState {
  const known = store.incremental();
  const wasReset = window.manifest.incremental?.reset === false && known?.watermark === null;
  return wasReset ? { ...state, watermark: null } : state;
}
