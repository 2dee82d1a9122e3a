import { join } from 'node:path';
import type { Fingerprint } from '../checkpoint/fingerprint.ts';
import type { JobHandle } from '../checkpoint/open-job.ts';
import { openJob } from '../checkpoint/open-job.ts';
import type { RunMarker } from '../checkpoint/run-marker.ts';
import { beginRunMarker, endRun } from '../checkpoint/run-marker.ts';
import type { RunRecord } from '../checkpoint/store.ts';
import type { SnapshotLease } from '../model/epoch.ts';
import type { IncrementalWindow } from '../model/cursor.ts';
import { describeWindow } from '../model/cursor.ts';
import type { Problem } from '../model/problem.ts';
import { SqlextractError } from '../model/problem.ts';
import { chooseSplit } from '../planner/choose-key.ts';
import { diskError } from '../sinks/disk-error.ts';
import { folderNameOf } from '../sinks/folder-name.ts';
import { makePrivateFolder } from '../sinks/private-folder.ts';
import type { SourceSession } from '../sources/source.ts';
import { basisOf } from './plan-basis.ts';
import type { RunDecision } from './decide-run.ts';
import { decideRun } from './decide-run.ts';
import { discardFiles } from './discard-files.ts';
import type { RunWatcher } from './events.ts';
import { fingerprintOf } from './fingerprint-of.ts';
import { closeCompleteRuns, openMarkersOf, runIdFor } from './open-markers.ts';
import { checkDoneFiles } from './recover.ts';
import type { ExtractRequest } from './request.ts';
import { draftOf } from './run-draft.ts';
import type { RefusedTable, ResolvedTable } from './resolved-table.ts';
import { resolveTables } from './resolve-tables.ts';
import { restoreRun } from './restore-run.ts';
import { decideWindow } from './decide-window.ts';
import type { FittedIncrement } from './fit-increment.ts';
import { fitIncrement } from './fit-increment.ts';
import type { Increment } from './increment.ts';
import { cursorsOf, whereOf } from './increment.ts';
import type { AlreadyDone, TableRun } from './table-run.ts';

/** The runs of a command, their jobs locked until disposed. */
export interface OpenRuns extends Disposable {
  readonly runs: readonly TableRun[];
  readonly already: readonly AlreadyDone[];
  readonly refused: readonly RefusedTable[];
  /** The lease of the snapshot that a killed run may have left, when all unfinished tables belong to it. */
  readonly previousLease: SnapshotLease | null;
  /** Ends every run whose tables are all complete. */
  closeRuns(): void;
  tooManySnapshots(problem: Problem): SqlextractError;
}

interface OpenTable extends ResolvedTable {
  readonly handle: JobHandle;
  readonly fingerprint: Fingerprint;
  /** Null: all rows, every time. */
  readonly fitted: FittedIncrement | null;
}

/**
 * Locks the job of every table and decides what is to be done with it: begin, go on, or nothing. A new run is in the state, and
 * its marker in the state folder, before anything is read. Throws what locks, states and decisions throw; nothing stays locked then.
 */
export async function openRuns(
  request: ExtractRequest,
  session: SourceSession,
  watcher: RunWatcher,
): Promise<OpenRuns> {
  const { tables, refused } = await resolveTables(request, session, watcher);
  const identity = await session.identity();
  const handles: JobHandle[] = [];
  const dispose = () => handles.splice(0).forEach((handle) => handle[Symbol.dispose]());
  try {
    const open: OpenTable[] = [];
    for (const found of tables) {
      const handle = openJob({
        stateDir: request.stateDir,
        job: jobOf(request, identity, found),
        commandLine: request.commandLine,
        toolVersion: request.toolVersion,
      });
      handles.push(handle);
      const { incremental } = found.settings;
      const state = handle.store.incremental();
      const fitted =
        incremental === null ? null : await fitIncrement(request, session, found, incremental, state, watcher);
      const table = fitted?.table ?? found;
      const fingerprint = fingerprintOf(identity, table.table, table.settings, request.out);
      open.push({ ...table, handle, fingerprint, fitted });
    }
    return await decideAll({ request, session, watcher }, open, refused, dispose);
  } catch (error) {
    dispose();
    throw error;
  }
}

function jobOf(
  request: ExtractRequest,
  source: Readonly<Record<string, string>>,
  { table, settings }: ResolvedTable,
): Parameters<typeof openJob>[0]['job'] {
  const { include, exclude, asText } = settings.selection;
  const { schema, name } = table;
  const ofQuery = table.query === undefined ? {} : { query: true as const };
  const ofWindow = settings.incremental === null ? {} : { incremental: true as const };
  return {
    source,
    table: { schema, name },
    selection: { include, exclude, asText, where: settings.where, limit: settings.limit, ...ofQuery, ...ofWindow },
    jobName: request.jobName,
  };
}

interface OpenContext {
  readonly request: ExtractRequest;
  readonly session: SourceSession;
  readonly watcher: RunWatcher;
}

