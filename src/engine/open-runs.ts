import { join } from 'node:path';
import type { JobHandle } from '../checkpoint/open-job.ts';
import { openJob } from '../checkpoint/open-job.ts';
import type { RunMarker } from '../checkpoint/run-marker.ts';
import { beginRunMarker, endRun } from '../checkpoint/run-marker.ts';
import type { SnapshotLease } from '../model/epoch.ts';
import type { Problem } from '../model/problem.ts';
import { SqlextractError } from '../model/problem.ts';
import { folderNameOf } from '../sinks/folder-name.ts';
import type { SourceSession } from '../sources/source.ts';
import type { RunDecision } from './decide-run.ts';
import { decideRun } from './decide-run.ts';
import type { OpenContext, OpenTable } from './begin-table.ts';
import { beginTable, makeRunFolder } from './begin-table.ts';
import type { RunWatcher } from './events.ts';
import { jobOf } from './job-of.ts';
import { fingerprintOf } from './fingerprint-of.ts';
import { closeCompleteRuns, openMarkersOf, runIdFor } from './open-markers.ts';
import type { ExtractRequest } from './request.ts';
import type { RefusedTable } from './resolved-table.ts';
import { resolveTables } from './resolve-tables.ts';
import { fitIncrement } from './fit-increment.ts';
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
    else runs.push(await beginTable(context, { table, decision, runId, number: runs.length }));
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
