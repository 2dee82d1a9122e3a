import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SnapshotLease } from '../model/epoch.ts';
import { SqlextractError } from '../model/problem.ts';
import type { Snapshot } from '../sources/source.ts';
import { createSharedState, clearStop, requestStop, viewWorkers } from '../workers/shared-state.ts';
import { buildReport } from './build-report.ts';
import { Coordinator } from './coordinator.ts';
import { countSource } from './count-source.ts';
import type { DispatchEnd, Failures } from './dispatch.ts';
import { dispatch, failTable } from './dispatch.ts';
import { EarlyPool } from './early-pool.ts';
import type { EpochContext } from './epoch.ts';
import { beginEpoch } from './epoch.ts';
import type { RunWatcher } from './events.ts';
import { finishTable } from './finish-table.ts';
import { fitConnections } from './fit-connections.ts';
import { shareMemory } from './memory-shares.ts';
import type { MemoryWatch } from './memory-pressure.ts';
import { watchMemory } from './memory-pressure.ts';
import type { OpenRuns } from './open-runs.ts';
import { openRuns } from './open-runs.ts';
import { remarkDrift } from './remark-drift.ts';
import type { RunReport } from './report.ts';
import type { ExtractRequest } from './request.ts';
import { backOff, isPassing } from './retry.ts';
import { requireSameSchema } from './same-schema.ts';
import { ChunkSupply } from './supply.ts';
import type { TableRun } from './table-run.ts';
import { rememberRemarks } from './remember-remarks.ts';
import { isRead, needsEpoch } from './table-run.ts';

/**
 * Snapshots, or coordinators, that one process may lose in a row before it gives up. Work that stays done in between begins the count
 * anew: a night with a bad network goes on, as long as it gets on.
 */
const LOSSES_ALLOWED = 5;

interface RunContext extends EpochContext {
  readonly coordinator: Coordinator;
  readonly open: OpenRuns;
  readonly failures: Failures;
  readonly memory: MemoryWatch;
  readonly remarks: readonly string[];
  readonly said: readonly string[];
  /** The snapshot that is to be let go when everything is finished. */
  held: Snapshot | null;
}

/**
 * The main path. A first run and a rerun are the same: what is not planned is planned, what is not done is done.
 *
 *   open (locks, state, what is done) ─▶ snapshot, threads ─▶ dispatch ─▶ finish (level, manifest) ─▶ close the run
 *                                            ▲                    │
 *                                            └─ the snapshot is lost, or the coordinator's connection, which is made anew
 */
export async function runExtract(asked: ExtractRequest, listener: RunWatcher): Promise<RunReport> {
  const startedAt = performance.now();
  const { watcher, said } = rememberRemarks(listener);
  const { request, remark } = fitConnections(asked);
  const { batchBytes } = shareMemory(request.bufferBytes, request.workers);
  const shared = createSharedState(request.workers, { rows: request.batchRows, bytes: batchBytes });
  const { parallelWrite, rates, faultPoint } = request;
  const setup = { shared, parallelWrite, rates, faultPoint };
  await using coordinator = await Coordinator.open(request, watcher);
  await using threads = new EarlyPool(request.workers, setup);
  threads.openSessions(request.source);
  using open = await openRuns(request, coordinator.session, watcher);
  using memory = watchMemory(shared, request.memoryLimitBytes);
  const runtimeFolder = join(request.stateDir, 'run');
  const context: RunContext = {
    request,
    coordinator,
    setup,
    threads,
    watcher,
    runtimeFolder,
    open,
    earlierTable: () => (open.already[0] ?? open.runs.find((run) => run.finished !== null))?.name ?? null,
    failures: { count: 0, cuts: 0 },
    memory,
    remarks: remark === null ? [] : [remark],
    said,
    held: null,
  };
  watcher.attach(() =>
    viewWorkers(
      shared,
      open.runs.map((run) => run.name),
    ),
  );
  request.stop.addEventListener('abort', () => requestStop(shared), { once: true });

  if (remark !== null) watcher.event({ kind: 'remark', table: null, text: remark });

  const end = await readAll(context);
  for (const run of open.runs) await finishIfRead(context, run, 'later');
  await letGo(context);
  open.closeRuns();
  return buildReport(context, startedAt, end.kind === 'stopped');
}

/** Epoch after epoch, until all is read or nothing more can be. */
async function readAll(context: RunContext): Promise<DispatchEnd> {
  const { open, setup } = context;
  let previous = open.previousLease;
  let first = true;
  let losses = 0;
  let done = lasting(context);
  while (open.runs.some(needsEpoch)) {
    const end = await epochOrLoss(context, previous, first);
    if (end.kind === 'all-read' || end.kind === 'stopped') return end;
    losses = lasting(context) > done ? 1 : losses + 1;
    done = lasting(context);
    if (losses > LOSSES_ALLOWED) throw tooManyLosses(open, end);
    previous = await afterLoss(context, end, losses);
    if (context.request.stop.aborted) return { kind: 'stopped' };
    clearStop(setup.shared);
    first = false;
  }
  return { kind: 'all-read' };
}

