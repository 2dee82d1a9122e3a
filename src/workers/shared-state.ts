import type { WorkerView } from '../model/worker-view.ts';

/**
 * The few numbers that the main thread and its workers share without messages. Layout of the Int32Array:
 *
 *   0 stop flag · 1 rows a batch · 2 bytes a batch (KiB) · 3 write lock · 4 workers joined · 5 next free slot · 6–7 unused
 *   8–9 and 10–11 clocks of the row and the byte rate (64 bits each, throttle.ts)
 *   then SLOT_WORDS per worker: state, table, ordinal, rows, bytes (KiB), unused
 */
export type SharedState = Int32Array<SharedArrayBuffer>;

const HEADER_WORDS = 12;
const SLOT_WORDS = 6;
const STATES = ['idle', 'reading', 'encoding', 'writing', 'waiting'] as const;

/** A thread that died on the way never arrives. */
const ARRIVAL_LIMIT_MS = 30_000;

const STOP = 0;
const BATCH_ROWS = 1;
const BATCH_KIB = 2;
const WRITE_LOCK = 3;
const JOINED = 4;
const NEXT_SLOT = 5;
const RATE_CLOCKS = 8;

export function createSharedState(workers: number, batch: { rows: number; bytes: number }): SharedState {
  const state = new Int32Array(new SharedArrayBuffer((HEADER_WORDS + workers * SLOT_WORDS) * 4));
  setBatchBounds(state, batch);
  return state;
}

export function requestStop(state: SharedState): void {
  Atomics.store(state, STOP, 1);
}

export function stopRequested(state: SharedState): boolean {
  return Atomics.load(state, STOP) === 1;
}

export function clearStop(state: SharedState): void {
  Atomics.store(state, STOP, 0);
}

export function setBatchBounds(state: SharedState, batch: { rows: number; bytes: number }): void {
  Atomics.store(state, BATCH_ROWS, Math.max(1, batch.rows));
  Atomics.store(state, BATCH_KIB, Math.max(1, Math.floor(batch.bytes / 1024)));
}

export function batchBounds(state: SharedState): { rows: number; bytes: number } {
  return { rows: Atomics.load(state, BATCH_ROWS), bytes: Atomics.load(state, BATCH_KIB) * 1024 };
}

/** One word that `sinks` lock around a physical write when files are to be written one at a time. */
export function writeLockOf(state: SharedState): Int32Array<SharedArrayBuffer> {
  return new Int32Array(state.buffer, WRITE_LOCK * 4, 1);
}

/** Until when the budget of rows, and of bytes, is spent: microseconds of `process.hrtime`, 0 before anything was read. */
export function rateClocks(state: SharedState): BigInt64Array<SharedArrayBuffer> {
  return new BigInt64Array(state.buffer, RATE_CLOCKS * 4, 2);
}

/** All threads of a join must have arrived before the first goes on: else one thread could take two join tasks. */
export async function arriveAndWait(state: SharedState, expected: number): Promise<void> {
  const arrived = Atomics.add(state, JOINED, 1) + 1;
  if (arrived >= expected) {
    Atomics.notify(state, JOINED);
    return;
  }
  const deadline = Date.now() + ARRIVAL_LIMIT_MS;
  for (let seen = arrived; seen < expected; seen = Atomics.load(state, JOINED)) {
    if (stopRequested(state) || Date.now() > deadline) return;
    await Atomics.waitAsync(state, JOINED, seen, 200).value;
  }
}

export function resetArrivals(state: SharedState): void {
  Atomics.store(state, JOINED, 0);
}

/** A thread's own slot; a thread that replaces a dead one takes over the oldest. */
export function takeSlot(state: SharedState): number {
  const slots = (state.length - HEADER_WORDS) / SLOT_WORDS;
  return Atomics.add(state, NEXT_SLOT, 1) % slots;
}

export interface SlotUpdate {
  readonly state: WorkerView['state'];
  readonly table?: number;
  readonly ordinal?: number;
  readonly rows?: number;
  readonly bytes?: number;
}

export function updateSlot(state: SharedState, slot: number, update: SlotUpdate): void {
  const base = HEADER_WORDS + slot * SLOT_WORDS;
  state[base] = STATES.indexOf(update.state);
  if (update.table !== undefined) state[base + 1] = update.table;
  if (update.ordinal !== undefined) state[base + 2] = update.ordinal;
  if (update.rows !== undefined) state[base + 3] = update.rows;
  if (update.bytes !== undefined) state[base + 4] = Math.floor(update.bytes / 1024);
}

/** `tables` maps the table number of a slot to its name. */
export function viewWorkers(state: SharedState, tables: readonly string[]): readonly WorkerView[] {
  const slots = (state.length - HEADER_WORDS) / SLOT_WORDS;
  return Array.from({ length: slots }, (_, slot) => {
    const [code = 0, table = 0, ordinal = 0, rows = 0, kib = 0] = state.subarray(HEADER_WORDS + slot * SLOT_WORDS);
    const name = STATES[code] ?? 'idle';
    const busy = name !== 'idle';
    return {
      worker: slot + 1,
      state: name,
      table: busy ? (tables[table] ?? null) : null,
      ordinal: busy ? ordinal : null,
      rows: busy ? rows : 0,
      bytes: busy ? kib * 1024 : 0,
    };
  });
}
