import type { Chunk } from '../model/chunk.ts';
import type { KeyRange, KeyTuple } from '../model/key-range.ts';
import type { PlanBasis } from '../model/plan.ts';

export interface CutChunkRequest {
  readonly chunk: Chunk;
  readonly basis: PlanBasis;
  /** Of the rest. */
  readonly nextOrdinal: number;
  /** Rows the chunk has, as far as is known; at least 1. Too many costs a few questions more, too few a lopsided cut. */
  readonly rows: number;
  /** SourceSession.nextBoundary between two keys. */
  boundary(after: KeyTuple | null, before: KeyTuple | null, step: number): Promise<KeyTuple | null>;
}

export interface CutChunk {
  /** Of the same ordinal. */
  readonly kept: Chunk;
  readonly rest: Chunk;
  /** Rows in `kept`, by the walk; null for blocks. */
  readonly keptRows: number | null;
}

/**
 * Cuts a range that was too much for the source in two: every row of it is in exactly one of them. Null when it cannot be cut: one key, one
 * block, all rows without a key, a whole table in one stream.
 */
export async function cutChunk(request: CutChunkRequest): Promise<CutChunk | null> {
  const { range } = request.chunk;
  switch (range.kind) {
    case 'between':
      return cutKeys(request, range);
    case 'physical':
      return cutBlocks(request, range);
    case 'all':
    case 'null':
      return null;
    default:
      return range satisfies never;
  }
}

async function cutKeys(request: CutChunkRequest, range: KeyRange & { kind: 'between' }): Promise<CutChunk | null> {
  for (const step of stepsDown(request.rows)) {
    const at = await request.boundary(range.from, range.to, step);
    if (at !== null) return inTwo(request, { ...range, to: at }, { ...range, from: at }, step);
  }
  return null;
}

/** Half the rows, then a quarter of the last step while it reaches beyond the range: a dozen questions from 50 million down to 1. */
function* stepsDown(rows: number): Generator<number> {
  for (let step = Math.max(1, Math.floor(rows / 2)); ; step = Math.max(1, Math.floor(step / 4))) {
    yield step;
    if (step === 1) return;
  }
}

function cutBlocks(request: CutChunkRequest, range: KeyRange & { kind: 'physical' }): CutChunk | null {
  const { basis } = request;
  const part = basis.kind === 'physical' ? basis.parts.find(({ relation }) => relation === range.relation) : undefined;
  const end = range.toBlock ?? part?.blocks ?? 0;
  const middle = range.fromBlock + Math.floor((end - range.fromBlock) / 2);
  if (middle <= range.fromBlock) return null;
  return inTwo(request, { ...range, toBlock: middle }, { ...range, fromBlock: middle }, null);
}

function inTwo(request: CutChunkRequest, first: KeyRange, second: KeyRange, keptRows: number | null): CutChunk {
  const { chunk, nextOrdinal } = request;
  return { kept: { ...chunk, range: first }, rest: { ...chunk, ordinal: nextOrdinal, range: second }, keptRows };
}
