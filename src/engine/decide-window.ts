import type { CountedTies, CursorColumn, IncrementalWindow, Watermark } from '../model/cursor.ts';
import type { IncrementalSettings } from '../model/incremental-settings.ts';
import type { IncrementalState } from '../model/incremental-state.ts';
import { SqlextractError } from '../model/problem.ts';
import type { TableSchema } from '../model/table.ts';
import type { SourceCursors } from '../sources/cursors.ts';
import type { Checksum } from '../sources/source.ts';
import { countTies } from './counted-ties.ts';
import { uniqueKeyOf } from './unique-key.ts';
import { boundBehind, momentsBeyond } from './window-end.ts';

export interface WindowRequest {
  readonly cursors: SourceCursors;
  /** For people. */
  readonly name: string;
  readonly table: TableSchema;
  readonly where: string | null;
  readonly incremental: IncrementalSettings;
  readonly state: IncrementalState | null;
  /** The last link of the job's chain of windows; null: there is none. */
  readonly last: string | null;
  readonly signal: AbortSignal;
  readonly sumOf: (where: string) => Promise<Checksum>;
  remark(text: string): void;
}

/**
 * The window of a new run. Its upper end is fixed here, before the snapshot is taken that is read.
 *
 *   no watermark ────────────────▶ (-∞ or --start, bound)   what the target has is replaced
 *   watermark ───────────────────▶ [watermark - lookback, bound)
 *   --start and --end ───────────▶ [start, end)             the watermark stays
 *
 * Throws CURSOR_… and what the source throws.
 */
export async function decideWindow(request: WindowRequest): Promise<IncrementalWindow> {
  const { cursors, table, incremental, state } = request;
  if (incremental.by === null) throw new Error(`${request.name} has no cursor`);
  const column = await cursors.describe(table, incremental.by);
  requireSelected(request, column);
  const uniqueKey = uniqueKeyOf(request.name, table, incremental);
  if (column.kind === 'xmin' && incremental.strategy === 'append') throw appendByTransaction(request.name);
  if (incremental.detectDeletes && uniqueKey.length === 0) throw deletesWithoutKey(request.name);
  const nulls = await nullsOf(request, column);
  const last = request.last;
  const common = { column, nulls, strategy: incremental.strategy, uniqueKey };
  if (incremental.end !== null) return { ...common, ...(await closedRange(request, column, last)) };
  const bound = await cursors.bound({
    ...{ table, column, where: request.where, zone: incremental.cursorZone, lagMs: incremental.cursorLagMs },
    ...{ waitMs: incremental.cursorWaitMs, signal: request.signal },
  });
  bound.remarks.forEach((text) => request.remark(text));
  const watermark = state?.watermark ?? null;
  const behind = watermark === null ? null : boundBehind(bound, column, watermark.from.value);
  if (behind !== null) request.remark(behind);
  const lower =
    watermark === null ? await firstLower(request, column) : await laterLower(request, column, watermark.from);
  const reset = watermark === null;
  if (reset && incremental.lookback !== null && bound.to !== null && bound.to.value !== '')
    await cursors.earlier(table, column, bound.to.value, incremental.lookback);
  if (reset && column.kind === 'time' && bound.to?.inclusive === false && incremental.cursorZone === null) {
    const beyond = await momentsBeyond(cursors, table, request.where, column, bound.to.value);
    if (beyond !== null) request.remark(beyond);
  }
  if (reset && incremental.start !== null)
    request.remark(
      'a first run takes the place of what targets have of the table: rows before --start go; load with --mode merge to keep them',
    );
  const chain = { previous: reset ? null : last, reset, backfill: false };
  // Where each version is kept, one that has the stamp of a delivered row cannot be told from it: nothing is brought twice for it.
  const next = incremental.strategy === 'append' && bound.to !== null ? null : bound.next;
  return { ...common, ...lower, ...chain, to: bound.to, next, promise: bound.promise };
}

type Lower = Pick<IncrementalWindow, 'from' | 'repeatedTo'>;

async function firstLower({ cursors, table, incremental }: WindowRequest, column: CursorColumn): Promise<Lower> {
  if (incremental.start === null) return { from: null, repeatedTo: null };
  const value = await cursors.literal(table, column, incremental.start);
  return { from: { value, ties: { kind: 'all' } }, repeatedTo: null };
}

