import { join } from 'node:path';
import type { Fingerprint } from '../checkpoint/fingerprint.ts';
import type { JobHandle } from '../checkpoint/open-job.ts';
import type { RunRecord } from '../checkpoint/store.ts';
import { lastLink } from './last-link.ts';
import type { IncrementalWindow } from '../model/cursor.ts';
import { chooseSplit } from '../planner/choose-key.ts';
import { diskError } from '../sinks/disk-error.ts';
import { folderNameOf } from '../sinks/folder-name.ts';
import { makePrivateFolder } from '../sinks/private-folder.ts';
import type { SourceSession } from '../sources/source.ts';
import type { RunDecision } from './decide-run.ts';
import { decideWindow } from './decide-window.ts';
import { discardFiles } from './discard-files.ts';
import type { RunWatcher } from './events.ts';
import type { FittedIncrement } from './fit-increment.ts';
import type { Increment } from './increment.ts';
import { whereOf } from './increment.ts';
import { basisOf } from './plan-basis.ts';
import { promiseText } from './promise-text.ts';
import { checkDoneFiles } from './recover.ts';
import type { ExtractRequest } from './request.ts';
import type { ResolvedTable } from './resolved-table.ts';
import { restoreRun } from './restore-run.ts';
import { draftOf } from './run-draft.ts';
import type { TableRun } from './table-run.ts';

/** A table whose job is locked and whose state is open. */
export interface OpenTable extends ResolvedTable {
  readonly handle: JobHandle;
  /** Of the source, asked once for all tables. */
  readonly identity: Readonly<Record<string, string>>;
  readonly fingerprint: Fingerprint;
  /** Null: all rows, every time. */
  readonly fitted: FittedIncrement | null;
}

export interface OpenContext {
  readonly request: ExtractRequest;
  readonly session: SourceSession;
  readonly watcher: RunWatcher;
}

export interface Beginning {
  readonly table: OpenTable;
  readonly decision: Exclude<RunDecision, { readonly kind: 'already' }>;
  /** Of a new run: fixed before the snapshot that is read is taken, and kept, so that a rerun reads the same. */
  readonly window: IncrementalWindow | null;
  readonly runId: string;
  readonly number: number;
}

/** A run of one table, new or gone on with: in the state, its folder made, its done files checked. */
export async function beginTable(context: OpenContext, beginning: Beginning): Promise<TableRun> {
  const { request, session, watcher } = context;
  const { table, decision, window, runId, number } = beginning;
  if (decision.kind === 'new' && decision.discard !== null) await discard(table, decision.discard);
  const resumed = decision.kind === 'resume';
  const record = decision.kind === 'resume' ? decision.run : beginNew(request, table, runId, window);
  if (resumed) keepRestart(context, table, record);
  const increment = incrementOf(table, record);
  const { settings } = table;
  const where =
    increment === null ? settings.where : whereOf(session.cursors, table.table, settings.where, increment.window);
  const read = { ...table, settings: { ...settings, where } };
  const run = restoreRun({ ...read, record, number, resumed, askedWhere: settings.where, increment });
  await makeRunFolder(run.folder);
  await checkDoneFiles(run, watcher);
  const { name, totals } = run;
  watcher.event({
    kind: 'table-planned',
    table: name,
    resumed,
    estimatedRows: run.table.estimatedRows,
    doneRows: totals.rows,
  });
  watcher.event({ kind: 'run-begun', table: name, draft: await draftOf(run, request) });
  return run;
}

/** `watermark reset`, or `--on-change restart`, and a window that was interrupted before: that comes first, and the next run reads all. */
function keepRestart({ watcher }: OpenContext, { name, handle, fitted }: OpenTable, { window }: RunRecord): void {
  const state = fitted?.state ?? null;
  if (state === null || state.watermark !== null || window === null || window.reset || window.backfill) return;
  if (handle.store.incremental()?.watermark !== null) handle.store.setIncremental(state, '--on-change restart');
  const text = 'the window that was interrupted is read to its end first; the next run reads all';
  watcher.event({ kind: 'remark', table: name, text });
}

export async function makeRunFolder(folder: string): Promise<void> {
  try {
    await makePrivateFolder(folder);
  } catch (error) {
    throw diskError(error, folder);
  }
}

async function discard(table: OpenTable, run: RunRecord): Promise<void> {
  table.handle.store.discardRun(run.runId, '--fresh');
  await discardFiles(run.folder);
}

/** Null: all rows. Throws CURSOR_… */
export async function windowOf(
  { request, session, watcher }: OpenContext,
  { name, table, settings, handle, fitted }: OpenTable,
): Promise<IncrementalWindow | null> {
  const { incremental } = settings;
  if (incremental === null || fitted === null) return null;
  const remark = (text: string): void => watcher.event({ kind: 'remark', table: name, text });
  const window = await decideWindow({
    ...{ cursors: session.cursors, name, table, where: settings.where, incremental, remark },
    sumOf: async (where) => session.checksum({ table, where }),
    ...{ state: fitted.state, last: lastLink(handle.store), signal: request.stop },
  });
  remark(promiseText(window, handle.store.runs()));
  return window;
}

function incrementOf({ fitted }: OpenTable, { window }: RunRecord): Increment | null {
  return fitted === null || window === null ? null : { window, model: fitted.model };
}

function beginNew(
  request: ExtractRequest,
  table: OpenTable,
  runId: string,
  window: IncrementalWindow | null,
): RunRecord {
  const { settings, handle, fingerprint } = table;
  const split = chooseSplit(table.table, {
    sharedSnapshot: request.consistency !== 'chunk' && request.driver.capabilities.sharedSnapshot,
    limit: settings.limit,
    bounded: window === null || window.from === null ? null : window.column.name,
  });
  return handle.store.beginRun({
    runId,
    runKey: request.runKey,
    fingerprint,
    folder: join(request.out, folderNameOf(table.table), runId),
    commandLine: request.commandLine,
    toolVersion: request.toolVersion,
    planBasis: basisOf(split, table.table),
    window,
  });
}