async function decideAll(
  context: OpenContext,
  open: readonly OpenTable[],
  refused: readonly RefusedTable[],
  dispose: () => void,
): Promise<OpenRuns> {
  const { request } = context;
  const jobs = open.map((table) => table.handle);
  const markers = openMarkersOf(request.stateDir, jobs);
  const decided = open.map((table) => ({ table, decision: decide(request, table, markers) }));
  if (request.fresh) await leaveRuns(request, markers, decided);
  const runId = runIdFor(request.fresh ? [] : markers, jobs);
  const begun = decided.filter(({ decision }) => decision.kind === 'new');
  for (const { table } of begun) await makeRunFolder(join(request.out, folderNameOf(table.table)));
  if (begun.length > 0) {
    const { stateDir, commandLine } = request;
    const jobIds = jobs.map((job) => job.jobId);
    beginRunMarker(stateDir, { runId, startedAt: new Date().toISOString(), commandLine, jobIds });
  }
  const runs: TableRun[] = [];
  const already: AlreadyDone[] = [];
  for (const { table, decision } of decided) {
    if (decision.kind === 'already') already.push({ name: table.name, run: decision.run, jobId: table.handle.jobId });
    else runs.push(await begin(context, { table, decision, runId, number: runs.length }));
  }
  const closeRuns = () => closeCompleteRuns(request.stateDir, runs, already);
  const previousLease = commonLease(runs);
  return { runs, already, refused, previousLease, closeRuns, tooManySnapshots, [Symbol.dispose]: dispose };
}

/** `--fresh`: the killed runs over these tables are over, and nobody needs their snapshots any more. */
async function leaveRuns(
  request: ExtractRequest,
  markers: readonly RunMarker[],
  decided: readonly { readonly decision: RunDecision }[],
): Promise<void> {
  for (const { decision } of decided) {
    const left = decision.kind === 'new' ? decision.discard : null;
    const lease = left?.epochs.at(-1)?.lease ?? null;
    const onlyOurs = markers.some((marker) => marker.runId === left?.runId);
    if (lease !== null && onlyOurs) await request.driver.endHolder(lease);
  }
  for (const marker of markers) endRun(request.stateDir, marker.runId);
}

function decide(request: ExtractRequest, table: OpenTable, markers: readonly RunMarker[]): RunDecision {
  const { name, fingerprint, handle } = table;
  const current = handle.store.currentRun();
  const sameOpenRun = markers.some((marker) => marker.runId === current?.runId);
  const { runKey, fresh } = request;
  const unloaded = current !== null && request.sync?.unloaded.has(current.runId) === true;
  return decideRun({ table: name, current, sameOpenRun, unloaded, fingerprint, runKey, fresh });
}

interface Beginning {
  readonly table: OpenTable;
  readonly decision: Exclude<RunDecision, { readonly kind: 'already' }>;
  readonly runId: string;
  readonly number: number;
}

async function begin(context: OpenContext, beginning: Beginning): Promise<TableRun> {
  const { request, session, watcher } = context;
  const { table, decision, runId, number } = beginning;
  if (decision.kind === 'new' && decision.discard !== null) await discard(table, decision.discard);
  const resumed = decision.kind === 'resume';
  const record = resumed ? decision.run : beginNew(request, table, runId, await windowOf(context, table));
  const increment = incrementOf(table, record);
  const { settings } = table;
  const where =
    increment === null
      ? settings.where
      : whereOf(cursorsOf(session, table.name), table.table, settings.where, increment.window);
  const read = { ...table, settings: { ...settings, where } };
  const run = restoreRun({ ...read, record, number, resumed, askedWhere: settings.where, increment });
  await makeRunFolder(run.folder);
  await checkDoneFiles(run, watcher);
  const { name, resumed, totals } = run;
  watcher.event({
    kind: 'table-planned',
    table: name,
    resumed,
    estimatedRows: run.table.estimatedRows,
    doneRows: totals.rows,
  });
  watcher.event({ kind: 'run-begun', table: name, draft: await draftOf(run) });
  return run;
}

async function makeRunFolder(folder: string): Promise<void> {
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

/** Fixed before the snapshot that is read is taken, and kept: a rerun reads the same. */
async function windowOf(
  { request, session, watcher }: OpenContext,
  { name, table, settings, handle, fitted }: OpenTable,
): Promise<IncrementalWindow | null> {
  const { incremental } = settings;
  if (incremental === null || fitted === null) return null;
  const remark = (text: string): void => watcher.event({ kind: 'remark', table: name, text });
  const window = await decideWindow({
    ...{ cursors: cursorsOf(session, name), name, table, where: settings.where, incremental, remark },
    ...{ state: fitted.state, runs: handle.store.runs(), signal: request.stop },
  });
  remark(`${describeWindow(window)}: ${window.promise}`);
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

/** Null when some unfinished table was never in that snapshot: it would miss the lock that keeps a TRUNCATE out. */
function commonLease(runs: readonly TableRun[]): SnapshotLease | null {
  const leases = new Set(runs.map((run) => JSON.stringify(run.epochs.at(-1)?.lease ?? null)));
  const [only] = leases;
  return leases.size === 1 && only !== undefined ? (JSON.parse(only) as SnapshotLease | null) : null;
}

function tooManySnapshots(problem: Problem): SqlextractError {
  return new SqlextractError({
    code: 'SNAPSHOT_LOST_TOO_OFTEN',
    message: `the snapshot was lost again and again: ${problem.message}`,
    hint: 'look at the server for what ends long transactions, then run the same command again: what is done stays done',
    fault: 'source',
  });
}