async function laterLower(request: WindowRequest, column: CursorColumn, from: Watermark['from']): Promise<Lower> {
  const { cursors, table, incremental, name } = request;
  const { lookback, strategy } = incremental;
  const tellsRows = uniqueKeyOf(name, table, incremental).length > 0;
  if (lookback !== null) {
    if (strategy === 'append' && !tellsRows) throw lookbackWithoutKey(name);
    const value = await cursors.earlier(table, column, from.value, lookback);
    return { from: { value, ties: { kind: 'all' } }, repeatedTo: from.value };
  }
  const { value, ties } = from;
  if (ties.kind === 'counted' && (await areSame(request, column, value, ties)))
    return { from: { value, ties: { kind: 'none' } }, repeatedTo: null };
  if (ties.kind === 'except' || ties.kind === 'none') return { from: { value, ties }, repeatedTo: null };
  if (strategy !== 'append' || tellsRows) return { from: { value, ties: { kind: 'all' } }, repeatedTo: value };
  request.remark(
    `rows that come later with the very value ${from.value} are not seen: no key tells them from those delivered`,
  );
  return { from: { value, ties: { kind: 'none' } }, repeatedTo: null };
}

/** Asked after the bound, see `staysCounted`. */
async function areSame(
  { cursors, table, where, sumOf }: WindowRequest,
  column: CursorColumn,
  value: string,
  { rows, sum }: CountedTies,
): Promise<boolean> {
  const now = await countTies({ cursors, table, where, column, value, sumOf });
  return now.rows === rows && now.sum === sum;
}

async function closedRange(request: WindowRequest, column: CursorColumn, last: string | null) {
  const { cursors, table, incremental, name } = request;
  const { start, end, strategy } = incremental;
  if (start === null || end === null) throw new Error('a closed range has two ends');
  if (strategy === 'append' && uniqueKeyOf(name, table, incremental).length === 0) throw lookbackWithoutKey(name);
  const value = await cursors.literal(table, column, start);
  const to = { value: await cursors.literal(table, column, end), inclusive: false };
  const promise = `the closed range from ${value} to ${to.value} as it is now; the watermark stays where it is`;
  const chain = { previous: last, reset: false, backfill: true };
  return { from: { value, ties: { kind: 'all' as const } }, to, repeatedTo: to.value, next: null, promise, ...chain };
}

async function nullsOf(
  { cursors, table, where, incremental, name }: WindowRequest,
  column: CursorColumn,
): Promise<boolean> {
  if (!column.nullable) return false;
  if (incremental.nullCursors === 'read') {
    if (incremental.strategy === 'append') throw nullsAppended(name, column);
    return true;
  }
  if (await cursors.hasNulls(table, column, where)) throw hasNulls(name, column);
  return false;
}

/** Loads go by it: they delete what lies in the window, and tell versions of a row apart. */
function requireSelected({ table, name }: WindowRequest, column: CursorColumn): void {
  if (column.kind === 'xmin' || table.columns.some((one) => one.name === column.name)) return;
  throw new SqlextractError({
    code: 'CURSOR_COLUMN',
    message: `${name}: the cursor ${column.name} is not among the selected columns`,
    hint: `add it to --columns, or take it out of --exclude-columns`,
    fault: 'usage',
  });
}

function hasNulls(table: string, column: CursorColumn): SqlextractError {
  return new SqlextractError({
    code: 'CURSOR_NULLS',
    message: `${table} has rows without a value in ${column.name}: no window would ever bring them`,
    hint: '--null-cursors read brings them with every run (not with append), or leave them out: --where "<column> IS NOT NULL"',
    fault: 'data',
  });
}

function nullsAppended(table: string, column: CursorColumn): SqlextractError {
  return new SqlextractError({
    code: 'CURSOR_NULLS',
    message: `${table}: rows without a value in ${column.name} would be appended again with every run`,
    hint: 'use --strategy merge, or leave --null-cursors read out',
    fault: 'usage',
  });
}

function lookbackWithoutKey(table: string): SqlextractError {
  return new SqlextractError({
    code: 'CURSOR_KEY',
    message: `${table}: rows that are read again could not be told from those in the target, as no key is known`,
    hint: 'name the columns that tell rows apart: --unique-key id, or use --strategy delete_insert',
    fault: 'usage',
  });
}

function deletesWithoutKey(table: string): SqlextractError {
  return new SqlextractError({
    code: 'CURSOR_KEY',
    message: `${table}: which rows are gone cannot be told, as no key is known`,
    hint: 'name the columns that tell rows apart: --unique-key id, or leave --detect-deletes out',
    fault: 'usage',
  });
}

function appendByTransaction(table: string): SqlextractError {
  return new SqlextractError({
    code: 'CURSOR_COLUMN',
    message: `${table}: by transaction numbers some rows are delivered twice, which append would double`,
    hint: 'use --strategy merge, or a column of the table as the cursor',
    fault: 'usage',
  });
}
