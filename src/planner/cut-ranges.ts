import type { Chunk } from '../model/chunk.ts';
import type { KeyRange, KeyTuple } from '../model/key-range.ts';
import type { PlanBasis, PlanProgress } from '../model/plan.ts';

/** The key `step` rows after `after` in the server's order, null when fewer are left (SourceSession.nextBoundary). */
export type BoundaryFinder = (after: KeyTuple | null, step: number) => Promise<KeyTuple | null>;

export interface CutRequest {
  readonly basis: PlanBasis;
  readonly progress: PlanProgress;
  /** Of the first chunk that is cut now. */
  readonly nextOrdinal: number;
  /** Rows the next range should have. */
  readonly rows: number;
  /** Rows by statistics; sizes block ranges. */
  readonly estimatedRows: number | null;
  readonly limit: number | null;
  readonly boundary: BoundaryFinder;
}

export interface Cut {
  readonly chunks: readonly Chunk[];
  readonly progress: PlanProgress;
}

/**
 * Cuts the next range off the part of the table that no saved range covers.
 *
 *   key:       nothing ──▶ (-∞,b1) ──▶ [b1,b2) ──▶ … ──▶ [bn,+∞) and, when the key can be NULL, the null range ──▶ complete
 *   physical:  blocks of the first relation, the last range open-ended, then the next relation ──▶ complete
 *   whole:     all rows ──▶ complete
 */
export async function cutNext(request: CutRequest): Promise<Cut> {
  const { basis } = request;
  switch (basis.kind) {
    case 'key':
      return cutByKey(request, basis.nullable);
    case 'physical':
      return cutByBlocks(request, basis.parts);
    case 'whole':
      return completed(request, [{ kind: 'all' }]);
    default:
      return basis satisfies never;
  }
}

async function cutByKey(request: CutRequest, nullable: boolean): Promise<Cut> {
  const from = request.progress.coveredTo;
  const to = await request.boundary(from, request.rows);
  if (to === null) {
    const last: KeyRange = { kind: 'between', from, to: null };
    return completed(request, nullable ? [last, { kind: 'null' }] : [last]);
  }
  return {
    chunks: numbered(request, [{ kind: 'between', from, to }]),
    progress: { ...request.progress, coveredTo: to },
  };
}

function cutByBlocks(request: CutRequest, parts: readonly { relation: string; blocks: number }[]): Cut {
  const { nextPart, nextBlock } = request.progress;
  const part = parts[nextPart];
  if (part === undefined) throw new Error('a plan by blocks needs at least one relation');
  const allBlocks = parts.reduce((sum, each) => sum + each.blocks, 0);
  const rowsPerBlock = Math.max(1, (request.estimatedRows ?? allBlocks * 50) / Math.max(1, allBlocks));
  const end = nextBlock + Math.max(1, Math.ceil(request.rows / rowsPerBlock));
  const last = end >= part.blocks;
  const range: KeyRange = {
    kind: 'physical',
    relation: part.relation,
    fromBlock: nextBlock,
    toBlock: last ? null : end,
  };
  if (last && nextPart + 1 === parts.length) return completed(request, [range]);
  const progress = last ? { nextPart: nextPart + 1, nextBlock: 0 } : { nextPart, nextBlock: end };
  return { chunks: numbered(request, [range]), progress: { ...request.progress, ...progress } };
}

function completed(request: CutRequest, ranges: readonly KeyRange[]): Cut {
  return { chunks: numbered(request, ranges), progress: { ...request.progress, complete: true } };
}

function numbered(request: CutRequest, ranges: readonly KeyRange[]): readonly Chunk[] {
  return ranges.map((range, index) => ({ ordinal: request.nextOrdinal + index, range, limit: request.limit }));
}
