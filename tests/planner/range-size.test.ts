import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextRangeRows } from '../../src/planner/range-size.ts';

const KNOWN = {
  estimatedRows: 10_000_000,
  estimatedBytes: 1_000_000_000,
  plannedRows: 0,
  measuredBytes: 0,
  measuredRows: 0,
};

describe('the size of the next range', () => {
  it('aims at the wanted bytes once bytes are measured', () => {
    const facts = { ...KNOWN, measuredRows: 1000, measuredBytes: 100_000 };
    expect(nextRangeRows(facts, { chunkBytes: 10_000_000, workers: 2 })).toBe(100_000);
  });

  it('becomes smaller towards the end, so that workers end together', () => {
    const facts = { ...KNOWN, measuredRows: 1000, measuredBytes: 1000 };
    const goal = { chunkBytes: 1e9, workers: 4 };
    expect(nextRangeRows({ ...facts, plannedRows: 9_400_000 }, goal)).toBe(100_000);
    expect(nextRangeRows({ ...facts, plannedRows: 9_990_000 }, goal)).toBe(50_000);
  });

  it('is moderate before anything is measured', () => {
    expect(nextRangeRows(KNOWN, { chunkBytes: 1e12, workers: 2 })).toBe(250_000);
  });

  it('gives every worker something of a table that would fit into one file', () => {
    const facts = { ...KNOWN, estimatedRows: 200_000, estimatedBytes: 20_000_000 };
    expect(nextRangeRows(facts, { chunkBytes: 100_000_000, workers: 8 })).toBe(16_666);
  });

  it('goes below the smallest range when rows are huge', () => {
    const facts = { ...KNOWN, measuredRows: 10, measuredBytes: 10_000_000 };
    expect(nextRangeRows(facts, { chunkBytes: 100_000_000, workers: 2 })).toBe(100);
  });

  it('is a whole number of at least one row, whatever the facts are', () => {
    const count = fc.integer({ min: 0, max: 1e9 });
    const facts = fc.record({
      estimatedRows: fc.option(count),
      estimatedBytes: fc.option(count),
      plannedRows: count,
      measuredBytes: count,
      measuredRows: count,
    });
    fc.assert(
      fc.property(
        facts,
        fc.integer({ min: 1, max: 1e12 }),
        fc.integer({ min: 1, max: 64 }),
        (known, chunkBytes, workers) => {
          const rows = nextRangeRows(known, { chunkBytes, workers });
          expect(Number.isInteger(rows) && rows >= 1).toBe(true);
        },
      ),
    );
  });
});
