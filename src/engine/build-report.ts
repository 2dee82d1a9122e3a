import type { ConsistencyLevel } from '../checkpoint/store.ts';
import { MANIFEST_NAME, readManifest } from '../checkpoint/manifest.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { deletesOf } from '../model/run-links.ts';
import type { MemoryWatch } from './memory-pressure.ts';
import type { OpenRuns } from './open-runs.ts';
import type { AlreadyDone } from './table-run.ts';
import type { RunReport, TableReport } from './report.ts';
import type { ExtractRequest } from './request.ts';
import type { Failures } from './dispatch.ts';
import type { TableRun } from './table-run.ts';
import { replacedCells } from './table-run.ts';

interface ReportContext {
  readonly request: ExtractRequest;
  readonly open: OpenRuns;
  readonly memory: MemoryWatch;
  readonly failures: Failures;
  readonly remarks: readonly string[];
  readonly said: readonly string[];
}

/** Weakest first. */
const LEVELS: readonly ConsistencyLevel[] = ['mixed', 'chunk', 'unchanged', 'snapshot'];

export function buildReport(context: ReportContext, startedAt: number, stopped: boolean): RunReport {
  const { open, request, memory } = context;
  const tables = [
    ...open.runs.map((run) => ofRun(run, stopped)),
    ...open.already.map(ofAlready),
    ...open.refused.map(ofRefused),
  ];
  const seconds = (performance.now() - startedAt) / 1000;
  const sum = (of: (table: TableReport) => number) => tables.reduce((total, table) => total + of(table), 0);
  const readNow = tables
    .filter((table) => table.status !== 'already-done')
    .reduce((rows, table) => rows + table.rows - table.resumedRows, 0);
  const levels = tables.flatMap((table) => (table.level === null ? [] : [table.level]));
  return {
    status: statusOf(tables, stopped),
    tables,
    rows: sum((table) => table.rows),
    files: sum((table) => table.files),
    bytes: sum((table) => table.bytes),
    seconds,
    rowsPerSecond: Math.round(readNow / Math.max(seconds, 0.001)),
    workers: request.workers,
    level: LEVELS.find((level) => levels.includes(level)) ?? null,
    sameInstant:
      new Set(tables.map((table) => table.consistency)).size === 1 && levels.every((level) => level === 'snapshot'),
    retries: context.failures.count + context.failures.cuts,
    peakMemory: memory.peakBytes,
    said: [...new Set(context.said)],
    remarks: [...context.remarks, ...(memory.remark === null ? [] : [memory.remark])],
  };
}

function statusOf(tables: readonly TableReport[], stopped: boolean): RunReport['status'] {
  if (tables.some((table) => table.status === 'failed')) return 'incomplete';
  if (stopped && tables.some((table) => table.status === 'stopped')) return 'stopped';
  return tables.every((table) => table.status === 'already-done') ? 'already-done' : 'complete';
}

function ofRun(run: TableRun, stopped: boolean): TableReport {
  const { finished, problem } = run;
  const status = finished !== null ? 'complete' : problem !== null ? 'failed' : 'stopped';
  if (status === 'stopped' && !stopped) throw new Error(`${run.name} is neither finished nor failed nor stopped`);
  return {
    table: run.name,
    status,
    runId: run.runId,
    ...run.totals,
    resumedRows: run.resumedRows,
    level: finished?.level ?? null,
    consistency: finished?.sentence ?? '',
    replacedCells: replacedCells(run),
    folder: run.folder,
    manifest: finished === null ? null : join(run.folder, MANIFEST_NAME),
    problem,
    window: run.increment?.window ?? null,
    deletes: null,
  };
}

function ofAlready({ name, run }: AlreadyDone): TableReport {
  const path = join(run.folder, MANIFEST_NAME);
  const { totals, consistency } = readManifest(path);
  const { rows, bytes, files } = totals;
  return {
    table: name,
    status: 'already-done',
    runId: run.runId,
    rows,
    bytes,
    files,
    resumedRows: rows,
    level: run.level,
    consistency: consistency.sentence,
    replacedCells: totals.replacedCells ?? {},
    folder: run.folder,
    manifest: path,
    problem: null,
    window: run.window,
    deletes: deletesBehind(run),
  };
}

/** The delete set that was made behind a window; null: there is none. */
function deletesBehind(run: AlreadyDone['run']): TableReport['deletes'] {
  const { folder } = deletesOf(run);
  const path = join(folder, MANIFEST_NAME);
  if (!existsSync(path)) return null;
  const manifest = readManifest(path);
  return { run: manifest.run, rows: manifest.totals.rows, known: manifest.deletes?.known ?? 0, folder, manifest: path };
}

function ofRefused({ name, problem }: OpenRuns['refused'][number]): TableReport {
  const nothing = { rows: 0, bytes: 0, files: 0, resumedRows: 0 };
  return {
    table: name,
    status: 'failed',
    runId: '',
    ...nothing,
    level: null,
    consistency: '',
    replacedCells: {},
    folder: '',
    manifest: null,
    problem,
    window: null,
    deletes: null,
  };
}
