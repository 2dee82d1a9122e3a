import type { SyncReport, TableVerdict } from '../sync/sync-report.ts';
import { formatCount, formatCounted, formatSeconds } from './amounts.ts';
import { describeHeld, describeTableLoad, loadProblems } from './load-text.ts';
import { afterIncomplete } from './next-step.ts';
import { linesOf } from './print-error.ts';
import { printable } from './printable.ts';
import { describeConsistency, problemLines } from './report.ts';

/** One line a table, and what kept one from it. */
export function describeSync(report: SyncReport): readonly string[] {
  const loads = report.load?.tables ?? [];
  return [
    ...report.verification.flatMap(verdictLines),
    ...loads.filter(({ outcome }) => outcome.kind === 'failed').flatMap(describeTableLoad),
    ...describeHeld(loads),
    ...report.refused.flatMap(({ table, problem }) => [
      `✗ ${printable(table)}:`,
      ...linesOf(problem).map((line) => `  ${printable(line)}`),
    ]),
    ...report.extract.tables.flatMap(problemLines),
    '',
    ...describeConsistency(report.extract),
    lastLine(report),
  ];
}

/** `✓ users: 200,000 rows in source = files = target (replace, 1.2 s)` */
function verdictLines(table: TableVerdict): readonly string[] {
  const sign = table.verdict === 'different' ? '✗' : '✓';
  const how = `${table.mode}, ${formatSeconds(table.seconds)}`;
  const line = `${sign} ${table.table}: ${amounts(table)} (${how})`;
  const more = table.verdict === 'equal' && table.source?.when === 'run' ? [] : [`    ${table.sentence}`];
  return [printable(line), ...more.map(printable)];
}

function amounts(table: TableVerdict): string {
  const { verdict, source, fileRows, target, rejected } = table;
  const files = formatCounted(fileRows, table.mode === 'delete' ? 'key' : 'row');
  if (verdict === 'different') {
    const inSource = source === null ? '' : `${formatCount(source.rows)} in the source, `;
    const wanted = target.expected === null ? '' : `, which should be ${formatCount(target.expected)}`;
    return `${inSource}${formatCount(fileRows)} in the files, ${formatCount(target.after)} in the target${wanted}`;
  }
  const sides = source === null || verdict === 'moved' ? 'files' : 'source = files';
  const left = rejected === 0 ? '' : `, ${formatCount(rejected)} rejected`;
  return `${files} in ${sides}${arrow(table)}${left}`;
}

function arrow({ mode, inserted, updated, deleted, target }: TableVerdict): string {
  const now = `${formatCounted(target.after, 'row')} in target`;
  switch (mode) {
    case 'replace':
    case 'full-refresh':
      return ' = target';
    case 'append':
      return ` = appended, ${now}`;
    case 'merge':
      return ` → ${formatCount(updated)} updated, ${formatCount(inserted)} inserted, ${now}`;
    case 'delete-insert':
      return ` → ${formatCount(deleted)} deleted, ${formatCount(inserted)} inserted, ${now}`;
    case 'delete':
      return ` → ${updated > 0 ? `${formatCount(updated)} marked as deleted` : `${formatCount(deleted)} deleted`}, ${now}`;
    default:
      return mode satisfies never;
  }
}

function lastLine({ status, seconds, load, refused, extract }: SyncReport): string {
  const time = formatSeconds(seconds);
  switch (status) {
    case 'complete':
      return `synced into ${printable(load?.target ?? '')}, ${time}`;
    case 'different':
      return 'DIFFERENT: see above';
    case 'incomplete':
    case 'stopped':
      return `Next: ${afterIncomplete([
        ...loadProblems(load?.tables ?? []),
        ...refused.map(({ problem }) => problem),
        ...extract.tables.flatMap(({ problem }) => problem ?? []),
      ])}`;
    default:
      return status satisfies never;
  }
}
