import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { CursorKind, IncrementalWindow } from '../model/cursor.ts';
import type { TableLoad } from './ingest-plan.ts';
import type { LoadOrder, ManifestPlace } from './load-order.ts';

/**
 * What a run's files are as one state, and whether that is enough. Throws INGEST_MIXED.
 *
 *   one snapshot, or proven unchanged           loaded
 *   several, with its catch-up behind it        loaded, and the catch-up after it
 *   several, of a window whose rows are settled loaded
 *   several                                     refused, unless it was allowed
 *   a part of a catch-up that is not finished   refused, whatever was allowed: it is written again, under the same name
 */
export function checkState(load: TableLoad, place: ManifestPlace, { allowMixed }: LoadOrder): void {
  const { manifest, caughtUpBy } = place;
  if (caughtUpBy !== undefined) return;
  if (manifest.catchUp !== undefined && !manifest.catchUp.last) throw unfinished(load);
  if (allowMixed || isOneState(load) || isSettled(manifest.incremental)) return;
  throw mixed(load, manifest.incremental !== undefined);
}

/** What a person should know of a load that `checkState` lets pass. */
export function remarksOfState(load: TableLoad, { manifest, caughtUpBy }: ManifestPlace): readonly string[] {
  if (isOneState(load)) return [];
  const { run } = load.source;
  if (caughtUpBy !== undefined)
    return [
      `run ${run} is ${wordOf(load)}: the target has one state of the table once run ${caughtUpBy} is loaded, too`,
    ];
  const window = manifest.incremental;
  if (!isSettled(window) || window === undefined) return [];
  return [
    `run ${run} is ${wordOf(load)}, and needs no catch-up: rows of its window that were written while it was read come with the next one, by ` +
      `their new ${window.column.name}; a key that changed without a new ${window.column.name} may be missing`,
  ];
}

function isOneState({ source }: TableLoad): boolean {
  return source.consistency === 'snapshot' || source.consistency === 'unchanged';
}

/** Kinds whose values grow with every write. A text's order says nothing of time, unless it is a moment: a row may appear anywhere in its window. */
const GROWING: readonly CursorKind[] = ['time', 'date', 'integer', 'rowversion', 'xmin'];

/**
 * While a window [from, to) is read, a row can leave it (written again, its cursor is ≥ to; or deleted) and none can come into it: `to` is such
 * that no transaction writes below it any more. So every row that is in the window at its end was in all of its snapshots, unchanged, and in
 * exactly one range: it is in the files once. What else is in the files has left the window, and is then as in any window that was read a moment
 * earlier: the next one brings what it became, and deletes are found by who looks for them. By transaction numbers (`xmin`) there is no `to`,
 * but the next window begins where the first snapshot did. The same holds for the first window, or one that begins anew; of a closed range that
 * a person named (`--end`), for what lies behind the watermark. Refused, a window would stand in the way of all that come after it.
 */
function isSettled(window: IncrementalWindow | undefined): boolean {
  if (window === undefined) return false;
  const { column, to } = window;
  return (
    GROWING.includes(column.kind) || (column.kind === 'text' && to !== null && /^\d{4}-\d\d-\d\d\b/.test(to.value))
  );
}

function wordOf({ source }: TableLoad): string {
  return source.consistency === 'mixed' ? 'mixed' : 'read by chunk';
}

function mixed({ source }: TableLoad, isWindow: boolean): SqlextractError {
  const table = displayName(source.table);
  const way = isWindow
    ? `begin anew: sqlextract watermark reset --table ${table}, then the same command`
    : `sqlextract extract --catch-up --table ${table} (and the other flags of that run) brings it to one snapshot`;
  return new SqlextractError({
    code: 'INGEST_MIXED',
    message:
      source.consistency === 'chunk'
        ? `run ${source.run} of ${table} was read without a snapshot: each file is as the table was at another instant`
        : `run ${source.run} of ${table} is mixed: its files are of more than one instant, and may miss rows or have them twice`,
    hint: `${way}; or load it as it is with --allow-mixed`,
    fault: 'data',
  });
}

function unfinished({ source }: TableLoad): SqlextractError {
  const table = displayName(source.table);
  return new SqlextractError({
    code: 'INGEST_MIXED',
    message: `run ${source.run} of ${table} is a part of a catch-up, and nothing without the rest of it`,
    hint: `sqlextract extract --catch-up --table ${table} (and the other flags of that run) finishes it; leave --run out`,
    fault: 'data',
  });
}
