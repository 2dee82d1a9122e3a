import { relative } from 'node:path';
import { isOneState } from '../catch-up/catch-up.ts';
import type { CatchUpOutcome, CatchUpReport, CaughtUpTable } from '../catch-up/report.ts';
import { formatCounted, formatSeconds } from './amounts.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { afterIncomplete } from './next-step.ts';
import { linesOf } from './print-error.ts';
import { printable } from './printable.ts';
import { problemLines, shellWord } from './report.ts';

/** The lines of `extract --catch-up`. `cwd` shortens the folders. */
export function describeCatchUp(report: CatchUpReport, cwd: string): readonly string[] {
  return [
    ...report.tables.flatMap((table) => tableLines(table, cwd)),
    '',
    ...(report.status === 'dry-run' ? [] : [`${STATUS[report.status]}, ${formatSeconds(report.seconds)}`]),
    `Next: ${nextCommand(report)}`,
  ];
}

const STATUS: Readonly<Record<Exclude<CatchUpReport['status'], 'dry-run'>, string>> = {
  complete: 'every table is of one state',
  incomplete: 'not every table is of one state',
  stopped: 'stopped',
};

export function exitCodeOfCatchUp({ status, tables }: CatchUpReport): number {
  if (status === 'complete' || status === 'dry-run') return 0;
  const faults = new Set(tables.flatMap(({ outcome }) => problemOf(outcome)?.fault ?? []));
  const [only] = faults;
  return tables.length === 1 && only !== undefined ? EXIT_CODES[only] : EXIT_CODES.incomplete;
}

function problemOf(outcome: CatchUpOutcome) {
  if (outcome.kind === 'failed') return outcome.problem;
  return outcome.kind === 'again' ? (outcome.report?.problem ?? null) : null;
}

function tableLines({ table, run, outcome }: CaughtUpTable, cwd: string): readonly string[] {
  const name = printable(table);
  switch (outcome.kind) {
    case 'nothing':
      return [`✓ ${name}: nothing to do: ${printable(outcome.sentence)}`];
    case 'caught-up': {
      const amounts = `${formatCounted(outcome.rows, 'row')} written since, ${formatCounted(outcome.gone, 'key')} gone`;
      const place = printable(relative(cwd, outcome.manifest));
      return [
        `✓ ${name}: run ${printable(run ?? '')} is caught up: ${amounts}: ${place}`,
        `  with ${printable(outcome.by)} behind it, ${printable(outcome.consistency)}`,
      ];
    }
    case 'again':
      return againLines(name, outcome);
    case 'failed':
      return [`✗ ${name}:`, ...linesOf(outcome.problem).map((line) => `  ${printable(line)}`)];
    case 'not-done':
      return [`  ${name}: what was written since run ${printable(run ?? '')} began, and all keys, are to be read`];
    default:
      return outcome satisfies never;
  }
}

function againLines(name: string, outcome: CatchUpOutcome & { readonly kind: 'again' }): readonly string[] {
  const { why, report } = outcome;
  if (report === null) return [`  ${name}: all of it is to be read: ${printable(why)}`];
  const rows = formatCounted(report.rows, 'row');
  return [
    `${isOneState(outcome) ? '✓' : '✗'} ${name}: all of it was read, ${rows}: ${printable(why)}`,
    ...(report.consistency === '' ? [] : [`  ${printable(report.consistency)}`]),
    ...problemLines(report),
  ];
}

function nextCommand({ status, tables }: CatchUpReport): string {
  if (status === 'dry-run') return 'the same command without --dry-run';
  if (status !== 'complete')
    return afterIncomplete(tables.flatMap(({ outcome }) => (outcome.kind === 'failed' ? [outcome.problem] : [])));
  return ['sqlextract load', ...tables.map(({ table }) => `--table ${shellWord(table)}`)].join(' ');
}
