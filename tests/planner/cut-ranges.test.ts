import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Chunk } from '../../src/model/chunk.ts';
import type { KeyTuple } from '../../src/model/key-range.ts';
import type { PlanBasis, PlanProgress } from '../../src/model/plan.ts';
import { NOTHING_PLANNED } from '../../src/model/plan.ts';
import { cutNext } from '../../src/planner/cut-ranges.ts';
import type { BoundaryFinder } from '../../src/planner/cut-ranges.ts';
import { denseKeyFinder } from '../../src/planner/dense-keys.ts';

const BY_ID: PlanBasis = { kind: 'key', key: ['id'], nullable: false, why: 'test' };

/** A server with a sorted list of integer keys, duplicates allowed, that counts how many rows it stepped over. */
function server(keys: readonly bigint[]): { walk: BoundaryFinder; stepped: () => number } {
  const sorted = [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  let steps = 0;
  const walk: BoundaryFinder = async (after, step) => {
    const from = after === null ? 0 : firstAt(sorted, BigInt(after[0] ?? '0'));
    steps += step;
    const reached = sorted[from + step];
    if (reached === undefined) return null;
    if (after === null || reached > BigInt(after[0] ?? '0')) return [reached.toString()];
    const next = sorted.find((key) => key > reached);
    return next === undefined ? null : [next.toString()];
  };
  return { walk, stepped: () => steps };
}

function firstAt(sorted: readonly bigint[], key: bigint): number {
  const index = sorted.findIndex((each) => each >= key);
  return index === -1 ? sorted.length : index;
}

async function cutAll(basis: PlanBasis, boundary: BoundaryFinder, rows: number): Promise<readonly Chunk[]> {
  const chunks: Chunk[] = [];
  let progress: PlanProgress = NOTHING_PLANNED;
  while (!progress.complete) {
    const cut = await cutNext({
      basis,
      progress,
      nextOrdinal: chunks.length + 1,
      rows,
      estimatedRows: null,
      limit: null,
      boundary,
    });
    chunks.push(...cut.chunks);
    progress = cut.progress;
    if (chunks.length > 100_000) throw new Error('the cutting does not end');
  }
  return chunks;
}

function holds(chunk: Chunk, key: bigint): boolean {
  const { range } = chunk;
  if (range.kind !== 'between') return false;
  const at = (tuple: KeyTuple) => BigInt(tuple[0] ?? '0');
  return (range.from === null || key >= at(range.from)) && (range.to === null || key < at(range.to));
}

const keyLists = fc.oneof(
  fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { maxLength: 200 }),
  fc.array(fc.bigInt({ min: 0n, max: 60n }), { maxLength: 200 }),
  fc
    .tuple(fc.bigInt({ min: -1000n, max: 1000n }), fc.integer({ min: 0, max: 300 }))
    .map(([from, count]) => Array.from({ length: count }, (_, i) => from + BigInt(i))),
);

describe('cutting by key', () => {
  it('puts every key, present or not, into exactly one range', async () => {
    await fc.assert(
      fc.asyncProperty(
        keyLists,
        fc.integer({ min: 1, max: 50 }),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        async (keys, rows, other) => {
          const chunks = await cutAll(BY_ID, server(keys).walk, rows);
          for (const key of [...keys, other]) expect(chunks.filter((chunk) => holds(chunk, key))).toHaveLength(1);
          expect(chunks.map((chunk) => chunk.ordinal)).toEqual(chunks.map((_, index) => index + 1));
        },
      ),
    );
  });

  it('makes no empty range but for an empty table, and none larger than asked where keys are unique', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.bigInt({ min: -100_000n, max: 100_000n }), { maxLength: 300 }),
        fc.integer({ min: 1, max: 50 }),
        async (keys, rows) => {
          const chunks = await cutAll(BY_ID, server(keys).walk, rows);
          const sizes = chunks.map((chunk) => keys.filter((key) => holds(chunk, key)).length);
          if (keys.length > 0) expect(Math.min(...sizes)).toBeGreaterThan(0);
          expect(Math.max(...sizes)).toBeLessThanOrEqual(rows);
        },
      ),
    );
  });

  it('adds one range for rows without a key', async () => {
    const chunks = await cutAll({ ...BY_ID, nullable: true }, server([1n, 2n, 3n]).walk, 2);
    expect(chunks.map((chunk) => chunk.range.kind)).toEqual(['between', 'between', 'null']);
  });

  it('gets past more equal keys than a range should have', async () => {
    const keys = [...Array.from({ length: 500 }, () => 7n), 8n, 9n];
    const chunks = await cutAll(BY_ID, server(keys).walk, 10);
    expect(chunks.length).toBeLessThan(5);
    for (const key of [7n, 8n, 9n]) expect(chunks.filter((chunk) => holds(chunk, key))).toHaveLength(1);
  });
});

