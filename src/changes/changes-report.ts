import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MANIFEST_NAME, readManifest } from '../checkpoint/manifest.ts';
import type { RunRecord } from '../checkpoint/store.ts';
import { deletesOf } from '../model/run-links.ts';
import type { RunReport, TableReport } from '../engine/report.ts';
import type { ExtractRequest } from '../engine/request.ts';
import type { Problem } from '../model/problem.ts';
import type { ChangesRun } from './changes-run.ts';
import type { Compared } from './compare-rows.ts';

export function changesReport({ name, record, window }: ChangesRun, { counts, pending }: Compared): TableReport {
  const { manifest } = pending.window;
  const { rows, files, bytes, replacedCells } = manifest.totals;
  const { level, sentence } = manifest.consistency;
  const gone = pending.deletes;
  return {
    table: name,
    status: 'complete',
    runId: record.runId,
    ...{ rows, files, bytes, resumedRows: 0, level },
    consistency: sentence,
    replacedCells: replacedCells ?? {},
    folder: record.folder,
    manifest: join(record.folder, MANIFEST_NAME),
    problem: null,
    window,
    deletes:
      gone === null
        ? null
        : {
            run: gone.manifest.run,
            rows: counts.gone,
            known: counts.known,
            folder: gone.folder,
            manifest: join(gone.folder, MANIFEST_NAME),
          },
  };
}

/** Complete by its run key, with the delete set that lies behind it. */
export function alreadyReport(name: string, run: RunRecord): TableReport {
  const path = join(run.folder, MANIFEST_NAME);
  const { totals, consistency } = readManifest(path);
  const { rows, bytes, files, replacedCells } = totals;
  return {
    table: name,
    status: 'already-done',
    runId: run.runId,
    ...{ rows, bytes, files, resumedRows: rows, level: run.level },
    consistency: consistency.sentence,
    replacedCells: replacedCells ?? {},
    folder: run.folder,
    manifest: path,
    problem: null,
    window: run.window,
    deletes: deletesBehind(run),
  };
}

function deletesBehind(record: RunRecord): TableReport['deletes'] {
  const { run, folder } = deletesOf(record);
  const manifest = join(folder, MANIFEST_NAME);
  if (!existsSync(manifest)) return null;
  const { totals, deletes } = readManifest(manifest);
  return { run, rows: totals.rows, known: deletes?.known ?? 0, folder, manifest };
}

/** Nothing was delivered. */
export function noReport(name: string, problem: Problem | null): TableReport {
  return {
    table: name,
    status: problem === null ? 'stopped' : 'failed',
    ...{ runId: '', rows: 0, files: 0, bytes: 0, resumedRows: 0, level: null },
    ...{ consistency: '', replacedCells: {}, folder: '', manifest: null, problem, window: null, deletes: null },
  };
}

/** The report of a command that read some tables by windows or whole, and compared others. */
export function joinedReport(
  report: RunReport,
  compared: readonly TableReport[],
  { seconds, stopped }: { readonly seconds: number; readonly stopped: boolean },
  said: readonly string[],
): RunReport {
  const tables = [...report.tables, ...compared];
  const sum = (of: (table: TableReport) => number): number => tables.reduce((total, table) => total + of(table), 0);
  const rows = sum((table) => table.rows);
  return {
    ...report,
    status: statusOf(tables, stopped),
    tables,
    ...{ rows, files: sum((table) => table.files), bytes: sum((table) => table.bytes), seconds },
    rowsPerSecond: Math.round(rows / Math.max(seconds, 0.001)),
    level: weakest(tables),
    sameInstant: tables.length === 1 && tables[0]?.level === 'snapshot',
    said: [...new Set([...report.said, ...said])],
  };
}

function statusOf(tables: readonly TableReport[], stopped: boolean): RunReport['status'] {
  if (tables.some(({ status }) => status === 'failed')) return 'incomplete';
  if (tables.some(({ status }) => status === 'stopped')) return stopped ? 'stopped' : 'incomplete';
  return tables.every(({ status }) => status === 'already-done') ? 'already-done' : 'complete';
}

function weakest(tables: readonly TableReport[]): RunReport['level'] {
  const order = ['mixed', 'chunk', 'unchanged', 'snapshot'] as const;
  return order.find((level) => tables.some((table) => table.level === level)) ?? null;
}

/** Tables after one that failed are not begun, unless the others were to go on. */
export function goesOn(
  { onTableError, stop }: Pick<ExtractRequest, 'onTableError' | 'stop'>,
  so: readonly TableReport[],
): boolean {
  return !stop.aborted && (onTableError === 'continue' || so.every(({ status }) => status !== 'failed'));
}
