import { setTimeout as sleep } from 'node:timers/promises';
import type { Chunk, ChunkReport } from '../model/chunk.ts';
import type { SnapshotToken } from '../model/epoch.ts';
import type { Problem } from '../model/problem.ts';
import { SqlextractError } from '../model/problem.ts';
import type { ChunkTask } from '../workers/messages.ts';
import type { WorkerPool } from '../workers/pool.ts';
import type { RunWatcher } from './events.ts';
import { fileShares } from './memory-shares.ts';
import type { ExtractRequest } from './request.ts';
import { decideRetry, isPassing } from './retry.ts';
import type { ChunkSupply, Supplied } from './supply.ts';
import type { TableRun } from './table-run.ts';
import { addReport, isRead } from './table-run.ts';

/** How a stretch of work inside one epoch ended. */
export type DispatchEnd =
  | { readonly kind: 'all-read' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'epoch-lost'; readonly problem: Problem }
  /** The readers may be well; nobody can plan any more. */
  | { readonly kind: 'coordinator-lost'; readonly problem: Problem };

/** By how much later ranges may be larger after each that went well. */
const GROWTH = 1.25;

/** Of chunks, over the whole process. */
export interface Failures {
  /** Those that count against --max-failures. */
  count: number;
  /** Those that made a range smaller, which is a step forward. */
  cuts: number;
}

export interface DispatchContext {
  readonly request: ExtractRequest;
  readonly pool: WorkerPool;
  readonly supply: ChunkSupply;
  readonly token: SnapshotToken | null;
  /** Each reader reads a state of its own: another session may take its place. */
  readonly joinsAlone: boolean;
  readonly watcher: RunWatcher;
  readonly rowGroupBytes: number;
  readonly failures: Failures;
  /** Stops all workers at their next batch. */
  stopWorkers(): void;
  /** Called when the last chunk of a table is done. */
  tableRead(run: TableRun): Promise<void>;
}

/**
 * Keeps every reader busy until nothing is left. A failed chunk is tried again here after its delay; a lost epoch or a fatal problem
 * ends the stretch, after the chunks in hand have come back. Throws the problem of a table when the run is to stop at it.
 */
export async function dispatch(context: DispatchContext): Promise<DispatchEnd> {
  let end: DispatchEnd = { kind: 'all-read' };
  let failure: SqlextractError | null = null;
  const halt = (reason: DispatchEnd | SqlextractError) => {
    if (reason instanceof SqlextractError) failure ??= reason;
    else if (end.kind === 'all-read') end = reason;
    context.stopWorkers();
  };
  const halted = () => failure !== null || end.kind !== 'all-read' || context.request.stop.aborted;
  await Promise.all(Array.from({ length: context.pool.threads }, async () => readerLoop(context, halt, halted)));
  if (failure !== null) throw failure as SqlextractError;
  return context.request.stop.aborted && end.kind === 'all-read' ? { kind: 'stopped' } : end;
}

type Halt = (reason: DispatchEnd | SqlextractError) => void;

async function readerLoop(context: DispatchContext, halt: Halt, halted: () => boolean): Promise<void> {
  while (!halted()) {
    let supplied: Supplied | null;
    try {
      supplied = await context.supply.next();
    } catch (error) {
      halt(asEnd(error));
      return;
    }
    if (supplied === null) return;
    if (halted()) {
      context.supply.putBack(supplied.run, supplied.chunk);
      return;
    }
    await readOne(context, supplied, halt, halted);
  }
}

/** One chunk to its end: done, given back, or the end of its table. */
async function readOne(
  context: DispatchContext,
  { run, chunk: supplied }: Supplied,
  halt: Halt,
  halted: () => boolean,
): Promise<void> {
  let chunk = supplied;
  run.inHand.add(chunk.ordinal);
  try {
    for (let tries = 1; ; tries += 1) {
      const attempt = (run.attempts.get(chunk.ordinal) ?? 0) + 1;
      run.attempts.set(chunk.ordinal, attempt);
      run.store.started(run.runId, chunk.ordinal, attempt);
      const outcome = await context.pool.run(chunkTask(context, run, chunk, attempt));
      if (outcome.kind === 'done') return await afterDone(context, run, outcome.report, halt);
      if (outcome.kind === 'stopped') return context.supply.putBack(run, chunk);
      const again = await afterFailure(context, { run, chunk, tries }, outcome.problem, halt, halted);
      if (again === null) return;
      // A smaller range has all its tries before it.
      if (again !== chunk) tries = 0;
      chunk = again;
    }
  } finally {
    run.inHand.delete(chunk.ordinal);
  }
}

/** A table is finished as soon as it is read, so that a later table's trouble does not keep its files from being used. */
async function afterDone(context: DispatchContext, run: TableRun, report: ChunkReport, halt: Halt): Promise<void> {
  recordDone(context, run, report);
  if (!isRead(run)) return;
  try {
    await context.tableRead(run);
  } catch (error) {
    halt(asEnd(error));
  }
}

