import { join } from 'node:path';
import type { Fingerprint } from '../checkpoint/fingerprint.ts';
import type { JobHandle } from '../checkpoint/open-job.ts';
import { openJob } from '../checkpoint/open-job.ts';
import type { RunMarker } from '../checkpoint/run-marker.ts';
import { beginRunMarker, endRun, listOpenRuns, newRunId } from '../checkpoint/run-marker.ts';
import type { RunRecord } from '../checkpoint/store.ts';
import type { SnapshotLease } from '../model/epoch.ts';
import type { Problem } from '../model/problem.ts';
import { SqlextractError } from '../model/problem.ts';
import { chooseSplit } from '../planner/choose-key.ts';
import { diskError } from '../sinks/disk-error.ts';
import { folderNameOf } from '../sinks/folder-name.ts';
import { makePrivateFolder } from '../sinks/private-folder.ts';
import type { SourceSession } from '../sources/source.ts';
import { basisOf } from './plan-basis.ts';
import { decideRun } from './decide-run.ts';
import { discardFiles } from './discard-files.ts';
import type { RunWatcher } from './events.ts';
import { fingerprintOf } from './fingerprint-of.ts';
import { otherJobsAreComplete } from './other-jobs.ts';
import { checkDoneFiles } from './recover.ts';
import type { ExtractRequest } from './request.ts';
import type { RefusedTable, ResolvedTable } from './resolve-tables.ts';
import { resolveTables } from './resolve-tables.ts';
import { restoreRun } from './restore-run.ts';
import type { TableRun } from './table-run.ts';

/** A table whose run was complete before this command began. */
export interface AlreadyDone {
  readonly name: string;
  readonly run: RunRecord;
  readonly jobId: string;
}

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
    const open = tables.map((table): OpenTable => {
      const handle = openJob({
        stateDir: request.stateDir,
        job: jobOf(request, identity, table),
        commandLine: request.commandLine,
        toolVersion: request.toolVersion,
      });
      handles.push(handle);
      return { ...table, handle, fingerprint: fingerprintOf(identity, table.table, table.settings, request.out) };
    });
    return await decideAll(request, open, refused, watcher, dispose);
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
  return {
    source,
    table: { schema, name },
    selection: { include, exclude, asText, where: settings.where },
    jobName: request.jobName,
  };
}

async function decideAll(
  request: ExtractRequest,
  open: readonly OpenTable[],
  refused: readonly RefusedTable[],
  watcher: RunWatcher,
  dispose: () => void,
): Promise<OpenRuns> {
  const jobIds = open.map((table) => table.handle.jobId).sort();
  const mine = (marker: RunMarker) => JSON.stringify([...marker.jobIds].sort()) === JSON.stringify(jobIds);
  const marker = listOpenRuns(request.stateDir).findLast(mine) ?? null;
  const decided = open.map((table) => {
    const current = table.handle.store.currentRun();
    const sameOpenRun = marker !== null && current?.runId === marker.runId;
    const { name, fingerprint } = table;
    return {
      table,
      decision: decideRun({
        table: name,
        current,
        sameOpenRun,
        fingerprint,
        runKey: request.runKey,
        fresh: request.fresh,
      }),
    };
  });
  if (request.fresh && marker !== null) endRun(request.stateDir, marker.runId);
  const runId = marker !== null && !request.fresh ? marker.runId : newRunId(new Date());
  if (decided.some(({ decision }) => decision.kind === 'new')) {
    beginRunMarker(request.stateDir, {
      runId,
      startedAt: new Date().toISOString(),
      commandLine: request.commandLine,
      jobIds,
    });
  }
  const runs: TableRun[] = [];
  const already: AlreadyDone[] = [];
  for (const { table, decision } of decided) {
    if (decision.kind === 'already') {
      already.push({ name: table.name, run: decision.run, jobId: table.handle.jobId });
      continue;
    }
    if (decision.kind === 'new' && decision.discard !== null) await discard(table, decision.discard);
    const record = decision.kind === 'resume' ? decision.run : beginNew(request, table, runId);
    const run = restoreRun({ ...table, record, number: runs.length, resumed: decision.kind === 'resume' });
    await makeRunFolder(run.folder);
    await checkDoneFiles(run, watcher);
    watcher.event({
      kind: 'table-planned',
      table: run.name,
      resumed: run.resumed,
      estimatedRows: run.table.estimatedRows,
      doneRows: run.totals.rows,
    });
    runs.push(run);
  }
  return {
    runs,
    already,
    refused,
    previousLease: commonLease(runs),
    closeRuns: () => closeRuns(request.stateDir, runs, already),
    tooManySnapshots,
    [Symbol.dispose]: dispose,
  };
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

function beginNew(request: ExtractRequest, table: OpenTable, runId: string): RunRecord {
  const { settings, handle, fingerprint } = table;
  const split = chooseSplit(table.table, {
    sharedSnapshot: request.consistency !== 'chunk' && request.driver.capabilities.sharedSnapshot,
    limit: settings.limit,
  });
  return handle.store.beginRun({
    runId,
    runKey: request.runKey,
    fingerprint,
    folder: join(request.out, folderNameOf(table.table), runId),
    commandLine: request.commandLine,
    toolVersion: request.toolVersion,
    planBasis: basisOf(split, table.table),
  });
}

/** Null when some unfinished table was never in that snapshot: it would miss the lock that keeps a TRUNCATE out. */
function commonLease(runs: readonly TableRun[]): SnapshotLease | null {
  const leases = new Set(runs.map((run) => JSON.stringify(run.epochs.at(-1)?.lease ?? null)));
  const [only] = leases;
  return leases.size === 1 && only !== undefined ? (JSON.parse(only) as SnapshotLease | null) : null;
}

function closeRuns(stateDir: string, runs: readonly TableRun[], already: readonly AlreadyDone[]): void {
  const complete = new Set([...runs.filter((run) => run.finished !== null), ...already].map((each) => each.jobId));
  const runIds = new Set([...runs.map((run) => run.runId), ...already.map((each) => each.run.runId)]);
  for (const marker of listOpenRuns(stateDir)) {
    if (!runIds.has(marker.runId)) continue;
    const others = marker.jobIds.filter((jobId) => !complete.has(jobId));
    const unfinishedHere = runs.some((run) => run.finished === null && others.includes(run.jobId));
    if (!unfinishedHere && otherJobsAreComplete(stateDir, marker.runId, others)) endRun(stateDir, marker.runId);
  }
}

function tooManySnapshots(problem: Problem): SqlextractError {
  return new SqlextractError({
    code: 'SNAPSHOT_LOST_TOO_OFTEN',
    message: `the snapshot was lost again and again: ${problem.message}`,
    hint: 'look at the server for what ends long transactions, then run the same command again: what is done stays done',
    fault: 'source',
  });
}
