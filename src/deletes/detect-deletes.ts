import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { jobFilesOf } from '../checkpoint/job-files.ts';
import { openForReading } from '../checkpoint/list-jobs.ts';
import { takeLock } from '../checkpoint/lock.ts';
import { readManifest } from '../checkpoint/manifest.ts';
import type { RunWatcher } from '../engine/events.ts';
import type { DeletesReport, RunReport, TableReport } from '../engine/report.ts';
import type { ExtractRequest } from '../engine/request.ts';
import { runExtract } from '../engine/run.ts';
import { faultPoint } from '../model/fault-point.ts';
import { SqlextractError } from '../model/problem.ts';
import { limitsFor } from './key-memory.ts';
import { KeySets } from './key-sets.ts';
import type { Link } from './known-keys.ts';
import { knownKeys, storeName } from './known-keys.ts';
import { scanKeys } from './scan-keys.ts';
import { keyColumns, publish, writeDeletes } from './write-deletes.ts';

/** A run, and behind the windows of jobs that ask for it the rows that are gone. */
export async function extractAndDetect(request: ExtractRequest, watcher: RunWatcher): Promise<RunReport> {
  const report = await runExtract(request, watcher);
  const tables: TableReport[] = [];
  for (const table of report.tables) {
    const { manifest } = table;
    const asked = manifest !== null && !request.stop.aborted && isOpen(request, table);
    tables.push(asked ? await withDeletes(request, table, manifest, watcher) : table);
  }
  const failed = tables.some(({ problem }) => problem !== null);
  return { ...report, tables, status: failed ? 'incomplete' : report.status };
}

/** A window that was killed between its last file and its delete set is done already, and its keys were not looked at. */
function isOpen({ runKey }: ExtractRequest, { status, deletes }: TableReport): boolean {
  return status === 'complete' || (status === 'already-done' && runKey === null && deletes === null);
}

/** The window is whole whatever becomes of its delete set: it can be loaded, and the next run finds the same keys gone. */
async function withDeletes(
  request: ExtractRequest,
  table: TableReport,
  manifest: string,
  watcher: RunWatcher,
): Promise<TableReport> {
  try {
    return { ...table, deletes: await deletesOfWindow(request, manifest, watcher) };
  } catch (error) {
    const problem = error instanceof SqlextractError ? error.problem : request.driver.classify(error);
    if (problem.fault === 'bug') throw error;
    return { ...table, problem };
  }
}

async function deletesOfWindow(
  request: ExtractRequest,
  path: string,
  watcher: RunWatcher,
): Promise<DeletesReport | null> {
  const window = { manifest: readManifest(path), folder: dirname(path) };
  const { kind, schema, name } = window.manifest.table;
  const settings = kind === 'query' ? request.querySettings(name) : request.tableSettings(schema, name);
  if (window.manifest.incremental === undefined || settings.incremental?.detectDeletes !== true) return null;
  // The run's own end let the job go: another command may have come between, and its window goes on from this one.
  const files = jobFilesOf(request.stateDir, window.manifest.job);
  using _ = takeLock(files, request.commandLine);
  return isNewest(files.state, window.manifest.run) ? await detectDeletes(request, window, watcher) : null;
}

function isNewest(statePath: string, run: string): boolean {
  using state = openForReading(statePath);
  return state.currentRun()?.runId === run;
}

/**
 * Which keys that earlier windows and this one delivered no row has any more.
 *
 *   known keys (stored, and what each window since brought or took)  ─┐
 *   all keys of the table as it is now, in one snapshot              ─┴▶ gone ──▶ delete set ──▶ manifest, latest.json ──▶ known keys stored
 *
 * Killed anywhere before the manifest, the next run finds the same keys gone; after it, the next window goes on from the delete set. The
 * stored keys only save reading the windows again.
 */
async function detectDeletes(
  request: ExtractRequest,
  window: Link,
  watcher: RunWatcher,
): Promise<DeletesReport | null> {
  const { manifest } = window;
  const folder = join(request.stateDir, 'keys', manifest.job);
  const scratch = join(folder, 'scratch');
  const key = manifest.incremental?.uniqueKey ?? [];
  const known = knownKeys(window, folder);
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  try {
    const scan = await scanKeys(request, manifest, key, join(scratch, 'scan'), watcher);
    const columns = keyColumns(manifest.schema.columns, key);
    await using sets = await KeySets.open(scratch, columns, limitsFor(scan.manifest, request.memoryLimitBytes));
    const counts = { known: await sets.known(known), rows: await sets.gone(scan) };
    faultPoint('before-deletes');
    const written = counts.rows === 0 ? null : await writeDeletes(window, scan.manifest, sets, counts, scratch);
    faultPoint('after-deletes');
    const changed = written !== null || known.links.some((link) => link.manifest.totals.rows > 0);
    if (changed || known.store === null) await storeKeys(sets, folder, written?.run ?? manifest.run);
    return written;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The older sets go once the new one is there: a set that is cut short has another name. */
async function storeKeys(sets: KeySets, folder: string, run: string): Promise<void> {
  const temporary = join(folder, 'scratch', 'known.parquet');
  await sets.storeAlive(temporary);
  await publish(temporary, join(folder, storeName(run)));
  const older = (await readdir(folder)).filter((name) => name.startsWith('known-') && name !== storeName(run));
  for (const name of older) await rm(join(folder, name));
}