type Loss = DispatchEnd & { readonly kind: 'epoch-lost' | 'coordinator-lost' };

/**
 * A connection or a snapshot that goes while an epoch is begun is a loss like one later on. What else could pass (a lock that was waited for) is
 * the answer to the command as long as no epoch was begun.
 */
async function epochOrLoss(context: RunContext, previous: SnapshotLease | null, first: boolean): Promise<DispatchEnd> {
  try {
    return await oneEpoch(context, previous);
  } catch (error) {
    if (!(error instanceof SqlextractError)) throw error;
    const { problem } = error;
    if (problem.verdict === 'epoch-lost') return { kind: 'epoch-lost', problem };
    if (problem.verdict !== 'reconnect' && (first || !isPassing(problem))) throw error;
    return { kind: 'coordinator-lost', problem };
  }
}

/** The lease of the snapshot to go on in; null when a new one is needed. */
async function afterLoss(context: RunContext, end: Loss, losses: number): Promise<SnapshotLease | null> {
  const { request, watcher, coordinator } = context;
  const going = end.kind === 'epoch-lost' ? 'going on in a new snapshot' : 'the connection is made anew';
  watcher.event({ kind: 'remark', table: null, text: `${end.problem.message}: ${going}` });
  if (losses > 1) await sleep(backOff(losses - 1), undefined, { signal: request.stop }).catch(() => undefined);
  if (end.kind === 'epoch-lost') return null;
  const lease = context.held?.lease ?? null;
  await coordinator.reopen();
  return lease;
}

/** Grows with everything that the loss of a snapshot cannot take away again, as it takes blocks. */
function lasting({ open }: RunContext): number {
  return open.runs.reduce((sum, run) => {
    if (run.finished !== null) return sum + run.chunks.size + 1;
    return run.basis.kind === 'physical' ? sum : sum + run.done.size;
  }, 0);
}

function tooManyLosses(open: OpenRuns, { kind, problem }: Loss): SqlextractError {
  if (kind === 'epoch-lost') return open.tooManySnapshots(problem);
  return new SqlextractError({ ...problem, verdict: 'fatal', message: `${problem.message} (again and again)` });
}

/** The end of the snapshot, unless somebody is to compare inside it, or a rerun to go on in it. */
async function letGo(context: RunContext): Promise<void> {
  const { held, request, open } = context;
  if (held === null || request.keepSnapshot || open.runs.some((run) => run.finished === null)) return;
  await held.release();
  context.held = null;
}

/** Reads what is left, as far as one snapshot goes, and finishes the tables inside it, where an older epoch can be compared. */
async function oneEpoch(context: RunContext, previous: SnapshotLease | null): Promise<DispatchEnd> {
  const { request, coordinator, watcher, open, failures, setup } = context;
  const live = open.runs.filter((run) => run.problem === null && run.finished === null);
  await using epoch = await beginEpoch(context, live, previous);
  const { pool, token, joinsAlone, snapshot } = epoch;
  context.held = snapshot;
  await requireSameSchema(coordinator.session, live);
  const stopWorkers = () => requestStop(setup.shared);
  const { rowGroupBytes } = shareMemory(request.bufferBytes, pool.threads);
  const dispatchContext = { request, pool, token, joinsAlone, watcher, failures, rowGroupBytes, stopWorkers };
  const supply = new ChunkSupply(live, coordinator.session, pool.threads, (run, error) =>
    failTable(dispatchContext, run, error),
  );
  const tableRead = async (run: TableRun) => supply.between(async () => finishIfRead(context, run, 'run'));
  const end = await dispatch({ ...dispatchContext, supply, tableRead });
  if (end.kind === 'coordinator-lost') {
    // What a cut under way throws now is the same loss.
    await supply.settle().catch(() => undefined);
    return end;
  }
  await supply.settle();
  if (end.kind !== 'all-read') return end;
  for (const run of live) await finishIfRead(context, run, 'run');
  await letGo(context);
  return end;
}

/** `when`: 'run' while the coordinator is inside the epoch's snapshot, if there is one. */
async function finishIfRead(context: RunContext, run: TableRun, when: 'run' | 'later'): Promise<void> {
  if (run.problem !== null || run.finished !== null || !isRead(run)) return;
  await remarkDrift(run, context.coordinator.session, context.watcher);
  await finishTable(run, context.request, context.coordinator.session, when);
  const { rows, bytes, files } = run.totals;
  context.watcher.event({ kind: 'table-done', table: run.name, rows, bytes, files });
  if (context.request.sync !== null) await countSource(run, context.coordinator.session, when, context.watcher);
}
