import { join } from 'node:path';
import { createSharedState, clearStop, requestStop, viewWorkers } from '../workers/shared-state.ts';
import { buildReport } from './build-report.ts';
import type { DispatchEnd } from './dispatch.ts';
import { dispatch, failTable } from './dispatch.ts';
import type { EpochContext } from './epoch.ts';
import { beginEpoch } from './epoch.ts';
import type { RunWatcher } from './events.ts';
import { finishTable } from './finish-table.ts';
import { shareMemory } from './memory-shares.ts';
import type { MemoryWatch } from './memory-pressure.ts';
import { watchMemory } from './memory-pressure.ts';
import type { OpenRuns } from './open-runs.ts';
import { openRuns } from './open-runs.ts';
import type { RunReport } from './report.ts';
import type { ExtractRequest } from './request.ts';
import { requireSameSchema } from './same-schema.ts';
import { ChunkSupply } from './supply.ts';
import type { TableRun } from './table-run.ts';
import { isRead, needsEpoch } from './table-run.ts';

/** Snapshots that one process may lose before it gives up. */
const LOST_SNAPSHOTS_ALLOWED = 5;

interface RunContext extends EpochContext {
  readonly open: OpenRuns;
  readonly failures: { count: number };
  readonly memory: MemoryWatch;
}

/**
 * The main path. A first run and a rerun are the same: what is not planned is planned, what is not done is done.
 *
 *   open (locks, state, what is done) ─▶ snapshot, threads ─▶ dispatch ─▶ finish (level, manifest) ─▶ close the run
 *                                            ▲                    │
 *                                            └─ the snapshot is lost
 */
export async function runExtract(request: ExtractRequest, watcher: RunWatcher): Promise<RunReport> {
  const startedAt = performance.now();
  await using coordinator = await request.driver.open(request.source, 'coordinator');
  using open = await openRuns(request, coordinator, watcher);

  const { batchBytes } = shareMemory(request.bufferBytes, request.workers);
  const shared = createSharedState(request.workers, { rows: request.batchRows, bytes: batchBytes });
  using memory = watchMemory(shared, request.memoryLimitBytes);
  const setup = { shared, parallelWrite: request.parallelWrite, faultPoint: request.faultPoint };
  const runtimeFolder = join(request.stateDir, 'run');
  const context: RunContext = {
    request,
    coordinator,
    setup,
    watcher,
    runtimeFolder,
    open,
    earlierTable: () => (open.already[0] ?? open.runs.find((run) => run.finished !== null))?.name ?? null,
    failures: { count: 0 },
    memory,
  };
  watcher.attach(() =>
    viewWorkers(
      shared,
      open.runs.map((run) => run.name),
    ),
  );
  request.stop.addEventListener('abort', () => requestStop(shared), { once: true });

  let end: DispatchEnd = { kind: 'all-read' };
  for (let snapshots = 1; open.runs.some(needsEpoch); snapshots += 1) {
    end = await oneEpoch(context, snapshots === 1);
    if (end.kind !== 'epoch-lost') break;
    if (snapshots > LOST_SNAPSHOTS_ALLOWED) throw open.tooManySnapshots(end.problem);
    watcher.event({ kind: 'remark', table: null, text: `${end.problem.message}: going on in a new snapshot` });
    clearStop(shared);
  }
  for (const run of open.runs) await finishIfRead(context, run);
  open.closeRuns();
  return buildReport(context, startedAt, end.kind === 'stopped');
}

/** Reads what is left, as far as one snapshot goes, and finishes the tables inside it, where an older epoch can be compared. */
async function oneEpoch(context: RunContext, first: boolean): Promise<DispatchEnd> {
  const { request, coordinator, watcher, open, failures, setup } = context;
  const live = open.runs.filter((run) => run.problem === null && run.finished === null);
  await using epoch = await beginEpoch(context, live, first ? open.previousLease : null);
  await requireSameSchema(coordinator, live);
  const { pool, token, snapshot } = epoch;
  const stopWorkers = () => requestStop(setup.shared);
  const { rowGroupBytes } = shareMemory(request.bufferBytes, pool.threads);
  const dispatchContext = { request, pool, token, watcher, failures, rowGroupBytes, stopWorkers };
  const supply = new ChunkSupply(live, coordinator, pool.threads, (run, error) =>
    failTable(dispatchContext, run, error),
  );
  const tableRead = async (run: TableRun) => supply.between(async () => finishIfRead(context, run));
  const end = await dispatch({ ...dispatchContext, supply, tableRead });
  await supply.settle();
  if (end.kind !== 'all-read') return end;
  for (const run of live) await finishIfRead(context, run);
  if (!request.keepSnapshot && open.runs.every((run) => run.finished !== null)) await snapshot.release();
  return end;
}

async function finishIfRead(context: RunContext, run: TableRun): Promise<void> {
  if (run.problem !== null || run.finished !== null || !isRead(run)) return;
  await finishTable(run, context.request, context.coordinator);
  const { rows, bytes, files } = run.totals;
  context.watcher.event({ kind: 'table-done', table: run.name, rows, bytes, files });
}
