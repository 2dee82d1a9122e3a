import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchMemory } from '../../src/engine/memory-pressure.ts';
import { shareMemory } from '../../src/engine/memory-shares.ts';
import { batchBounds, createSharedState } from '../../src/workers/shared-state.ts';

const LIMIT = 1_000_000_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('batches are halved as long as memory is short, down to a smallest size, and it is said', () => {
  const shared = createSharedState(2, { rows: 32_768, bytes: 8 * 1024 * 1024 });
  let resident = 0.5 * LIMIT;
  using memory = watchMemory(shared, LIMIT, () => resident);
  vi.advanceTimersByTime(5_000);
  expect(batchBounds(shared).rows).toBe(32_768);
  expect(memory.remark).toBeNull();
  resident = 0.9 * LIMIT;
  vi.advanceTimersByTime(1_000);
  expect(batchBounds(shared)).toEqual({ rows: 8_192, bytes: 2 * 1024 * 1024 });
  expect(memory.remark).toBe('batches were shrunk from 32768 to 8192 rows under memory pressure');
  vi.advanceTimersByTime(60_000);
  expect(batchBounds(shared)).toEqual({ rows: 256, bytes: 64 * 1024 });
});

test('what a worker may hold is its share of the buffer, and no more than is of use', () => {
  expect(shareMemory(64_000_000, 4)).toEqual({ batchBytes: 4_000_000, rowGroupBytes: 8_000_000 });
  expect(shareMemory(8_000_000_000, 2)).toEqual({ batchBytes: 32 * 1024 * 1024, rowGroupBytes: 128 * 1024 * 1024 });
});
