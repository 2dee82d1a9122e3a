import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { compareFingerprints } from '../checkpoint/fingerprint.ts';
import { MANIFEST_NAME, readManifest } from '../checkpoint/manifest.ts';
import type { CheckpointStore, RunRecord } from '../checkpoint/store.ts';
import type { Link } from '../deletes/known-keys.ts';
import { whereOf } from '../engine/increment.ts';
import type { OpenTable } from '../engine/begin-table.ts';
import type { CursorWindow } from '../model/cursor.ts';
import { SqlextractError } from '../model/problem.ts';
import type { SourceSession } from '../sources/source.ts';
import { caughtUpOf } from '../model/run-links.ts';

/** A catch-up that can be done without reading all rows. */
export interface WindowedCatchUp {
  readonly kind: 'window';
  readonly base: Link;
  readonly window: CursorWindow;
  /** The person's condition, and the window's. */
  readonly where: string;
  /** A query for the primary key of all rows, see `Since`. */
  readonly keys: string;
}

export type CatchUpDecision =
  | WindowedCatchUp
  | { readonly kind: 'nothing'; readonly run: string; readonly sentence: string }
  /** The links are all there; only `latest.json` may be behind. */
  | { readonly kind: 'done'; readonly base: Link }
  | { readonly kind: 'again'; readonly run: string | null; readonly why: string; readonly runKey: string | null };

/**
 * What is to be done for a table whose job is locked.
 *
 *   a run that is not finished ──────────────▶ finished
 *   the newest run is of one state ──────────▶ nothing
 *   of several, caught up ───────────────────▶ nothing
 *   of several, and the source can tell what
 *   was written since the first one began ───▶ that, and the keys
 *   else ────────────────────────────────────▶ all rows again, and why
 *
 * Throws CATCH_UP_NOTHING for a job without a run, USAGE_INCREMENTAL for an incremental one.
 */
export async function decideCatchUp(session: SourceSession, table: OpenTable): Promise<CatchUpDecision> {
  if (table.settings.incremental !== null) throw ofWindows(table.name);
  const { store } = table.handle;
  const current = store.currentRun();
  if (current === null) throw nothingThere(table.name);
  if (current.status === 'running') {
    const why = `run ${current.runId} is not finished yet, and comes first`;
    return { kind: 'again', run: newestComplete(store)?.runId ?? null, why, runKey: current.runKey };
  }
  if (current.level === 'snapshot' || current.level === 'unchanged')
    return { kind: 'nothing', run: current.runId, sentence: `run ${current.runId} is of one state already` };
  const base = { manifest: readManifest(join(current.folder, MANIFEST_NAME)), folder: current.folder };
  if (existsSync(join(caughtUpOf(current).folder, MANIFEST_NAME))) return { kind: 'done', base };
  const found = obstacleTo(table, current, base) ?? (await since(session, table, current, base));
  return typeof found === 'string' ? { kind: 'again', run: current.runId, why: found, runKey: null } : found;
}

function newestComplete(store: CheckpointStore): RunRecord | undefined {
  return store.runs().findLast(({ status }) => status === 'complete');
}

/** Null: the files of the run have every key at most once, and can be gone on from. */
function obstacleTo(table: OpenTable, run: RunRecord, { manifest, folder }: Link): string | null {
  const { settings, fingerprint } = table;
  if (settings.limit !== null) return `run ${run.runId} took at most ${settings.limit} rows`;
  const [changed] = compareFingerprints(run.fingerprint, fingerprint);
  if (changed !== undefined)
    return `it is not as run ${run.runId} read it: ${changed.field} was ${changed.before ?? 'not set'} and is ${changed.now ?? 'not set'}`;
  const { primaryKey, columns } = table.table;
  if (!primaryKey.every((name) => columns.some((column) => column.name === name)))
    return 'its primary key is not among the selected columns';
  const gone = manifest.files.find(
    ({ path, bytes }) => statSync(join(folder, path), { throwIfNoEntry: false })?.size !== bytes,
  );
  if (gone !== undefined) return `${gone.path} of run ${run.runId} is gone, or has another size`;
  const basis = run.planBasis;
  if (basis.kind === 'physical') return 'it was read by blocks, so that a key may stand in its files twice';
  // Only a range of the key itself has a key for ever: one that moved meanwhile to another range would be in both.
  const other = basis.kind === 'key' ? basis.key.find((name) => !primaryKey.includes(name)) : undefined;
  return other === undefined || primaryKey.length === 0
    ? null
    : `its files are cut by ${other}, which is no part of its primary key, so that a key may stand in them twice`;
}

async function since(
  { cursors }: SourceSession,
  { table, settings: { where } }: OpenTable,
  run: RunRecord,
  base: Link,
): Promise<WindowedCatchUp | string> {
  const [first] = run.epochs;
  if (cursors.since === undefined)
    return 'this kind of source keeps no version of every row that says what was written since';
  if (first === undefined) return `nothing is known of when run ${run.runId} began to read`;
  const found = await cursors.since({ facts: first.facts, table, where });
  if (found.kind === 'unknown') return found.why;
  return { ...found, base, where: whereOf(cursors, table, where, found.window) };
}

function ofWindows(table: string): SqlextractError {
  return new SqlextractError({
    code: 'USAGE_INCREMENTAL',
    message: `${table} is read by windows, and --catch-up is of runs that read all rows`,
    hint: 'leave --catch-up out: what a window of several instants lacks comes with the next one, and load takes it as it is; or leave --incremental-by out',
    fault: 'usage',
  });
}

function nothingThere(table: string): SqlextractError {
  return new SqlextractError({
    code: 'CATCH_UP_NOTHING',
    message: `${table} has no run with these flags that could be caught up`,
    hint: 'type all flags of the run that is to be caught up (--where, --columns, --job, --state-dir …), and --catch-up; or leave --catch-up out',
    fault: 'usage',
  });
}
