import type { LoadMode } from '../ingest/load-mode.ts';
import type { LoadReport, TableLoadReport } from '../load/load-report.ts';
import type { LedgerEntry } from '../load/loader.ts';
import { formatCount, formatCounted, formatSeconds } from './amounts.ts';
import type { Problem } from '../model/problem.ts';
import { afterIncomplete } from './next-step.ts';
import { linesOf } from './print-error.ts';
import { printable } from './printable.ts';

const MODE_DONE: Readonly<Record<LoadMode, string>> = {
  replace: 'replaced',
  'full-refresh': 'made anew',
  append: 'appended',
  merge: 'merged',
  'delete-insert': 'deleted and inserted',
  delete: 'deleted',
};

/** The lines of one table: `✓ Merged 10 records → 3 updated, 7 inserted`. None of a run that was not begun, see `describeHeld`. */
export function describeTableLoad(report: TableLoadReport): readonly string[] {
  const { outcome, into, seconds } = report;
  const name = printable(into);
  switch (outcome.kind) {
    case 'loaded': {
      const resumed =
        outcome.resumedFiles > 0 ? `, ${formatCounted(outcome.resumedFiles, 'file')} were staged before` : '';
      return [
        `✓ ${whatWasDone(outcome.entry, name)} (${formatSeconds(seconds)}${resumed})`,
        ...rejectedLine(outcome.entry),
        ...lostLine(outcome.lost ?? []),
      ];
    }
    case 'already-loaded':
      return [
        `✓ ${name}: run ${printable(report.run)} is loaded already (${MODE_DONE[outcome.entry.mode]}), ${formatCounted(outcome.entry.rows, 'record')}`,
      ];
    case 'stopped':
      return [];
    case 'failed':
      return [`✗ ${name}:`, ...linesOf(outcome.problem).map((line) => `  ${printable(line)}`)];
    default:
      return outcome satisfies never;
  }
}

/** Windows behind one that failed, and what a signal came before: a line a table, of which there may be hundreds of runs. */
export function describeHeld(tables: readonly TableLoadReport[]): readonly string[] {
  const held = Map.groupBy(
    tables.filter(({ outcome }) => outcome.kind === 'stopped'),
    ({ into }) => into,
  );
  return [...held].map(
    ([into, runs]) =>
      `✗ ${printable(into)}: ${formatCounted(runs.length, 'run')} not begun, and loaded by the same command later`,
  );
}

/** What a person may have to make again. */
function lostLine(lost: readonly string[]): readonly string[] {
  return lost.length === 0 ? [] : [`  with the old table went: ${printable(lost.join(', '))}`];
}

export function describeLoad(report: LoadReport): readonly string[] {
  const loaded = report.tables.flatMap(({ outcome, mode }) =>
    outcome.kind === 'loaded' && mode !== 'delete' ? [outcome.entry] : [],
  );
  const rows = loaded.reduce((sum, entry) => sum + entry.rows, 0);
  return [
    '',
    `${formatCounted(rows, 'record')} loaded into ${printable(report.target)}, ${formatSeconds(report.seconds)}`,
    ...(report.status === 'complete' ? [] : [`Next: ${afterIncomplete(loadProblems(report.tables))}`]),
  ];
}

export function loadProblems(tables: readonly TableLoadReport[]): readonly Problem[] {
  return tables.flatMap(({ outcome }) => (outcome.kind === 'failed' ? [outcome.problem] : []));
}

function whatWasDone(entry: LedgerEntry, name: string): string {
  const records = formatCounted(entry.rows, 'record');
  switch (entry.mode) {
    case 'replace':
    case 'full-refresh':
      return `Replaced table ${name} with ${records}`;
    case 'append':
      return `Appended ${records} to ${name}`;
    case 'merge':
      return `Merged ${records} into ${name} → ${formatCount(entry.updated)} updated, ${formatCount(entry.inserted)} inserted`;
    case 'delete-insert':
      return `Deleted ${formatCount(entry.deleted)} and inserted ${formatCounted(entry.inserted, 'record')} in ${name}`;
    case 'delete':
      return entry.updated > 0
        ? `Marked ${formatCounted(entry.updated, 'record')} as deleted (${name})`
        : `Deleted ${formatCounted(entry.deleted, 'record')} (${name})`;
    default:
      return entry.mode satisfies never;
  }
}

function rejectedLine({ rejected }: LedgerEntry): readonly string[] {
  return rejected === 0 ? [] : [`  ${formatCounted(rejected, 'record')} rejected`];
}
