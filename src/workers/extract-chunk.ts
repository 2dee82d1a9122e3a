import { enableCompileCache } from 'node:module';
import { workerData } from 'node:worker_threads';
import { armFaultPoint, faultPoint } from '../model/fault-point.ts';
import type { Problem } from '../model/problem.ts';
import { SqlextractError, toProblem } from '../model/problem.ts';
import type { RowBatch } from '../model/row-batch.ts';
import { displayName } from '../model/table.ts';
import type { ReadRequest, SourceConfig, SourceSession } from '../sources/source.ts';
import { driverByName } from '../sources/registry.ts';
import { formatByName } from '../formats/registry.ts';
import { localSink } from '../sinks/local.ts';
import { ChunkFiles } from './chunk-files.ts';
import type {
  ChunkOutcome,
  ChunkTask,
  JoinOutcome,
  JoinTask,
  LeaveTask,
  OpenTask,
  WorkerSetup,
  WorkerTask,
} from './messages.ts';
import { ReadCounts } from './read-counts.ts';
import { dropSession, sessionFor } from './session-cache.ts';
import { bytesOf, payFor, withinRate } from './throttle.ts';
import { withinTime } from './time-limit.ts';
import { arriveAndWait, batchBounds, stopRequested, takeSlot, updateSlot, writeLockOf } from './shared-state.ts';

/**
 * The thread's side of a run: one task at a time, never throwing. Errors come back as data, because a thrown error loses its
 * code and hint between threads.
 */
// A thread does not have the program's: the driver's packages load a quarter sooner by it.
enableCompileCache();
const setup = ownSetup(workerData);
armFaultPoint(setup.faultPoint);
const slot = takeSlot(setup.shared);

export default async function work(task: WorkerTask): Promise<ChunkOutcome | JoinOutcome> {
  switch (task.kind) {
    case 'chunk':
      return extractChunk(task);
    case 'open':
      return open(task);
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

async function open(task: OpenTask): Promise<JoinOutcome> {
  try {
    await sessionFor(task.source, null, false);
  } catch {
    await dropSession();
  }
  await arriveAndWait(setup.shared, task.threads);
  return { kind: 'joined' };
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
    const problem = ownEpoch(task, await problemOf(task.source, error));
    if (await needsNewSession(task, problem)) await dropSession();
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
  const session = await sessionFor(task.source, task.token, task.joinsAlone);
  const sink = localSink({
    folder: task.folder,
    writeLock: setup.parallelWrite ? null : writeLockOf(setup.shared),
    mayReplace: () => task.attempt > 1,
  });
  await using files = new ChunkFiles(task, await formatByName(task.format), sink);
  faultPoint('before-read');
  const copied = await copyRows(session, task, files);
  if (copied === null) return { kind: 'stopped' };
  const { rows, replacedCells } = copied;
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
    report: {
      ordinal,
      rows,
      files: written,
      epoch: task.epoch,
      startedAt,
      finishedAt,
      nullMarkerCells,
      replacedCells,
    },
  };
}

interface Copied {
  readonly rows: number;
  readonly replacedCells: Readonly<Record<string, number>>;
}

/** Null when the stop flag was seen. */
async function copyRows(session: SourceSession, task: ChunkTask, files: ChunkFiles): Promise<Copied | null> {
  const abort = new AbortController();
  const watch = setInterval(() => stopRequested(setup.shared) && abort.abort(), 100);
  const counts = new ReadCounts();
  const what = `chunk ${task.chunk.ordinal} of ${displayName(task.table)}`;
  let rows = 0;
  try {
    updateSlot(setup.shared, slot, { state: 'reading' });
    const read = session.readRange(readRequest(task, abort.signal, counts));
    for await (const batch of withinTime(read, { limitMs: task.maxQueryMs, abort, what })) {
      faultPoint('mid-read');
      if (stopRequested(setup.shared)) return null;
      await payForBatch(batch, task, counts);
      updateSlot(setup.shared, slot, { state: 'encoding', rows });
      await files.write(batch);
      rows += batch.rowCount;
      updateSlot(setup.shared, slot, { state: 'reading', rows, bytes: files.bytesOut() });
    }
    return { rows, replacedCells: Object.fromEntries(counts.replaced) };
  } finally {
    clearInterval(watch);
  }
}

async function payForBatch(batch: RowBatch, task: ChunkTask, counts: ReadCounts): Promise<void> {
  const { rates, shared } = setup;
  if (rates.rowsPerSecond === null && rates.bytesPerSecond === null) return;
  updateSlot(shared, slot, { state: 'waiting' });
  const bytes = counts.takeArrived() || bytesOf(batch, task.table.columns);
  await payFor(shared, rates, { rows: batch.rowCount, bytes });
}

function readRequest(task: ChunkTask, signal: AbortSignal, counts: ReadCounts): ReadRequest {
  const { table, key, where, chunk, policies } = task;
  const { range, limit } = chunk;
  return {
    table,
    range,
    key,
    where,
    limit,
    policies,
    signal,
    batchBounds: () => boundsFor(task),
    onProgress: (_, bytes) => counts.arrive(bytes),
    onReplaced: (column, cells) => counts.replace(column, cells),
  };
}

function boundsFor(task: ChunkTask): { readonly rows: number; readonly bytes: number } {
  const { rows, bytes } = batchBounds(setup.shared);
  return withinRate({ rows, bytes: Math.min(bytes, task.batchBytes) }, setup.rates);
}

function compareRows(task: ChunkTask, read: number, written: number): void {
  if (read === written) return;
  throw new SqlextractError({
    code: 'ROWS_LOST_IN_ENCODER',
    message: `chunk ${task.chunk.ordinal} of ${task.table.name}: ${read} rows were read but the files hold ${written}`,
    fault: 'bug',
  });
}

/** Where each reader has a state of its own, the loss of one is not the end of the epoch: another session takes its place. */
function ownEpoch(task: ChunkTask, problem: Problem): Problem {
  return task.joinsAlone && problem.verdict === 'epoch-lost' ? { ...problem, verdict: 'reconnect' } : problem;
}

/**
 * A session that could not join the snapshot again is kept as long as it may be sound: a bad value is not its fault, and a statement that
 * took too long need not have ended it. If it did, the next read on it says so.
 */
async function needsNewSession(task: ChunkTask, { verdict }: Problem): Promise<boolean> {
  if (verdict === 'retry') return false;
  if (verdict === 'reconnect' || verdict === 'epoch-lost' || task.joinsAlone) return true;
  return (await driverByName(task.source.driver)).capabilities.lateJoin;
}

async function problemOf(source: SourceConfig, error: unknown): Promise<Problem> {
  if (error instanceof SqlextractError) return error.problem;
  const driver = await driverByName(source.driver);
  const problem = driver.classify(error);
  return problem.fault === 'bug' ? toProblem(error) : problem;
}
