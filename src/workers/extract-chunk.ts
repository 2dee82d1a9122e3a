import { workerData } from 'node:worker_threads';
import { armFaultPoint, faultPoint } from '../model/fault-point.ts';
import type { Problem } from '../model/problem.ts';
import { SqlextractError, toProblem } from '../model/problem.ts';
import type { ReadRequest, SourceConfig, SourceSession } from '../sources/source.ts';
import { driverByName } from '../sources/registry.ts';
import { formatByName } from '../formats/registry.ts';
import { localSink } from '../sinks/local.ts';
import { ChunkFiles } from './chunk-files.ts';
import type { ChunkOutcome, ChunkTask, JoinOutcome, JoinTask, LeaveTask, WorkerSetup, WorkerTask } from './messages.ts';
import { dropSession, sessionFor } from './session-cache.ts';
import { arriveAndWait, batchBounds, stopRequested, takeSlot, updateSlot, writeLockOf } from './shared-state.ts';

/**
 * The thread's side of a run: one task at a time, never throwing. Errors come back as data, because a thrown error loses its
 * code and hint between threads.
 */
const setup = ownSetup(workerData);
armFaultPoint(setup.faultPoint);
const slot = takeSlot(setup.shared);

export default async function work(task: WorkerTask): Promise<ChunkOutcome | JoinOutcome> {
  switch (task.kind) {
    case 'chunk':
      return extractChunk(task);
    case 'join':
      return join(task);
    case 'leave':
      return leave(task);
    default:
      return task satisfies never;
  }
}

/** Piscina hands `workerData` over as the last entry of its own. */
function ownSetup(data: unknown): WorkerSetup {
  return (Array.isArray(data) ? data.at(-1) : data) as WorkerSetup;
}

async function join(task: JoinTask): Promise<JoinOutcome> {
  let outcome: JoinOutcome = { kind: 'joined' };
  try {
    await sessionFor(task.source, task.token, true);
  } catch (error) {
    await dropSession();
    outcome = { kind: 'failed', problem: await problemOf(task.source, error) };
  }
  await arriveAndWait(setup.shared, task.threads);
  return outcome;
}

async function leave(task: LeaveTask): Promise<JoinOutcome> {
  await dropSession();
  await arriveAndWait(setup.shared, task.threads);
  return { kind: 'joined' };
}

async function extractChunk(task: ChunkTask): Promise<ChunkOutcome> {
  try {
    return await readEncodeWrite(task);
  } catch (error) {
    const problem = await problemOf(task.source, error);
    if (await needsNewSession(task.source, problem)) await dropSession();
    return stopRequested(setup.shared) ? { kind: 'stopped' } : { kind: 'failed', problem };
  } finally {
    updateSlot(setup.shared, slot, { state: 'idle' });
  }
}

async function readEncodeWrite(task: ChunkTask): Promise<ChunkOutcome> {
  const startedAt = new Date().toISOString();
  updateSlot(setup.shared, slot, {
    state: 'waiting',
    table: task.tableNumber,
    ordinal: task.chunk.ordinal,
    rows: 0,
    bytes: 0,
  });
  const session = await sessionFor(task.source, task.token, false);
  const sink = localSink({
    folder: task.folder,
    writeLock: setup.parallelWrite ? null : writeLockOf(setup.shared),
    mayReplace: () => task.attempt > 1,
  });
  await using files = new ChunkFiles(task, await formatByName(task.format), sink);
  faultPoint('before-read');
  const rows = await copyRows(session, task, files);
  if (rows === null) return { kind: 'stopped' };
  const { files: written, nullMarkerCells } = await files.finish();
  compareRows(
    task,
    rows,
    written.reduce((sum, file) => sum + file.rows, 0),
  );
  await files.publish();
  const finishedAt = new Date().toISOString();
  const { ordinal } = task.chunk;
  return {
    kind: 'done',
    report: { ordinal, rows, files: written, epoch: task.epoch, startedAt, finishedAt, nullMarkerCells },
  };
}

/** Null when the stop flag was seen. */
async function copyRows(session: SourceSession, task: ChunkTask, files: ChunkFiles): Promise<number | null> {
  const abort = new AbortController();
  const watch = setInterval(() => stopRequested(setup.shared) && abort.abort(), 100);
  let rows = 0;
  try {
    updateSlot(setup.shared, slot, { state: 'reading' });
    for await (const batch of session.readRange(readRequest(task, abort.signal))) {
      faultPoint('mid-read');
      if (stopRequested(setup.shared)) return null;
      updateSlot(setup.shared, slot, { state: 'encoding', rows });
      await files.write(batch);
      rows += batch.rowCount;
      updateSlot(setup.shared, slot, { state: 'reading', rows, bytes: files.bytesOut() });
    }
    return rows;
  } finally {
    clearInterval(watch);
  }
}

function readRequest(task: ChunkTask, signal: AbortSignal): ReadRequest {
  const { table, key, where, chunk } = task;
  const { range, limit } = chunk;
  return { table, range, key, where, limit, signal, batchBounds: () => batchBounds(setup.shared) };
}

function compareRows(task: ChunkTask, read: number, written: number): void {
  if (read === written) return;
  throw new SqlextractError({
    code: 'ROWS_LOST_IN_ENCODER',
    message: `chunk ${task.chunk.ordinal} of ${task.table.name}: ${read} rows were read but the files hold ${written}`,
    fault: 'bug',
  });
}

/** A session that could not join the snapshot again is kept as long as it is sound: a bad value is not its fault. */
async function needsNewSession(source: SourceConfig, problem: Problem): Promise<boolean> {
  if (problem.verdict !== 'fatal') return problem.verdict !== 'retry';
  return (await driverByName(source.driver)).capabilities.lateJoin;
}

async function problemOf(source: SourceConfig, error: unknown): Promise<Problem> {
  if (error instanceof SqlextractError) return error.problem;
  const driver = await driverByName(source.driver);
  const problem = driver.classify(error);
  return problem.fault === 'bug' ? toProblem(error) : problem;
}
