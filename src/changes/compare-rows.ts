import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Link } from '../deletes/known-keys.ts';
import { scanTable } from '../deletes/scan-table.ts';
import { prepareDeletes, publish } from '../deletes/write-deletes.ts';
import type { RunWatcher } from '../engine/events.ts';
import type { ExtractRequest, TableSettings } from '../engine/request.ts';
import { formatOf } from '../engine/run-draft.ts';
import { HASH_COLUMN } from '../model/cursor.ts';
import type { IncrementalState } from '../model/incremental-state.ts';
import { NOTHING_PLANNED } from '../model/plan.ts';
import { ambiguousKey, incomplete, otherKey, unknown } from './changes-problems.ts';
import type { ChangesRun } from './changes-run.ts';
import type { Comparison } from './row-sets.ts';
import { RowSets } from './row-sets.ts';
import type { Pending } from './stored-rows.ts';
import { rowsPath } from './stored-rows.ts';
import { takeFiles, writeFiles } from './write-window.ts';

export interface Compared {
  readonly counts: Comparison;
  readonly pending: Pending;
}

/** Reads, compares and writes; all files are durable when it returns, and none of them has a manifest. */
export async function compareRows(request: ExtractRequest, run: ChangesRun, watcher: RunWatcher): Promise<Compared> {
  const stored = storedRows(run);
  const scan = await scanRows(request, run, watcher);
  const key = run.window.uniqueKey;
  const threads = Math.min(request.workers, availableParallelism());
  const limits = { threads, memoryBytes: request.memoryLimitBytes };
  await using sets = await RowSets.open({ scratch: run.scratch, key, scan, ...limits });
  await requireKey(run, sets, stored);
  const counts = await sets.compare(stored);
  sayCounts(run, counts, watcher);
  const window = await windowLink(run, scan, sets, counts);
  const deletes =
    counts.gone === 0
      ? null
      : await prepareDeletes(window, scan.manifest, sets, { rows: counts.gone, known: counts.known }, run.scratch);
  const set = await storeRows(run, sets, counts);
  recordFiles(run, window);
  const { rows, files, bytes } = window.manifest.totals;
  watcher.event({ kind: 'table-done', table: run.name, rows, files, bytes });
  return {
    counts,
    pending: { version: 1, window, deletes, state: stateOf(run, set, (deletes ?? window).manifest.run) },
  };
}

/** The set that the watermark names; null: nothing was delivered. Throws CHANGES_UNKNOWN. */
function storedRows({ name, store, window, fitted }: ChangesRun): string | null {
  const watermark = fitted.state?.watermark ?? null;
  if (window.reset || watermark === null) return null;
  const path = rowsPath(store, watermark.from.value);
  if (!existsSync(path)) throw unknown(name, path);
  return path;
}

/** A first window is delivered as it is read; what is only compared has the format that is read fastest. */
async function scanRows(request: ExtractRequest, run: ChangesRun, watcher: RunWatcher): Promise<Link> {
  const { name, fitted, window, scratch, handle } = run;
  const { table, settings } = fitted.table;
  const asRead = window.reset ? {} : ({ format: 'parquet', compression: 'snappy' } as const);
  const order = {
    table,
    jobName: `rows of ${handle.jobId}`,
    out: join(scratch, 'scan'),
    settings: (): TableSettings => ({ ...settings, limit: null, incremental: null, ...asRead }),
    incomplete: (why: string) => incomplete(name, why),
  };
  const scan = await scanTable(request, order, ofScan(watcher));
  const { columns } = scan.manifest.schema;
  if (JSON.stringify(columns) !== JSON.stringify(table.columns))
    throw incomplete(name, 'its columns changed while it was read');
  return scan;
}

/** What a run tells of its files and its end is not of this job. */
function ofScan(watcher: RunWatcher): RunWatcher {
  const kinds: readonly string[] = ['table-planned', 'chunk-done', 'chunk-retry', 'epoch', 'remark'];
  return {
    event: (event) => {
      if (kinds.includes(event.kind)) watcher.event(event);
    },
    attach: (view) => watcher.attach(view),
  };
}

/** Throws CHANGES_KEY, CURSOR_CHANGED. */
async function requireKey({ name, window }: ChangesRun, sets: RowSets, stored: string | null): Promise<void> {
  const key = window.uniqueKey;
  const values = await sets.ambiguous();
  if (values !== null) throw ambiguousKey(name, key, values);
  const before = stored === null ? key : await sets.keyOf(stored);
  if (JSON.stringify(before) !== JSON.stringify(key)) throw otherKey(name, before, key);
}

function sayCounts({ name, window }: ChangesRun, counts: Comparison, watcher: RunWatcher): void {
  const { now, changed, gone, alike } = counts;
  const text = `${now} rows were read and compared: ${changed} are new or changed, ${gone} are gone`;
  if (!window.reset) watcher.event({ kind: 'remark', table: name, text });
  if (alike === 0) return;
  const again = `${alike} new keys differ from one that is gone in case, accents or blanks only: the next run delivers them again, for targets that take both for one`;
  watcher.event({ kind: 'remark', table: name, text: again });
}

async function windowLink(run: ChangesRun, scan: Link, sets: RowSets, { changed }: Comparison): Promise<Link> {
  const { record, window, fitted, scratch, handle } = run;
  const { settings } = fitted.table;
  const { folder } = record;
  const order = { scan, settings, folder, scratch };
  const files = window.reset ? await takeFiles(order) : await writeFiles(order, sets, changed);
  const manifest = {
    ...scan.manifest,
    ...files,
    run: record.runId,
    job: handle.jobId,
    incremental: window,
    format: await formatOf(settings),
    startedAt: record.startedAt,
    finishedAt: new Date().toISOString(),
  };
  return { manifest, folder };
}

/** The run whose set says what targets have now: without changes, that of the last run. */
async function storeRows(run: ChangesRun, sets: RowSets, counts: Comparison): Promise<string> {
  const before = run.fitted.state?.watermark?.from.value;
  const { window, record, store, scratch } = run;
  if (!window.reset && before !== undefined && counts.changed === 0 && counts.gone === 0) return before;
  const temporary = join(scratch, 'rows.parquet');
  await sets.store(temporary);
  await publish(temporary, rowsPath(store, record.runId));
  return record.runId;
}

function stateOf({ fitted, window, record }: ChangesRun, set: string, link: string): IncrementalState {
  const before = fitted.state?.watermark ?? null;
  const moved = { column: HASH_COLUMN, from: { value: set, ties: { kind: 'all' } } } as const;
  const watermark = { ...moved, run: record.runId, movedAt: new Date().toISOString() };
  const stays = !window.reset && before?.from.value === set;
  return { ...fitted.model, watermark: stays ? before : watermark, run: link };
}

/** As the one chunk of the run: the state then says of it what it says of every other. */
function recordFiles({ record, handle }: ChangesRun, { manifest }: Link): void {
  const { runId, startedAt } = record;
  const { rows, replacedCells, markerCells } = manifest.totals;
  handle.store.savePlan(runId, { ...NOTHING_PLANNED, complete: true }, [
    { ordinal: 1, range: { kind: 'all' }, limit: null },
  ]);
  handle.store.started(runId, 1, 1);
  handle.store.done(runId, {
    ...{ ordinal: 1, rows, files: manifest.files, epoch: 1, startedAt, finishedAt: manifest.finishedAt },
    ...{ nullMarkerCells: markerCells ?? 0, replacedCells: replacedCells ?? {} },
  });
}
