import type { IngestPlan, TableLoad } from '../ingest/ingest-plan.ts';
import type { IngestTarget } from '../ingest/target.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { Evolve } from './drift.ts';
import type { LoadReport, TableLoadReport } from './load-report.ts';
import type { LoadOutcome } from './load-table.ts';
import { loadTable } from './load-table.ts';
import type { LoadSession, TargetPlace } from './loader.ts';
import { LOADABLE_TARGETS, loaderFor } from './registry.ts';

export interface LoadRequest {
  readonly plan: IngestPlan;
  readonly target: IngestTarget;
  readonly place: TargetPlace;
  readonly evolve: Evolve;
  /** The target's rows are counted before and after each table. */
  readonly counts?: boolean;
  readonly stop: AbortSignal;
}

export interface LoadWatcher {
  /** Bytes of files, as they are staged. */
  bytes(table: string, bytes: number): void;
  done(report: TableLoadReport): void;
  remark(table: string, text: string): void;
}

/** Loads all tables of the plan, one after the other, each as far as it can. Throws when the target cannot be reached at all. */
export async function load(request: LoadRequest, watcher: LoadWatcher): Promise<LoadReport> {
  const { plan, target, place, evolve, counts = false, stop } = request;
  const startedAt = performance.now();
  await using session = await openTarget(target, place, plan.options.parallel);
  const tables: TableLoadReport[] = [];
  const context = {
    session,
    target,
    place,
    plan,
    evolve,
    counts,
    stop,
    onBytes: (table: TableLoad, bytes: number) => watcher.bytes(nameOf(table), bytes),
    onRemark: (table: TableLoad, text: string) => watcher.remark(nameOf(table), text),
  };
  const held = new Set<string>();
  for (const table of plan.tables) {
    const began = performance.now();
    const isHeld = stop.aborted || (table.incremental !== null && held.has(table.ledger.table));
    const outcome: LoadOutcome = isHeld ? { kind: 'stopped' } : await loadTable(context, table);
    // a window that failed holds those after it
    if (outcome.kind === 'failed') held.add(table.ledger.table);
    const report = reportOf(table, outcome, (performance.now() - began) / 1000);
    tables.push(report);
    watcher.done(report);
  }
  const status = tables.every(({ outcome }) => outcome.kind === 'loaded' || outcome.kind === 'already-loaded')
    ? 'complete'
    : 'incomplete';
  return { status, target: place.displayUrl, tables, seconds: (performance.now() - startedAt) / 1000 };
}

/** Throws TARGET_NOT_LOADABLE, and what connecting throws. */
export async function openTarget(target: IngestTarget, place: TargetPlace, connections: number): Promise<LoadSession> {
  const loader = await loaderFor(target.name);
  if (loader === null) throw notLoadable(target);
  return loader.open(place, connections);
}

function nameOf({ target: { schema, name } }: TableLoad): string {
  return displayName({ schema: schema ?? '', name });
}

function reportOf(table: TableLoad, outcome: LoadOutcome, seconds: number): TableLoadReport {
  return {
    table: displayName(table.source.table),
    into: nameOf(table),
    run: table.source.run,
    mode: table.mode,
    sourceRows: table.rows,
    files: table.files.length,
    outcome,
    seconds,
  };
}

function notLoadable(target: IngestTarget): SqlextractError {
  return new SqlextractError({
    code: 'TARGET_NOT_LOADABLE',
    message: `load does not reach ${target.title}; its own client does`,
    hint: `sqlextract generate-ingest --target ${target.name} writes the scripts; load reaches ${LOADABLE_TARGETS.join(', ')}`,
    fault: 'usage',
  });
}
