import type { WorkerView } from '../model/worker-view.ts';
import { formatBytes, formatCount, formatCounted, formatSeconds } from './amounts.ts';
import { printable } from './printable.ts';
import {
  fractionOf,
  type Progress,
  type Retry,
  rowsSoFar,
  secondsLeft,
  speedOf,
  type TableProgress,
} from './progress-model.ts';
import { fitWidth, textWidth } from './text-width.ts';

export interface Screen {
  readonly width: number;
  readonly height: number;
}

const BAR_WIDTH = 20;
const NAME_WIDTH = 32;

/**
 * A bar a table, a line a worker, a line a chunk that waits to be tried again; none wider than the screen and all together
 * not higher, so that they can be redrawn in place. Tables that are read come before the ones that are done.
 */
export function barLines(
  progress: Progress,
  workers: readonly WorkerView[],
  screen: Screen,
  now: number,
): readonly string[] {
  const rank = { reading: 0, failed: 1, done: 2 };
  const tables = progress.tables.toSorted((one, other) => rank[one.state] - rank[other.state]);
  const nameWidth = Math.min(NAME_WIDTH, Math.max(0, ...tables.map(({ table }) => textWidth(printable(table)))));
  const lines = [...workers.map(workerLine), ...progress.retries.map((retry) => retryLine(retry, now))];
  const room = Math.max(1, screen.height - 1 - lines.length);
  const bars = tables.map((table) => barLine(table, nameWidth));
  const shown =
    bars.length <= room ? bars : [...bars.slice(0, room - 1), `… and ${bars.length - room + 1} more tables`];
  return [...shown, ...lines].slice(0, Math.max(1, screen.height - 1)).map((line) => fitWidth(line, screen.width - 1));
}

/** One line a table that is being read, for a log. */
export function logLines(progress: Progress): readonly string[] {
  return progress.tables
    .filter(({ state }) => state === 'reading')
    .map((table) => `${printable(table.table)}: ${amountsOf(table)}`);
}

function barLine(table: TableProgress, nameWidth: number): string {
  const name = fitWidth(printable(table.table), nameWidth);
  const gap = ' '.repeat(Math.max(0, nameWidth - textWidth(name)));
  const fraction = fractionOf(table) ?? 0;
  const full = Math.round(fraction * BAR_WIDTH);
  const bar = `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}]`;
  if (table.state === 'done') return `${name}${gap} ${bar} done, ${formatCounted(rowsSoFar(table), 'row')}`;
  return table.state === 'failed' ? `${name}${gap} failed` : `${name}${gap} ${bar} ${shortAmountsOf(table)}`;
}

/** What fits beside a bar on 80 columns. */
function shortAmountsOf(table: TableProgress): string {
  const fraction = fractionOf(table);
  const { bytesPerSecond } = speedOf(table);
  const left = secondsLeft(table);
  return [
    `${fraction === null ? '' : `${Math.floor(fraction * 100)}% `}${formatCounted(rowsSoFar(table), 'row')}`,
    ...(bytesPerSecond >= 1 ? [`${formatBytes(bytesPerSecond)}/s`] : []),
    ...(left === null ? [] : [`${formatSeconds(left)} left`]),
  ].join(', ');
}

function amountsOf(table: TableProgress): string {
  const fraction = fractionOf(table);
  const { rowsPerSecond, bytesPerSecond } = speedOf(table);
  const left = secondsLeft(table);
  const percent =
    fraction === null ? '' : ` (${Math.floor(fraction * 100)}% of about ${formatCount(table.estimatedRows ?? 0)})`;
  return [
    `${formatCounted(rowsSoFar(table), 'row')}${percent}`,
    ...(rowsPerSecond >= 1 ? [`${formatCount(rowsPerSecond)} rows/s`] : []),
    ...(bytesPerSecond >= 1 ? [`${formatBytes(bytesPerSecond)}/s`] : []),
    ...(left === null ? [] : [`about ${formatSeconds(left)} left`]),
  ].join(', ');
}

function workerLine(worker: WorkerView): string {
  const head = `  worker ${worker.worker}`;
  if (worker.table === null || worker.ordinal === null) return `${head}  ${worker.state}`;
  return `${head}  ${printable(worker.table)} #${worker.ordinal}  ${formatCounted(worker.rows, 'row')}  ${worker.state}`;
}

function retryLine(retry: Retry, now: number): string {
  const seconds = Math.max(1, Math.ceil((retry.until - now) / 1000));
  return `  ${printable(retry.table)} #${retry.ordinal}  retrying in ${seconds} s: ${printable(retry.reason)}`;
}
