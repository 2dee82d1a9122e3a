import { batchBounds, setBatchBounds } from '../workers/shared-state.ts';
import type { SharedState } from '../workers/shared-state.ts';

const CHECK_EVERY_MS = 500;
/** Above this share of the machine's (or container's) memory batches are halved. */
const PRESSURE = 0.8;
const SMALLEST_ROWS = 256;
const SMALLEST_BYTES = 64 * 1024;

export interface MemoryWatch extends Disposable {
  readonly peakBytes: number;
  /** What the report says when batches were shrunk; null when they were not. */
  readonly remark: string | null;
}

/** Watches this process's resident memory and halves the batches of all workers while it is too high. */
export function watchMemory(
  shared: SharedState,
  limitBytes: number,
  residentBytes = () => process.memoryUsage.rss(),
): MemoryWatch {
  const before = batchBounds(shared);
  let peakBytes = residentBytes();
  let shrunk = false;
  const check = () => {
    const now = residentBytes();
    peakBytes = Math.max(peakBytes, now);
    const { rows, bytes } = batchBounds(shared);
    if (now < limitBytes * PRESSURE || (rows <= SMALLEST_ROWS && bytes <= SMALLEST_BYTES)) return;
    setBatchBounds(shared, { rows: Math.max(SMALLEST_ROWS, rows >> 1), bytes: Math.max(SMALLEST_BYTES, bytes / 2) });
    shrunk = true;
  };
  const timer = setInterval(check, CHECK_EVERY_MS);
  timer.unref();
  return {
    get peakBytes() {
      return Math.max(peakBytes, process.resourceUsage().maxRSS * 1024);
    },
    get remark() {
      const now = batchBounds(shared);
      return shrunk ? `batches were shrunk from ${before.rows} to ${now.rows} rows under memory pressure` : null;
    },
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  };
}
