import { dirname } from 'node:path';
import { readManifest } from '../checkpoint/manifest.ts';
import type { RunWatcher } from '../engine/events.ts';
import type { RunReport, TableReport } from '../engine/report.ts';
import type { TableLoad } from '../ingest/ingest-plan.ts';
import { load } from '../load/load.ts';
import type { LoadWatcher } from '../load/load.ts';
import type { LoadReport } from '../load/load-report.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Problem } from '../model/problem.ts';
import { toProblem } from '../model/problem.ts';
import { countInSource } from '../verify/count-source.ts';
import { extractAndStage } from './extract-and-stage.ts';
import { judgeTable } from './judge-table.ts';
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
  const { loads, refused, manifests } = plannedLoads(request, report, unloaded);
  const stopped = asked.stop.aborted || loads.length === 0;
  const loadReport = stopped ? null : await loadAll(request, loads, watcher);
  const verification: TableVerdict[] = [];
  for (const [index, table] of (loadReport?.tables ?? []).entries()) {
    const { outcome } = table;
    if (outcome.kind === 'failed' && isFinal(outcome.problem)) unloaded.end(loads[index]?.source.job ?? '');
    if (outcome.kind !== 'loaded' && outcome.kind !== 'already-loaded') continue;
    const source = counted.get(table.table) ?? (await countNow(request, manifests.get(table.table), watcher));
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

/** The loads of all tables that are complete; one that cannot be loaded as asked hides no other. */
function plannedLoads(request: SyncRequest, report: RunReport, unloaded: UnloadedRuns) {
  const loads: TableLoad[] = [];
  const refused: { table: string; problem: Problem }[] = [];
  const manifests = new Map<string, Manifest>();
  for (const { table, manifest: path } of report.tables.filter(isComplete)) {
    const manifest = readManifest(path);
    manifests.set(table, manifest);
    try {
      loads.push(request.planTable({ manifest, folder: dirname(path) }, loads.length + 1));
    } catch (error) {
      const problem = toProblem(error);
      if (isFinal(problem)) unloaded.end(manifest.job);
      refused.push({ table, problem });
    }
  }
  return { loads, refused, manifests };
}

function isComplete(table: TableReport): table is TableReport & { readonly manifest: string } {
  return table.manifest !== null && (table.status === 'complete' || table.status === 'already-done');
}

/** No other flag, and no other state of the target, makes this run one that can be loaded: the next call has to extract anew. */
function isFinal({ code }: Problem): boolean {
  return code === 'LOAD_REFUSED' || code === 'INGEST_MIXED';
}

/** For runs that were read by an earlier, killed call. */
async function countNow(
  { extract }: SyncRequest,
  manifest: Manifest | undefined,
  watcher: RunWatcher,
): Promise<TableVerdict['source']> {
  if (manifest === undefined) return null;
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