describe('dense integer keys', () => {
  it('cover every key exactly once, without empty ranges, whatever the gaps are', async () => {
    const gappy = fc.array(
      fc.record({ run: fc.integer({ min: 1, max: 200 }), gap: fc.integer({ min: 0, max: 100_000 }) }),
      { maxLength: 10 },
    );
    await fc.assert(
      fc.asyncProperty(gappy, fc.integer({ min: 1, max: 40 }), async (runs, rows) => {
        const keys: bigint[] = [];
        let at = -5000n;
        for (const { run, gap } of runs) {
          for (let i = 0; i < run; i += 1) keys.push((at += 1n));
          at += BigInt(gap);
        }
        const chunks = await cutAll(BY_ID, denseKeyFinder(server(keys).walk), rows);
        const sizes = chunks.map((chunk) => keys.filter((key) => holds(chunk, key)).length);
        expect(sizes.reduce((a, b) => a + b, 0)).toBe(keys.length);
        if (keys.length > 0) expect(Math.min(...sizes)).toBeGreaterThan(0);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(2 * rows + 2);
      }),
    );
  });

  it('step over far fewer rows than a walk', async () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => BigInt(i));
    const walked = server(keys);
    await cutAll(BY_ID, walked.walk, 1000);
    const computed = server(keys);
    const chunks = await cutAll(BY_ID, denseKeyFinder(computed.walk), 1000);
    expect(chunks.length).toBeGreaterThan(90);
    expect(computed.stepped()).toBeLessThan(walked.stepped() / 4);
  });
});

describe('a guess', () => {
  it.each([2n ** 7n - 1n, 2n ** 15n - 1n, 2n ** 31n - 1n, 2n ** 63n - 1n])(
    'is never a number that the key type of the largest key (%s) has not',
    async (largest) => {
      const keys = Array.from({ length: 120 }, (_, i) => largest - 119n + BigInt(i));
      const { walk } = server(keys);
      const strict: BoundaryFinder = async (after, step) => {
        expect(BigInt(after?.[0] ?? 0)).toBeLessThanOrEqual(largest);
        return walk(after, step);
      };
      const chunks = await cutAll(BY_ID, denseKeyFinder(strict), 10);
      for (const key of keys) expect(chunks.filter((chunk) => holds(chunk, key))).toHaveLength(1);
    },
  );
});

describe('cutting by blocks', () => {
  it('covers every block of every relation once, the last range of each open', async () => {
    const parts = [
      { relation: 'a', blocks: 10 },
      { relation: 'b', blocks: 0 },
      { relation: 'c', blocks: 3 },
    ];
    const never: BoundaryFinder = async () => null;
    const chunks: Chunk[] = [];
    let progress: PlanProgress = NOTHING_PLANNED;
    while (!progress.complete) {
      const cut = await cutNext({
        basis: { kind: 'physical', parts, why: 'test' },
        progress,
        nextOrdinal: chunks.length + 1,
        rows: 40,
        estimatedRows: 130,
        limit: null,
        boundary: never,
      });
      chunks.push(...cut.chunks);
      progress = cut.progress;
    }
    const text = chunks.map(({ range }) =>
      range.kind === 'physical' ? `${range.relation} ${range.fromBlock}-${range.toBlock}` : range.kind,
    );
    expect(text).toEqual(['a 0-4', 'a 4-8', 'a 8-null', 'b 0-null', 'c 0-null']);
  });
});