function recordDone(context: DispatchContext, run: TableRun, report: ChunkReport): void {
  run.store.done(run.runId, report);
  run.done.set(report.ordinal, report);
  run.totals = addReport(run.totals, report);
  // What made ranges small may have passed: a stall must not leave a night of tiny files.
  run.largestRange = Math.ceil(run.largestRange * GROWTH);
  const bytes = report.files.reduce((sum, file) => sum + file.bytes, 0);
  const { ordinal, rows, files } = report;
  context.watcher.event({ kind: 'chunk-done', table: run.name, ordinal, rows, bytes, files });
}

/** The chunk to read now, which can be a part of the one that failed; null when it was given back. */
async function afterFailure(
  context: DispatchContext,
  failed: Supplied & { readonly tries: number },
  problem: Problem,
  halt: Halt,
  halted: () => boolean,
): Promise<Chunk | null> {
  const { run, tries } = failed;
  run.store.failed(run.runId, failed.chunk.ordinal, problem);
  const giveBack = (chunk: Chunk): null => {
    context.supply.putBack(run, chunk);
    return null;
  };
  if (problem.verdict === 'epoch-lost') {
    context.failures.count += 1;
    halt({ kind: 'epoch-lost', problem });
    return giveBack(failed.chunk);
  }
  try {
    const smaller = await makeSmaller(context, failed, problem);
    if (smaller === null) context.failures.count += 1;
    else context.failures.cuts += 1;
    const chunk = smaller ?? failed.chunk;
    const decision = decideRetry(problem, smaller === null ? tries : 1, context.failures.count, context.request.budget);
    if (!decision.again) {
      giveBack(chunk);
      failTable(context, run, new SqlextractError(givenUp(problem, decision.spent)));
      return null;
    }
    await waitToRetry(context, run, chunk, problem, decision.delayMs);
    return halted() ? giveBack(chunk) : chunk;
  } catch (error) {
    halt(asEnd(error));
    return run.pending.some(({ ordinal }) => ordinal === failed.chunk.ordinal) ? null : giveBack(failed.chunk);
  }
}

async function makeSmaller(
  context: DispatchContext,
  { run, chunk }: Supplied,
  problem: Problem,
): Promise<Chunk | null> {
  return problem.verdict === 'smaller' && !context.request.stop.aborted
    ? context.supply.halve(run, chunk, problem)
    : null;
}

/** Nobody tries it again: it must not be taken for something that passes. */
function givenUp(problem: Problem, spent: string | null): Problem {
  return spent === null ? problem : { ...problem, message: `${problem.message} (${spent})`, verdict: 'fatal' };
}

async function waitToRetry(
  context: DispatchContext,
  run: TableRun,
  { ordinal }: Chunk,
  problem: Problem,
  delayMs: number,
): Promise<void> {
  context.watcher.event({ kind: 'chunk-retry', table: run.name, ordinal, problem, delayMs });
  await sleep(delayMs, undefined, { signal: context.request.stop }).catch(() => undefined);
}

/** Under `--on-table-error continue` the table is marked and the others go on; else the error is thrown on. */
export function failTable(context: Pick<DispatchContext, 'request' | 'watcher'>, run: TableRun, error: unknown): void {
  const problem = error instanceof SqlextractError ? error.problem : context.request.driver.classify(error);
  const { verdict, fault } = problem;
  // A lost snapshot or connection is nothing of this table's.
  if (context.request.onTableError === 'stop' || fault === 'bug' || verdict === 'epoch-lost' || isPassing(problem))
    throw error;
  if (run.problem === null) context.watcher.event({ kind: 'table-failed', table: run.name, problem });
  run.problem = problem;
}

function asEnd(error: unknown): DispatchEnd | SqlextractError {
  if (!(error instanceof SqlextractError)) throw error;
  const { problem } = error;
  if (problem.verdict === 'epoch-lost') return { kind: 'epoch-lost', problem };
  return isPassing(problem) ? { kind: 'coordinator-lost', problem } : error;
}

function chunkTask(context: DispatchContext, run: TableRun, chunk: Chunk, attempt: number): ChunkTask {
  const { settings } = run;
  return {
    kind: 'chunk',
    source: context.request.source,
    table: run.table,
    chunk,
    key: run.key,
    where: settings.where,
    epoch: run.epoch,
    token: context.token,
    joinsAlone: context.joinsAlone,
    policies: settings.selection.policies,
    maxQueryMs: context.request.maxQueryMs,
    format: settings.format,
    compression: settings.compression,
    nullMarker: settings.nullMarker,
    metadata: {
      'sqlextract.table': run.name,
      'sqlextract.run': run.runId,
      'sqlextract.version': context.request.toolVersion,
    },
    folder: run.folder,
    ...fileShares(settings.chunkBytes, context.rowGroupBytes),
    attempt,
    tableNumber: run.number,
  };
}
