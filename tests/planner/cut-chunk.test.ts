import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Chunk } from '../../src/model/chunk.ts';
import type { KeyRange, KeyTuple } from '../../src/model/key-range.ts';
import type { PlanBasis } from '../../src/model/plan.ts';
import { cutChunk } from '../../src/planner/cut-chunk.ts';

const BY_KEY: PlanBasis = { kind: 'key', key: ['id'], nullable: false, why: '' };
const BY_BLOCKS: PlanBasis = { kind: 'physical', parts: [{ relation: 't', blocks: 40 }], why: '' };

/** The server's side over sorted keys, which may be there more than once: the key `step` rows on, or the next greater one. */
function finder(keys: readonly number[], asked: number[] = []) {
  return async (after: KeyTuple | null, before: KeyTuple | null, step: number): Promise<KeyTuple | null> => {
    asked.push(step);
    const from = after === null ? -Infinity : Number(after[0]);
    const inside = keys.filter((key) => key >= from);
    const start = after === null ? inside[0] : from;
    const reached = inside.find((key, index) => index >= step && key > (start ?? Infinity));
    return reached === undefined || (before !== null && reached >= Number(before[0])) ? null : [String(reached)];
  };
}

function inRange(range: KeyRange, key: number): boolean {
  if (range.kind !== 'between') throw new Error(`${range.kind} holds no keys`);
  return (range.from === null || key >= Number(range.from[0])) && (range.to === null || key < Number(range.to[0]));
}

function between(from: number | null, to: number | null): Chunk {
  const tuple = (key: number | null) => (key === null ? null : [String(key)]);
  return { ordinal: 7, range: { kind: 'between', from: tuple(from), to: tuple(to) }, limit: null };
}

const end = fc.option(fc.integer({ min: 0, max: 60 }));

describe('a range cut in two', () => {
  it('has every key in exactly one half, whatever the keys, the ends and the guess are', async () => {
    const keys = fc
      .array(fc.integer({ min: 0, max: 60 }), { maxLength: 80 })
      .map((all) => all.toSorted((a, b) => a - b));
    let cuts = 0;
    await fc.assert(
      fc.asyncProperty(keys, end, end, fc.integer({ min: 1, max: 500 }), async (all, from, to, rows) => {
        fc.pre(from === null || to === null || from < to);
        const chunk = between(from, to);
        const cut = await cutChunk({ chunk, basis: BY_KEY, nextOrdinal: 12, rows, boundary: finder(all) });
        const inside = all.filter((key) => inRange(chunk.range, key));
        if (cut === null) {
          expect(new Set(inside).size).toBeLessThan(2);
          return;
        }
        cuts += 1;
        expect([cut.kept.ordinal, cut.rest.ordinal]).toEqual([7, 12]);
        for (const key of all) {
          const halves = [cut.kept, cut.rest].filter(({ range }) => inRange(range, key)).length;
          expect(halves).toBe(inRange(chunk.range, key) ? 1 : 0);
        }
        expect(inside.some((key) => inRange(cut.rest.range, key))).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(cuts).toBeGreaterThan(100);
  });

  it('is cut at half of its rows when they are known, and asks few questions when they are not', async () => {
    const keys = Array.from({ length: 1000 }, (_, key) => key);
    const known = await cutChunk({
      chunk: between(0, 1000),
      basis: BY_KEY,
      nextOrdinal: 2,
      rows: 1000,
      boundary: finder(keys),
    });
    expect(known?.kept.range).toEqual({ kind: 'between', from: ['0'], to: ['500'] });
    expect(known?.keptRows).toBe(500);
    const asked: number[] = [];
    const boundary = finder(keys, asked);
    await cutChunk({ chunk: between(0, 3), basis: BY_KEY, nextOrdinal: 2, rows: 50_000_000, boundary });
    expect(asked.length).toBeLessThan(16);
    expect(asked.at(-1)).toBe(1);
  });

  it('cuts blocks in the middle, also those up to the end of the relation', async () => {
    const range = { kind: 'physical', relation: 't', fromBlock: 10, toBlock: null } as const;
    const request = { basis: BY_BLOCKS, nextOrdinal: 2, rows: 1, boundary: finder([]) };
    const cut = await cutChunk({ ...request, chunk: { ordinal: 1, range, limit: null } });
    expect([cut?.kept.range, cut?.rest.range]).toEqual([
      { ...range, toBlock: 25 },
      { ...range, fromBlock: 25 },
    ]);
    const one = { ...range, fromBlock: 39 };
    expect(await cutChunk({ ...request, chunk: { ordinal: 1, range: one, limit: null } })).toBeNull();
  });

  it.each(['all', 'null'] as const)('leaves a range of kind %s as it is', async (kind) => {
    const chunk: Chunk = { ordinal: 1, range: { kind }, limit: null };
    const asked: number[] = [];
    const boundary = finder([1, 2, 3], asked);
    expect(await cutChunk({ chunk, basis: BY_KEY, nextOrdinal: 2, rows: 10, boundary })).toBeNull();
    expect(asked).toEqual([]);
  });
});
