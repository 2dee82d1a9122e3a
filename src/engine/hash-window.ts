import type { IncrementalWindow } from '../model/cursor.ts';
import { HASH_COLUMN } from '../model/cursor.ts';
import type { IncrementalState } from '../model/incremental-state.ts';

const PROMISE =
  'every difference between what was delivered before and the table as of the snapshot, found by comparing all rows, which are all read from the source';

/** The window of a table without a cursor: whatever differs from the last link of its job's chain. */
export function hashWindow(
  uniqueKey: readonly string[],
  state: IncrementalState | null,
  last: string | null,
): IncrementalWindow {
  const reset = (state?.watermark ?? null) === null;
  const bounds = { from: null, to: null, nulls: false, repeatedTo: null, next: null };
  const chain = { previous: reset ? null : last, reset, backfill: false };
  return { column: HASH_COLUMN, ...bounds, strategy: 'merge', uniqueKey, ...chain, promise: PROMISE };
}
