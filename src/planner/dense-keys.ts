import type { KeyTuple } from '../model/key-range.ts';
import type { BoundaryFinder } from './cut-ranges.ts';

/** Below this share of used keys the index is walked row by row. */
const DENSE = 0.5;
/** Every so many cuts the density is measured anew by a real walk. */
const MEASURE_EVERY = 8;
/** The largest numbers of the integer types there are. A guess beyond that of the key's own type would be refused by the server. */
const LARGEST = [7n, 8n, 15n, 16n, 23n, 24n, 31n, 32n, 63n, 64n].map((bits) => 2n ** bits - 1n);

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
    const start = keyOf(after);
    const guess = start + BigInt(Math.floor(step / Math.min(1, density)));
    if (LARGEST.some((largest) => start <= largest && guess > largest)) return walk(after, step);
    cutsSinceMeasured += 1;
    return walk([guess.toString()], 1);
  };
}

function keyOf(tuple: KeyTuple): bigint {
  const [text] = tuple;
  if (text === undefined || tuple.length !== 1) throw new Error('a dense key has one column');
  return BigInt(text);
}
