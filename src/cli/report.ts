import { relative } from 'node:path';
import type { ConsistencyLevel } from '../checkpoint/store.ts';
import { describeWindow } from '../model/cursor.ts';
import type { PlanReport, RunReport, TablePlan, TableReport } from '../engine/report.ts';
import { formatBytes, formatCount, formatCounted, formatSeconds } from './amounts.ts';
import { alignColumns } from './columns.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { afterIncomplete } from './next-step.ts';
import { linesOf } from './print-error.ts';
import { printable } from './printable.ts';

const LEVELS: Readonly<Record<ConsistencyLevel, string>> = {
  snapshot: 'one snapshot: all rows are of the same instant',
  unchanged: 'unchanged: read in more than one snapshot, and proven to be the same rows',
  mixed: 'mixed: parts are of different instants, see the manifest',
  chunk: 'by chunk: every range as it was when it was read',
};

/** The lines at the end of a run. `cwd` shortens the folders; `catchUp` is the command that brings a mixed run to one snapshot. */
export function describeReport(report: RunReport, cwd: string, catchUp: string): readonly string[] {
  const heads = [
    { title: 'TABLE' },
    { title: 'STATUS' },
    { title: 'ROWS', align: 'right' as const },
    { title: 'FILES', align: 'right' as const },
    { title: 'BYTES', align: 'right' as const },
    { title: 'FOLDER' },
  ];
  const speed = report.seconds > 0 && report.rows > 0 ? `, ${formatCount(report.rowsPerSecond)} rows/s` : '';
  return [
    ...alignColumns(
      heads,
      report.tables.map((table) => tableRow(table, cwd)),
    ),
    '',
    `${formatCounted(report.rows, 'row')} in ${formatCounted(report.files, 'file')}, ${formatBytes(report.bytes)}, ` +
      `${formatSeconds(report.seconds)}${speed}, ${formatCounted(report.workers, 'worker')}`,
    ...describeConsistency(report),
    ...(report.retries === 0 ? [] : [`${formatCount(report.retries)} ${report.retries === 1 ? 'retry' : 'retries'}`]),
    ...report.tables.flatMap(replacedLines),
    ...report.tables.flatMap(windowLines),
    ...report.tables.flatMap((table) => deletesLines(table, cwd)),
    ...report.remarks.map((remark) => `remark: ${printable(remark)}`),
    ...report.tables.flatMap(problemLines),
    '',
    `Next: ${nextCommand(report, catchUp)}`,
  ];
}

/** What the files are as a state of the tables; none when no table is complete. */
export function describeConsistency(report: RunReport): readonly string[] {
  if (report.level === null) return [];
  return [`consistency: ${levelLine(report, report.level)}`, ...consistencyLines(report)];
}

function windowLines({ table, window, rows, status }: TableReport): readonly string[] {
  if (window === null || status === 'failed') return [];
  return [printable(`${table}: ${describeWindow(window)}${rows === 0 ? ', nothing new' : ''}`)];
}

function deletesLines({ table, deletes }: TableReport, cwd: string): readonly string[] {
  if (deletes === null) return [];
  const { rows, known, folder } = deletes;
  return [
    printable(
      `${table}: ${formatCount(rows)} of ${formatCounted(known, 'known key')} ${rows === 1 ? 'is' : 'are'} gone from the source: ${relative(cwd, folder)}/`,
    ),
  ];
}

/** 0, or the code of what is incomplete; a stop has its own (signals.ts). */
export function exitCodeOfReport(report: RunReport): number {
  if (report.status === 'complete' || report.status === 'already-done') return 0;
  const faults = new Set(report.tables.flatMap(({ problem }) => (problem === null ? [] : [problem.fault])));
  const [only] = faults;
  return report.tables.length === 1 && only !== undefined ? EXIT_CODES[only] : EXIT_CODES.incomplete;
}

