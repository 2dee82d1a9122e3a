import { createHash } from 'node:crypto';
import type { IncrementalWindow } from '../model/cursor.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { LoadIncrement } from './ingest-plan.ts';
import type { LoadMode } from './load-mode.ts';
import type { LoadWindow } from './load-window.ts';
import { typedWindow, windowOfManifest } from './load-window.ts';
import type { LoadOrder, PlannedManifest } from './load-order.ts';
import type { IngestTarget } from './target.ts';

/** What becomes of a manifest's rows, decided: by what was typed, else by the strategy of its window. */
export interface PlannedMode {
  readonly mode: LoadMode;
  /** Names of the source that tell rows apart; empty: the primary key. */
  readonly key: readonly string[];
  /** For delete-insert: a window instead of a key. */
  readonly windowed: (named: (name: string, flag: string) => string) => LoadWindow | null;
}

/**
 * The mode of a manifest when none is typed:
 *
 *   a plain run                                replace
 *   what catches a plain run up                merge by the key, or delete-insert where that is typed: the run's own mode is of the run
 *   the first window, or one that begins anew  replace (what was loaded before goes)
 *   append                                     append; merge by unique key and cursor where rows may come again: each version once
 *   merge                                      merge by the unique key
 *   a delete set                               delete, whatever is typed: rows with a key of its files are gone in the source
 *   delete_insert                              delete-insert by the unique key, or by exactly the window where there is none
 *
 * Throws INGEST_WINDOW_MODE for what would lose rows, or have them twice.
 */
export function plannedMode(manifest: PlannedManifest, order: LoadOrder, target: IngestTarget): PlannedMode {
  const { incremental: window } = manifest;
  if (manifest.deletes !== undefined) return { mode: 'delete', key: manifest.deletes.key, windowed: () => null };
  if (window === undefined) return plainMode(order);
  if (manifest.catchUp !== undefined) return catchUpMode(manifest, window, order, target);
  refuseTyped(manifest, window, order);
  const mode = order.mode ?? modeOf(manifest, window, order);
  const key = keyOf(manifest, window, order);
  const deletes = mode === 'delete-insert' || (order.mode === null && window.strategy === 'delete_insert');
  if (deletes) checkTransactions(manifest, target);
  const byWindow = deletes && key.length === 0;
  const bounds = byWindow ? boundsOf(manifest, window) : null;
  return {
    mode,
    key,
    windowed: (named) =>
      mode === 'delete-insert' && bounds !== null
        ? { ...bounds, column: named(window.column.name, 'the cursor') }
        : null,
  };
}

function plainMode({ mode, key, window }: LoadOrder): PlannedMode {
  return {
    mode: mode ?? 'replace',
    key,
    windowed: (named) =>
      window === null ? null : typedWindow(named(window.column, '--window'), window.from, window.to),
  };
}

function catchUpMode(
  manifest: PlannedManifest,
  window: IncrementalWindow,
  { mode, key }: LoadOrder,
  target: IngestTarget,
): PlannedMode {
  if (mode === 'append')
    throw refused(manifest, 'append would have its rows twice', 'use --mode merge, or leave --mode out');
  if (mode === 'delete-insert') checkTransactions(manifest, target);
  const chosen = key.length > 0 ? key : window.uniqueKey;
  return { mode: mode === 'delete-insert' ? mode : 'merge', key: chosen, windowed: () => null };
}

/** What the ledger has to have before the window, and what else a load has to know of it. */
export function incrementOf({ run, job, incremental }: PlannedManifest, { mode }: LoadOrder): LoadIncrement | null {
  if (incremental === undefined) return null;
  const { previous, strategy, reset, from } = incremental;
  return {
    previous: previous === null ? null : { run: previous, ledger: ledgerRun(job, previous) },
    takesPlace: mode === null && reset,
    appends: strategy === 'append',
    keepsVersions: strategy === 'append' && (mode === null || mode === 'append'),
    from: from?.value ?? null,
    to: endOf(incremental, run),
  };
}

/** Null only for a window that nothing can have been in: the ledger tells windows from plain runs by it. */
function endOf({ to, next, column }: IncrementalWindow, run: string): string | null {
  return to?.value ?? next ?? (column.kind === 'hash' ? run : null);
}

