import type { KeyTuple } from '../model/key-range.ts';
import type { BoundaryFinder } from './cut-ranges.ts';

/** Below this share of used keys the index is walked row by row. */
const DENSE = 0.5;
/** Every so many cuts the density is measured anew by a real walk. */
const MEASURE_EVERY = 8;

/**
 * For a unique integer key without gaps to speak of, a boundary need not be walked to: the server is asked for the first key
 * behind a computed one, which costs one index descent instead of `step` rows. The range then holds at least one row, because
 * the boundary that starts it is a key of the table, and at most `step` / density rows, because keys are unique. So a wrong guess
 * costs balance only, never an empty or a giant range. Other keys must be given the plain walk.
 */
export function denseKeyFinder(walk: BoundaryFinder): BoundaryFinder {
  let density = 0;
  let cutsSinceMeasured = MEASURE_EVERY;

  return async (after, step) => {
    if (after === null || density < DENSE || cutsSinceMeasured >= MEASURE_EVERY) {
      const reached = await walk(after, step);
      density = after === null || reached === null ? 0 : step / Number(keyOf(reached) - keyOf(after));
      cutsSinceMeasured = 0;
      return reached;
    }
    cutsSinceMeasured += 1;
    const guess = keyOf(after) + BigInt(Math.floor(step / Math.min(1, density)));
    return walk([guess.toString()], 1);
  };
}

function keyOf(tuple: KeyTuple): bigint {
  const [text] = tuple;
  if (text === undefined || tuple.length !== 1) throw new Error('a dense key has one column');
  return BigInt(text);
}
