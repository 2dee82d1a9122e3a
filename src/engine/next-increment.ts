import type { CountedTies, Watermark } from '../model/cursor.ts';
import type { IncrementalState } from '../model/incremental-state.ts';
import type { SourceSession } from '../sources/source.ts';
import { countTies, staysCounted } from './counted-ties.ts';
import { isOneState } from './one-state.ts';
import type { Consistency, TableRun } from './table-run.ts';
import { tieKeyOf } from './unique-key.ts';

/** More rows at one value are not listed: they are counted, and read again (marked so) when the next run finds others there. */
const MOST_TIES = 2000;

/**
 * What the job remembers of a window whose files are all there; undefined for other runs.
 *
 *   rows were delivered ──inside the one snapshot of all files──▶ largest value, without the rows that stand at it
 *                       └─else──────────────────────────────────▶ largest value, with them: they are read again
 *   more than can be listed stand there ──▶ their number and checksum: they are read again when these have changed
 *   none were ──▶ the watermark stays where it is
 *   it was set or reset by hand since the run began ──▶ that holds
 */
export async function nextIncrement(
  run: TableRun,
  consistency: Consistency,
  session: SourceSession,
  when: 'run' | 'later',
): Promise<IncrementalState | undefined> {
  if (run.increment === null) return undefined;
  const { window, model } = run.increment;
  const known = run.store.incremental();
  const before = window.reset ? null : (known?.watermark ?? null);
  if (window.backfill) return { ...(known ?? { ...model, watermark: null }), run: run.runId };
  const watermark = await movedTo(run, isOneState(run, consistency, when), session);
  const moved = changedByHand(run, known) ? (known?.watermark ?? null) : (watermark ?? before);
  return { ...model, watermark: moved, run: run.runId };
}

/** Between a kill and its rerun. The window is read to its end all the same: it was fixed before, and has no gap. */
function changedByHand({ increment, startedAt }: TableRun, known: IncrementalState | null): boolean {
  const { watermark = null } = known ?? {};
  if (watermark === null) return known !== null && increment?.window.reset === false;
  return watermark.run === null && watermark.movedAt > startedAt;
}

async function movedTo(run: TableRun, exact: boolean, session: SourceSession): Promise<Watermark | null> {
  if (run.increment === null) return null;
  const { window } = run.increment;
  const moved = { column: window.column, run: run.runId, movedAt: new Date().toISOString() };
  const key = exact ? tieKeyOf(run.table, window.uniqueKey) : [];
  const request = { table: run.table, window, where: run.askedWhere, key, most: MOST_TIES };
  // Also where the next window does not follow from the rows: it is looked at there whether this one could be read.
  const { largest, ties } = await session.cursors.delivered(request);
  if (window.next !== null) return { ...moved, from: { value: window.next, ties: { kind: 'all' } } };
  if (largest === null) return null;
  if (exact && ties !== null && ties.length > 0)
    return { ...moved, from: { value: largest, ties: { kind: 'except', key, tuples: ties } } };
  const counted = exact && staysCounted(window.column) ? await countedAt(run, largest, session) : null;
  return { ...moved, from: { value: largest, ties: counted ?? { kind: 'all' } } };
}

/** Null: they cannot be counted, which is no reason for the run to fail. */
async function countedAt(run: TableRun, value: string, session: SourceSession): Promise<CountedTies | null> {
  const { table, increment, askedWhere: where } = run;
  if (increment === null) return null;
  const sumOf = async (condition: string) => session.checksum({ table, where: condition });
  const { column } = increment.window;
  return countTies({ cursors: session.cursors, table, where, column, value, sumOf }).catch(() => null);
}
