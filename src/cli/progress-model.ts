import type { RunEvent } from '../engine/events.ts';
import type { WorkerView } from '../model/worker-view.ts';

/** What is known of a table while it is read. */
export interface TableProgress {
  readonly table: string;
  readonly state: 'reading' | 'done' | 'failed';
  readonly estimatedRows: number | null;
  /** Of chunks that an earlier run had done. */
  readonly resumedRows: number;
  /** Of chunks that this process has done. */
  readonly rows: number;
  /** Of their files. */
  readonly bytes: number;
  /** Rows of the chunks in hand, and rows there were at earlier moments, oldest first. */
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly at: number;
  readonly rows: number;
}

export interface Retry {
  readonly table: string;
  readonly ordinal: number;
  readonly until: number;
  readonly reason: string;
}

export interface Progress {
  /** In the order in which they were planned. */
  readonly tables: readonly TableProgress[];
  readonly retries: readonly Retry[];
}

export const NO_PROGRESS: Progress = { tables: [], retries: [] };

/** Speeds are of the last ten seconds: a slow start must not weigh on the time that is left. */
const SPEED_WINDOW_MS = 10_000;

export function afterEvent(progress: Progress, event: RunEvent, now: number): Progress {
  switch (event.kind) {
    case 'table-planned':
      return withTable(progress, event.table, (before) => ({
        ...before,
        estimatedRows: event.estimatedRows,
        resumedRows: event.doneRows,
        samples: [{ at: now, rows: 0 }],
      }));
    case 'chunk-done': {
      const retries = progress.retries.filter((retry) => !isOf(retry, event));
      return withTable({ ...progress, retries }, event.table, (before) => ({
        ...before,
        rows: before.rows + event.rows,
        bytes: before.bytes + event.bytes,
      }));
    }
    case 'chunk-retry': {
      const { table, ordinal, problem, delayMs } = event;
      const others = progress.retries.filter((retry) => !isOf(retry, event));
      return { ...progress, retries: [...others, { table, ordinal, until: now + delayMs, reason: problem.message }] };
    }
    case 'table-done':
    case 'table-failed': {
      const retries = progress.retries.filter((retry) => retry.table !== event.table);
      const state = event.kind === 'table-done' ? 'done' : 'failed';
      return withTable({ ...progress, retries }, event.table, (before) => ({ ...before, state }));
    }
    case 'epoch':
    case 'remark':
    case 'run-begun':
    case 'source-counted':
    case 'set-aside':
      return progress;
    default:
      return event satisfies never;
  }
}

/** Adds what the workers have in hand now, and drops retries whose wait is over. */
export function afterLook(progress: Progress, workers: readonly WorkerView[], now: number): Progress {
  return {
    retries: progress.retries.filter((retry) => retry.until > now),
    tables: progress.tables.map((table) =>
      table.state === 'reading' ? { ...table, samples: sampled(table, rowsInHand(table, workers), now) } : table,
    ),
  };
}

/** Rows read so far, by this process and an earlier one. */
export function rowsSoFar(table: TableProgress): number {
  return table.resumedRows + Math.max(table.rows, table.samples.at(-1)?.rows ?? 0);
}

/** Between 0 and 1; below 1 until the table is done, because the number of rows is an estimate; null without one. */
export function fractionOf(table: TableProgress): number | null {
  if (table.state === 'done') return 1;
  if (table.estimatedRows === null || table.estimatedRows <= 0) return null;
  return Math.min(0.99, rowsSoFar(table) / table.estimatedRows);
}

/** Of the last seconds; 0 while nothing can be said. Bytes are those of files, by the rows of finished ones. */
export function speedOf(table: TableProgress): { readonly rowsPerSecond: number; readonly bytesPerSecond: number } {
  const [first, last] = [table.samples[0], table.samples.at(-1)];
  if (first === undefined || last === undefined || last.at <= first.at) return { rowsPerSecond: 0, bytesPerSecond: 0 };
  const rowsPerSecond = Math.max(0, ((last.rows - first.rows) * 1000) / (last.at - first.at));
  const bytesPerRow = table.rows === 0 ? 0 : table.bytes / table.rows;
  return { rowsPerSecond, bytesPerSecond: rowsPerSecond * bytesPerRow };
}

/** Null while it cannot be told. */
export function secondsLeft(table: TableProgress): number | null {
  const { rowsPerSecond } = speedOf(table);
  if (table.estimatedRows === null || rowsPerSecond === 0) return null;
  return Math.max(0, table.estimatedRows - rowsSoFar(table)) / rowsPerSecond;
}

function rowsInHand(table: TableProgress, workers: readonly WorkerView[]): number {
  return workers.reduce((sum, worker) => sum + (worker.table === table.table ? worker.rows : 0), 0);
}

function sampled(table: TableProgress, inHand: number, now: number): readonly Sample[] {
  const kept = table.samples.filter((_, index, all) => {
    const next = all[index + 1];
    return next === undefined || next.at > now - SPEED_WINDOW_MS;
  });
  return [...kept, { at: now, rows: table.rows + inHand }];
}

function withTable(progress: Progress, name: string, change: (before: TableProgress) => TableProgress): Progress {
  const known = progress.tables.some(({ table }) => table === name);
  const tables = known ? progress.tables : [...progress.tables, unknownTable(name)];
  return { ...progress, tables: tables.map((table) => (table.table === name ? change(table) : table)) };
}

function unknownTable(table: string): TableProgress {
  return { table, state: 'reading', estimatedRows: null, resumedRows: 0, rows: 0, bytes: 0, samples: [] };
}

function isOf(retry: Retry, event: { readonly table: string; readonly ordinal: number }): boolean {
  return retry.table === event.table && retry.ordinal === event.ordinal;
}
