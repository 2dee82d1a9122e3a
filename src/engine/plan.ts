import { join } from 'node:path';
import { listJobs } from '../checkpoint/list-jobs.ts';
import { describeWindow } from '../model/cursor.ts';
import { describeRange } from '../model/key-range.ts';
import type { KeyRange } from '../model/key-range.ts';
import { NOTHING_PLANNED } from '../model/plan.ts';
import { SqlextractError } from '../model/problem.ts';
import { chooseSplit } from '../planner/choose-key.ts';
import { cutNext } from '../planner/cut-ranges.ts';
import { nextRangeRows } from '../planner/range-size.ts';
import type { Snapshot, SourceSession } from '../sources/source.ts';
import { fitConnections } from './fit-connections.ts';
import { basisOf } from './plan-basis.ts';
import type { PlannedWindow } from './plan-window.ts';
import { planWindow } from './plan-window.ts';
import type { PlanReport, TablePlan } from './report.ts';
import type { ExtractRequest } from './request.ts';
import type { ResolvedTable } from './resolved-table.ts';
import { resolveTables } from './resolve-tables.ts';

const RANGES_SHOWN = 20;

/** What `extract` would do, found out inside a real snapshot of the source; writes nothing, locks no job, reads only keys. */
export async function planExtract(asked: ExtractRequest): Promise<PlanReport> {
  const { request, remark } = fitConnections(asked);
  await using session = await request.driver.open(request.source, 'coordinator');
  const found = await resolveTables({ ...request, onTableError: 'stop' }, session, null);
  const planned: { readonly table: ResolvedTable; readonly window: PlannedWindow | null }[] = [];
  for (const table of found.tables) {
    const window = await planWindow(request, session, table);
    planned.push({ table: window?.table ?? table, window });
  }
  const tables = planned.map(({ table }) => table);
  const isolation = await tryIsolation(request, session, tables);
  try {
    const plans: TablePlan[] = [];
    for (const { table, window } of planned)
      plans.push(await planTable(request, session, table, window, isolation.shared));
    return {
      source: request.source.displayUrl,
      tables: plans,
      isolation: isolation.words,
      workers: request.workers,
      remarks: [...(remark === null ? [] : [remark]), ...isolation.remarks],
    };
  } finally {
    await isolation.snapshot?.release();
  }
}

interface Isolation {
  readonly snapshot: Snapshot | null;
  readonly shared: boolean;
  readonly words: string;
  readonly remarks: readonly string[];
}

async function tryIsolation(
  request: ExtractRequest,
  session: SourceSession,
  tables: readonly ResolvedTable[],
): Promise<Isolation> {
  if (request.consistency === 'chunk') {
    return {
      snapshot: null,
      shared: false,
      words: 'every chunk reads what is committed when it starts (--consistency chunk)',
      remarks: [],
    };
  }
  try {
    const snapshot = await session.takeSnapshot({
      tables: tables.map(({ table }) => table),
      mode: 'shared',
      holdMs: 0,
      previous: null,
      required: request.consistency === 'require',
      allowLocks: request.allowLocks,
      lastTry: true,
      runtimeFolder: join(request.stateDir, 'run'),
    });
    const readers = snapshot.maxReaders === null ? 'all workers' : `${snapshot.maxReaders} worker(s)`;
    const outlives = request.driver.capabilities.snapshotOutlivesRun && request.holdMs > 0;
    const after = outlives
      ? `it outlives a killed run by ${Math.round(request.holdMs / 1000)} s`
      : 'it ends with the run';
    const { shared, spread, label } = snapshot.facts;
    if (!shared) return { snapshot, shared, words: spread ?? label, remarks: snapshot.remarks };
    return { snapshot, shared: true, words: `one snapshot over ${readers}; ${after}`, remarks: snapshot.remarks };
  } catch (error) {
    if (!(error instanceof SqlextractError)) throw error;
    return {
      snapshot: null,
      shared: false,
      words: `no snapshot: ${error.message}`,
      remarks: [error.problem.hint ?? error.message],
    };
  }
}

async function planTable(
  request: ExtractRequest,
  session: SourceSession,
  resolved: ResolvedTable,
  planned: PlannedWindow | null,
  shared: boolean,
): Promise<TablePlan> {
  const { table, settings, name } = resolved;
  const choice = chooseSplit(table, {
    bounded: planned === null || planned.window.from === null ? null : planned.window.column.name,
    sharedSnapshot: shared && request.driver.capabilities.sharedSnapshot,
    limit: settings.limit,
  });
  const { ranges, complete } = await firstRanges(request, session, resolved, basisOf(choice, table));
  const key = choice.kind === 'key' ? choice.key.columns : [];
  const single = choice.kind === 'whole' ? ['not parallel: one stream'] : [];
  return {
    table: name,
    key,
    why: choice.why,
    ranges: ranges.map(describeRange),
    rangesComplete: complete,
    estimatedRows: table.estimatedRows,
    estimatedBytes: table.estimatedBytes,
    unfinishedRun: unfinishedRunOf(request, name),
    remarks: [
      ...(planned === null ? [] : [`${describeWindow(planned.window)}: ${planned.window.promise}`, ...planned.remarks]),
      ...single,
      ...table.remarks,
      ...table.columns.flatMap((column) => (column.note === undefined ? [] : [`${column.name}: ${column.note}`])),
    ],
  };
}

async function firstRanges(
  request: ExtractRequest,
  session: SourceSession,
  { table, settings }: ResolvedTable,
  basis: ReturnType<typeof basisOf>,
): Promise<{ readonly ranges: readonly KeyRange[]; readonly complete: boolean }> {
  const ranges: KeyRange[] = [];
  let progress = NOTHING_PLANNED;
  let plannedRows = 0;
  while (!progress.complete && ranges.length < RANGES_SHOWN) {
    const estimatedRows = settings.where === null ? table.estimatedRows : null;
    const facts = {
      estimatedRows,
      estimatedBytes: table.estimatedBytes,
      plannedRows,
      measuredBytes: 0,
      measuredRows: 0,
    };
    const rows = nextRangeRows(facts, { chunkBytes: settings.chunkBytes, workers: request.workers });
    const key = basis.kind === 'key' ? basis.key : [];
    const cut = await cutNext({
      basis,
      progress,
      nextOrdinal: ranges.length + 1,
      rows,
      estimatedRows: table.estimatedRows,
      limit: settings.limit,
      boundary: async (after, step) =>
        session.nextBoundary({ table, key, where: settings.where, after, before: null, step }),
    });
    ranges.push(...cut.chunks.map((chunk) => chunk.range));
    progress = cut.progress;
    plannedRows += rows;
  }
  return { ranges, complete: progress.complete };
}

function unfinishedRunOf(request: ExtractRequest, name: string): string | null {
  for (const job of listJobs(request.stateDir)) {
    if (job.kind !== 'readable') continue;
    const { table } = job.identity;
    if ((table.schema === '' ? table.name : `${table.schema}.${table.name}`) !== name) continue;
    const running = job.runs.findLast((run) => run.status === 'running');
    if (running !== undefined) return running.runId;
  }
  return null;
}