/** All tables of one extract have the same run, and two of them may be loaded into one table: a run of another job is another run. */
export function ledgerRun(job: string, run: string): string {
  return `${run}-${createHash('sha256').update(job).digest('hex').slice(0, 8)}`;
}

/** Whether `ledgerRun` made the name for that job. */
export function isOfJob(name: string, job: string): boolean {
  return name === ledgerRun(job, runOfLedger(name));
}

/** The run of a name that `ledgerRun` made. */
export function runOfLedger(name: string): string {
  return name.replace(/-[0-9a-f]{8}$/, '');
}

/** The first window of a job, or one that begins anew: whatever the table has is replaced. */
function isFirst({ reset }: IncrementalWindow): boolean {
  return reset;
}

/** Rows that an earlier window delivered may be in the files again. */
function repeats(window: IncrementalWindow): boolean {
  return !isFirst(window) && (window.repeatedTo !== null || window.nulls || window.backfill);
}

function modeOf(manifest: PlannedManifest, window: IncrementalWindow, { key }: LoadOrder): LoadMode {
  if (isFirst(window)) return 'replace';
  if (window.strategy === 'merge') return 'merge';
  if (window.strategy === 'delete_insert') return 'delete-insert';
  if (!repeats(window)) return 'append';
  const cursor = hasCursor(manifest, window);
  if (cursor && (key.length > 0 || window.uniqueKey.length > 0)) return 'merge';
  throw refused(
    manifest,
    'its rows may be in the target already, and nothing tells one version of a row from another',
    cursor
      ? 'set unique_key, extract without a lookback, or add --mode append to have such rows twice'
      : `have ${window.column.name} among the columns, or use the strategy merge`,
  );
}

/** Where each version of a row is kept, one is told from another by the cursor as well. */
function keyOf(manifest: PlannedManifest, window: IncrementalWindow, { key, mode }: LoadOrder): readonly string[] {
  const chosen = key.length > 0 ? key : window.uniqueKey;
  if (mode !== null || window.strategy !== 'append' || chosen.length === 0) return chosen;
  return hasCursor(manifest, window) ? [...chosen, window.column.name] : [];
}

function hasCursor({ schema }: PlannedManifest, { column }: IncrementalWindow): boolean {
  return schema.columns.some(({ name }) => name === column.name);
}

function refuseTyped(manifest: PlannedManifest, window: IncrementalWindow, order: LoadOrder): void {
  if (order.window !== null) {
    const what = '--window could take out rows that its files do not have';
    throw refused(manifest, what, 'leave --window out: a manifest knows its own');
  }
  const { mode } = order;
  if (isFirst(window) || (mode !== 'replace' && mode !== 'full-refresh')) return;
  throw refused(
    manifest,
    `${mode} would leave nothing of what earlier windows loaded`,
    'leave --mode out: its strategy says what becomes of its rows',
  );
}

function checkTransactions(manifest: PlannedManifest, { title, capabilities }: IngestTarget): void {
  if (capabilities.takesOutAndIn) return;
  throw refused(
    manifest,
    `delete_insert takes rows out and puts others in, and ${title} has no transaction for both`,
    'use the strategy merge, or --mode merge',
  );
}

/** Its column is set by whoever asks. */
function boundsOf(manifest: PlannedManifest, window: IncrementalWindow): LoadWindow {
  const { name, kind } = window.column;
  const source = manifest.schema.columns.find((column) => column.name === name);
  const comparable = kind === 'time' || kind === 'date' || kind === 'integer' || kind === 'text';
  const found = source === undefined || !comparable ? null : windowOfManifest(window, name, source);
  if (found !== null) return found;
  const why = source === undefined ? 'is not in its files' : 'has values whose order only its own server knows';
  throw refused(
    manifest,
    `delete_insert without a key goes by the window, and its column ${name} ${why}`,
    'set unique_key, or add --key',
  );
}

function refused({ run, table }: PlannedManifest, what: string, hint: string): SqlextractError {
  return new SqlextractError({
    code: 'INGEST_WINDOW_MODE',
    message: `run ${run} of ${displayName(table)} is a window of it: ${what}`,
    hint,
    fault: 'usage',
  });
}
