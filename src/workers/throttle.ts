import { setTimeout as sleep } from 'node:timers/promises';
import type { Storage } from '../model/column-type.ts';
import { storageOf } from '../model/column-type.ts';
import type { RowBatch } from '../model/row-batch.ts';
import type { ColumnSchema } from '../model/table.ts';
import { rateClocks, stopRequested } from './shared-state.ts';
import type { SharedState } from './shared-state.ts';

/** What the whole run may take from the source in a second, over all workers; null: as much as it gives. */
export interface RateLimits {
  readonly rowsPerSecond: number | null;
  readonly bytesPerSecond: number | null;
}

export interface BatchBounds {
  readonly rows: number;
  readonly bytes: number;
}

/** A batch takes at most this part of a second's budget, so that the source sees a stream and no bursts. */
const BATCH_SECONDS = 0.25;
/** What was not used lately may be made up for: so much of it, and nothing of what lies longer back. */
const CREDIT_US = 250_000n;
/** How soon a stop ends a wait. */
const SLICE_MS = 100;

/** No batch larger than a quarter of a second's budget. */
export function withinRate(bounds: BatchBounds, limits: RateLimits): BatchBounds {
  const { rowsPerSecond, bytesPerSecond } = limits;
  return {
    rows: Math.max(1, Math.min(bounds.rows, Math.ceil((rowsPerSecond ?? Infinity) * BATCH_SECONDS))),
    bytes: Math.max(1, Math.min(bounds.bytes, Math.ceil((bytesPerSecond ?? Infinity) * BATCH_SECONDS))),
  };
}

/**
 * Pays for what was read, and waits until the run's budget has it. All workers share one clock per limit: the moment until which the
 * budget is spent (microseconds of the process' own clock). Each batch moves it on by what it costs and waits for it, so that
 * the sum over all workers keeps to the limit. Waiting means not to ask for the next batch, which is what slows the server down.
 */
export async function payFor(
  state: SharedState,
  limits: RateLimits,
  taken: { readonly rows: number; readonly bytes: number },
): Promise<void> {
  const clocks = rateClocks(state);
  const waits = [
    reserve(clocks, 0, taken.rows, limits.rowsPerSecond),
    reserve(clocks, 1, taken.bytes, limits.bytesPerSecond),
  ];
  const until = performance.now() + Math.max(...waits);
  for (let left = until - performance.now(); left > 0; left = until - performance.now()) {
    if (stopRequested(state)) return;
    await sleep(Math.min(SLICE_MS, left));
  }
}

/** Milliseconds to wait. */
function reserve(clocks: BigInt64Array, index: number, cost: number, perSecond: number | null): number {
  if (perSecond === null || cost === 0) return 0;
  const micros = BigInt(Math.ceil((cost / perSecond) * 1e6));
  for (;;) {
    const spentUntil = Atomics.load(clocks, index);
    const now = process.hrtime.bigint() / 1000n;
    const from = spentUntil === 0n ? now : later(spentUntil, now - CREDIT_US);
    const due = from + micros;
    if (Atomics.compareExchange(clocks, index, spentUntil, due) === spentUntil) return Number(due - now) / 1000;
  }
}

function later(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}

const FIXED_BYTES = {
  bits: 1,
  words1: 4,
  words2: 8,
  words4: 16,
  float32: 4,
  float64: 8,
  bytes: 0,
} as const satisfies Record<Storage, number>;

/** The values of a batch, for sources that do not say what arrived. */
export function bytesOf(batch: RowBatch, columns: readonly ColumnSchema[]): number {
  return columns.reduce((sum, { type }, index) => {
    const texts = batch.columns[index]?.offsets?.[batch.rowCount] ?? 0;
    return sum + texts + batch.rowCount * FIXED_BYTES[storageOf(type)];
  }, 0);
}
