import { describe, expect, it } from 'vitest';
import { createSharedState, requestStop } from '../../src/workers/shared-state.ts';
import { payFor, type RateLimits, withinRate } from '../../src/workers/throttle.ts';

const UNLIMITED: RateLimits = { rowsPerSecond: null, bytesPerSecond: null };
const BOUNDS = { rows: 32_768, bytes: 4_000_000 };

/** Several readers, each of which takes batches as fast as it may; what all of them took, and the longest wait of one. */
async function readFor(
  limits: RateLimits,
  readers: number,
  ms: number,
): Promise<{ perSecond: number; longest: number }> {
  const state = createSharedState(readers, BOUNDS);
  const batch = withinRate({ rows: 1000, bytes: 1000 }, limits);
  const startedAt = performance.now();
  let taken = 0;
  let longest = 0;
  const reader = async (): Promise<void> => {
    while (performance.now() - startedAt < ms) {
      const before = performance.now();
      await payFor(state, limits, batch);
      longest = Math.max(longest, performance.now() - before);
      taken += batch.rows;
    }
  };
  await Promise.all(Array.from({ length: readers }, reader));
  return { perSecond: taken / ((performance.now() - startedAt) / 1000), longest };
}

/* A machine that stops the process for a moment spoils a measurement, not the rate: it is measured again then. */
describe('the rate of a run', { retry: 3 }, () => {
  it('leaves batches alone when nothing is limited, else a quarter of a second’s budget each', () => {
    expect(withinRate(BOUNDS, UNLIMITED)).toEqual(BOUNDS);
    expect(withinRate(BOUNDS, { rowsPerSecond: 1000, bytesPerSecond: 1e6 })).toEqual({ rows: 250, bytes: 250_000 });
    expect(withinRate(BOUNDS, { rowsPerSecond: 1, bytesPerSecond: 1 })).toEqual({ rows: 1, bytes: 1 });
    expect(withinRate(BOUNDS, { rowsPerSecond: 1e9, bytesPerSecond: null })).toEqual(BOUNDS);
  });

  it.each([
    ['one reader', 1],
    ['four readers together', 4],
  ])('is kept to within 5 % by %s', async (_, readers) => {
    const { perSecond, longest } = await readFor({ ...UNLIMITED, rowsPerSecond: 2000 }, readers, 2000);
    expect(perSecond).toBeGreaterThan(1900);
    expect(perSecond).toBeLessThan(2100);
    expect(longest).toBeLessThan(readers * 250 + 150);
  });

  it('is that of the tighter of two limits', async () => {
    const { perSecond } = await readFor({ rowsPerSecond: 1e6, bytesPerSecond: 4000 }, 2, 1500);
    expect(perSecond).toBeGreaterThan(3700);
    expect(perSecond).toBeLessThan(4300);
  });

  it('makes up for a moment, but not for a long pause', async () => {
    const state = createSharedState(1, BOUNDS);
    const limits = { ...UNLIMITED, rowsPerSecond: 1000 };
    await payFor(state, limits, { rows: 1, bytes: 1 });
    await new Promise((resolve) => setTimeout(resolve, 600));
    const startedAt = performance.now();
    await payFor(state, limits, { rows: 250, bytes: 1 });
    expect(performance.now() - startedAt).toBeLessThan(150);
    await payFor(state, limits, { rows: 250, bytes: 1 });
    expect(performance.now() - startedAt).toBeGreaterThan(200);
  });

  it('does not keep a stop waiting', async () => {
    const state = createSharedState(1, BOUNDS);
    const startedAt = performance.now();
    setTimeout(() => requestStop(state), 50);
    await payFor(state, { ...UNLIMITED, rowsPerSecond: 1 }, { rows: 3600, bytes: 1 });
    // Without the stop it would be an hour.
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});
