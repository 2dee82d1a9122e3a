import type { RunWatcher } from '../engine/events.ts';
import type { RunReport } from '../engine/report.ts';
import type { TableLoad } from '../ingest/ingest-plan.ts';
import { load } from '../load/load.ts';
import type { LoadWatcher } from '../load/load.ts';
import type { LoadReport, TableLoadReport } from '../load/load-report.ts';
import type { Manifest } from '../model/manifest.ts';
import { toProblem } from '../model/problem.ts';
import { countInSource } from '../verify/count-source.ts';
import { extractAndStage } from './extract-and-stage.ts';
import { judgeTable } from './judge-table.ts';
import { isFinal, plannedLoads } from './planned-loads.ts';
import type { SyncRequest } from './sync-request.ts';
import type { SyncReport, TableVerdict } from './sync-report.ts';
import { UnloadedRuns } from './unloaded-runs.ts';

export interface SyncWatcher extends RunWatcher {
  /** The first half is over. */
  extracted(): void;
  /** The second half begins: what watches it. */
  loading(tables: readonly TableLoad[]): LoadWatcher & Disposable;
}

/**
 * Extract, load, compare. Killed anywhere, the same command goes on:
 *
 *   extract (files staged meanwhile, where the target stages) ──▶ plan ──▶ load: what is not staged, publish ──▶ count
 *      │ killed: the run goes on            │ killed: the run is found complete and not loaded (unloaded-runs.ts)
 */
export async function sync(request: SyncRequest, watcher: SyncWatcher): Promise<SyncReport> {
  const startedAt = performance.now();
  const { extract: asked } = request;
  const unloaded = new UnloadedRuns(asked.stateDir, request.place.displayUrl);
  const counted = new Map<string, NonNullable<TableVerdict['source']>>();
  const report = await extractAndStage(request, watcher, unloaded, counted);
  watcher.extracted();
  const { loads, refused, manifests } = await plannedLoads(request, report, unloaded);
  const stopped = asked.stop.aborted || loads.length === 0;
  const loadReport = stopped ? null : await loadAll(request, loads, watcher);
  const verification: TableVerdict[] = [];
  for (const [index, table] of (loadReport?.tables ?? []).entries()) {
    const { outcome } = table;
    if (outcome.kind === 'failed' && isFinal(outcome.problem)) unloaded.end(loads[index]?.source.job ?? '');
    if (outcome.kind !== 'loaded' && outcome.kind !== 'already-loaded') continue;
    const source = await countOf(request, table, { counted, manifests }, watcher);
    verification.push(judgeTable(table, outcome, source));
    unloaded.end(loads[index]?.source.job ?? '');
  }
  const status = statusOf(report, loadReport, refused, verification, asked.stop.aborted);
  const seconds = (performance.now() - startedAt) / 1000;
  return { status, extract: report, load: loadReport, verification, refused, seconds };
}

async function loadAll(request: SyncRequest, tables: readonly TableLoad[], watcher: SyncWatcher): Promise<LoadReport> {
  const { target, place, evolve, extract } = request;
  using loading = watcher.loading(tables);
  const plan = { ...request.plan, tables };
  return load({ plan, target, place, evolve, counts: true, stop: extract.stop }, loading);
}

/** Only the run of this call was counted in the source: of windows that an earlier one read there is no count. */
async function countOf(
  request: SyncRequest,
  { table, run }: TableLoadReport,
  { counted, manifests }: { readonly counted: SourceCounts; readonly manifests: ReadonlyMap<string, Manifest> },
  watcher: RunWatcher,
): Promise<TableVerdict['source']> {
  const manifest = manifests.get(table);
  if (manifest?.run !== run) return null;
  return counted.get(table) ?? countNow(request, manifest, watcher);
}

type SourceCounts = ReadonlyMap<string, NonNullable<TableVerdict['source']>>;

/** For runs that were read by an earlier, killed call. */
async function countNow(
  { extract }: SyncRequest,
  manifest: Manifest,
  watcher: RunWatcher,
): Promise<TableVerdict['source']> {
  const { driver, source, stateDir } = extract;
  try {
    return await countInSource({ driver, source, stateDir, manifest });
  } catch (error) {
    const text = `its rows in the source could not be counted: ${toProblem(error).message}`;
    watcher.event({ kind: 'remark', table: manifest.table.name, text });
    return null;
  }
}

function statusOf(
  extract: RunReport,
  loaded: LoadReport | null,
  refused: SyncReport['refused'],
  verification: readonly TableVerdict[],
  stopped: boolean,
): SyncReport['status'] {
  if (verification.some(({ verdict }) => verdict === 'different')) return 'different';
  if (stopped && loaded?.status !== 'complete') return 'stopped';
  const whole = extract.status === 'complete' || extract.status === 'already-done';
  return whole && refused.length === 0 && loaded?.status === 'complete' ? 'complete' : 'incomplete';
}