/** The lines of `plan` and `extract --dry-run`. */
export function describePlan(plan: PlanReport): readonly string[] {
  return [
    `source: ${printable(plan.source)}`,
    `isolation: ${printable(plan.isolation)}`,
    `workers: ${plan.workers}`,
    ...plan.remarks.map((remark) => `remark: ${printable(remark)}`),
    ...plan.tables.flatMap(tablePlanLines),
    '',
    'Next: the same with `sqlextract extract`',
  ];
}

function tableRow(table: TableReport, cwd: string): readonly string[] {
  const folder = relative(cwd, table.folder);
  const shown = folder.startsWith('..') || folder === '' ? table.folder : `${folder}/`;
  const resumed = table.resumedRows > 0 ? ` (${formatCount(table.resumedRows)} rows were done before)` : '';
  const { status, rows, files, bytes } = table;
  return [table.table, status + resumed, formatCount(rows), formatCount(files), formatBytes(bytes), shown];
}

/** Tables of earlier runs, or read after a snapshot was lost, are of other instants. */
function levelLine(report: RunReport, level: ConsistencyLevel): string {
  if (level !== 'snapshot' || report.sameInstant) return LEVELS[level];
  return 'a snapshot for each table: all rows of a table are of the same instant, but not all tables';
}

/** One table's sentence, or one a table where they differ. */
function consistencyLines(report: RunReport): readonly string[] {
  const done = report.tables.filter((table) => table.level !== null && table.consistency !== '');
  const sentences = new Set(done.map(({ consistency }) => consistency));
  if (sentences.size === 1) return [...sentences].map((sentence) => `  ${printable(sentence)}`);
  return done.map((table) => `  ${printable(`${table.table}: ${table.consistency}`)}`);
}

/** `users: 2 zero dates written as NULL in column born`. */
function replacedLines({ table, replacedCells }: TableReport): readonly string[] {
  return Object.entries(replacedCells).map(([column, cells]) =>
    printable(`${table}: ${formatCounted(cells, 'zero date')} written as NULL in column ${column}`),
  );
}

/** What kept a table from being complete; none when nothing did. */
export function problemLines(table: TableReport): readonly string[] {
  if (table.problem === null) return [];
  return ['', `${printable(table.table)}:`, ...linesOf(table.problem).map((line) => `  ${printable(line)}`)];
}

function nextCommand(report: RunReport, catchUp: string): string {
  switch (report.status) {
    case 'complete':
    case 'already-done':
      // What a window of several instants lacks comes with the next one.
      if (report.tables.some(({ level, window }) => level === 'mixed' && window === null)) return catchUp;
      return report.tables.some(({ window }) => window !== null)
        ? 'sqlextract load, which takes every window that the target misses'
        : `sqlextract verify --table ${shellWord(report.tables[0]?.table ?? '<name>')}`;
    case 'incomplete':
    case 'stopped':
      return afterIncomplete(report.tables.flatMap(({ problem }) => problem ?? []));
    default:
      return report.status satisfies never;
  }
}

export function shellWord(text: string): string {
  const shown = printable(text);
  return /^[\w.-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}

function tablePlanLines(plan: TablePlan): readonly string[] {
  const rows = plan.estimatedRows === null ? 'an unknown number of' : `about ${formatCount(plan.estimatedRows)}`;
  const bytes = plan.estimatedBytes === null ? '' : `, ${formatBytes(plan.estimatedBytes)}`;
  const key = plan.key.length === 0 ? 'no key' : `key ${plan.key.join(', ')}`;
  const more = plan.rangesComplete ? [] : ['    … and more, cut while it runs'];
  return [
    '',
    `${printable(plan.table)}: ${rows} rows${bytes}`,
    `  ${printable(key)}: ${printable(plan.why)}`,
    ...(plan.unfinishedRun === null ? [] : [`  goes on with the unfinished run ${printable(plan.unfinishedRun)}`]),
    `  ranges:`,
    ...plan.ranges.map((range) => `    ${printable(range)}`),
    ...more,
    ...plan.remarks.map((remark) => `  remark: ${printable(remark)}`),
  ];
}
