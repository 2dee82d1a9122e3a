import { join } from 'node:path';
import type { JobHandle } from '../checkpoint/open-job.ts';
import { openJob } from '../checkpoint/open-job.ts';
import type { RunMarker } from '../checkpoint/run-marker.ts';
import { beginRunMarker, endRun } from '../checkpoint/run-marker.ts';
import type { IncrementalWindow } from '../model/cursor.ts';
import type { SnapshotLease } from '../model/epoch.ts';
import type { Problem } from '../model/problem.ts';
import { SqlextractError } from '../model/problem.ts';
import { folderNameOf } from '../sinks/folder-name.ts';
import type { SourceSession } from '../sources/source.ts';
import type { RunDecision } from './decide-run.ts';
import { decideRun } from './decide-run.ts';
import type { OpenContext, OpenTable } from './begin-table.ts';
import { beginTable, makeRunFolder, windowOf } from './begin-table.ts';
import type { RunWatcher } from './events.ts';
import { jobOf } from './job-of.ts';
import { fingerprintOf } from './fingerprint-of.ts';
import { closeCompleteRuns, openMarkersOf, runIdFor } from './open-markers.ts';
import type { ExtractRequest } from './request.ts';
import type { RefusedTable, ResolvedTable } from './resolved-table.ts';
import { resolveTables } from './resolve-tables.ts';
import { fitIncrement } from './fit-increment.ts';
import type { OrRefused } from './or-refused.ts';
import { refuseInto } from './or-refused.ts';
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

/**
 * Locks the job of every table and decides what is to be done with it: begin, go on, or nothing. A new run is in the state, and
 * its marker in the state folder, before anything is read. Throws what locks, states and decisions throw; nothing stays locked then. Under
 * `--on-table-error continue` a table that throws is refused, and the others go on.
 */
export async function openRuns(
  request: ExtractRequest,
  session: SourceSession,
  watcher: RunWatcher,
): Promise<OpenRuns> {
  const { tables: all, refused: unfit } = await resolveTables(request, session, watcher);
  const tables = all.filter(isReadHere);
  for (const found of all) if (!isReadHere(found)) watcher.event({ kind: 'set-aside', found });
  const refused: RefusedTable[] = [...unfit];
  const orRefused = refuseInto(refused, request, watcher);
  const identity = await session.identity();
  const handles: JobHandle[] = [];
  const dispose = () => handles.splice(0).forEach((handle) => handle[Symbol.dispose]());
  try {
    const context = { request, session, watcher };
    const open: OpenTable[] = [];
    for (const found of tables) {
      const table = await orRefused(found.name, async () => openTable(context, found, identity, handles));
      if (table !== null) open.push(table);
    }
    const decided = await decideAll(context, open, orRefused);
    return { ...(await beginAll(context, decided)), refused, tooManySnapshots, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

async function openTable(
  { request, session, watcher }: OpenContext,
  found: ResolvedTable,
  identity: Awaited<ReturnType<SourceSession['identity']>>,
  handles: JobHandle[],
): Promise<OpenTable> {
  const { stateDir, commandLine, toolVersion } = request;
  const handle = openJob({ stateDir, job: jobOf(request, identity, found), commandLine, toolVersion });
  handles.push(handle);
  const { incremental } = found.settings;
  const state = handle.store.incremental();
  const fitted = incremental === null ? null : await fitIncrement(request, session, found, incremental, state, watcher);
  const table = fitted?.table ?? found;
  const fingerprint = fingerprintOf(identity, table.table, table.settings, request.out);
  return { ...table, handle, identity, fingerprint, fitted };
}

/** Without a cursor there is no window to read. */
function isReadHere({ settings }: ResolvedTable): boolean {
  return settings.incremental?.by !== null;
}

interface Decided {
  readonly markers: readonly RunMarker[];
  readonly tables: readonly DecidedTable[];
}

interface DecidedTable {
  readonly table: OpenTable;
  readonly decision: RunDecision;
  /** Of a new run; null: all rows. */
  readonly window: IncrementalWindow | null;
}

/** A table that has no window is of no run: it would keep that of the others open for ever. */
async function decideAll(context: OpenContext, open: readonly OpenTable[], orRefused: OrRefused): Promise<Decided> {
  const { request } = context;
  const markers = openMarkersOf(
    request.stateDir,
    open.map(({ handle }) => handle),
  );
  const tables: DecidedTable[] = [];
  for (const table of open) {
    const decided = await orRefused(table.name, async () => {
      const decision = decide(request, table, markers);
      return { table, decision, window: decision.kind === 'new' ? await windowOf(context, table) : null };
    });
    if (decided !== null) tables.push(decided);
  }
  return { markers, tables };
}

async function beginAll(
  context: OpenContext,
  { markers, tables }: Decided,
): Promise<Pick<OpenRuns, 'runs' | 'already' | 'previousLease' | 'closeRuns'>> {
  const { request } = context;
  const jobs = tables.map(({ table }) => table.handle);
  if (request.fresh) await leaveRuns(request, markers, tables);
  const runId = runIdFor(request.fresh ? [] : markers, jobs);
  const begun = tables.filter(({ decision }) => decision.kind === 'new');
  for (const { table } of begun) await makeRunFolder(join(request.out, folderNameOf(table.table)));
  if (begun.length > 0) {
    const { stateDir, commandLine } = request;
    const jobIds = membersOf(runId, tables).map(({ table }) => table.handle.jobId);
    beginRunMarker(stateDir, { runId, startedAt: new Date().toISOString(), commandLine, jobIds });
  }
  const runs: TableRun[] = [];
  const already: AlreadyDone[] = [];
  for (const { table, decision, window } of tables) {
    if (decision.kind === 'already') already.push({ name: table.name, run: decision.run, jobId: table.handle.jobId });
    else runs.push(await beginTable(context, { table, decision, window, runId, number: runs.length }));
  }
  const closeRuns = () => closeCompleteRuns(request.stateDir, runs, already);
  return { runs, already, previousLease: commonLease(runs), closeRuns };
}

/** Windows that go on in a run of their own are no part of this one. */
function membersOf(runId: string, tables: readonly DecidedTable[]): readonly DecidedTable[] {
  if (tables.some(({ table }) => table.settings.incremental === null)) return tables;
  return tables.filter(({ decision }) => decision.kind === 'new' || decision.run.runId === runId);
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
