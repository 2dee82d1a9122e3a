/** What is known of a table while its ranges are cut. */
export interface SizeFacts {
  /** By statistics; null when the source has none. */
  readonly estimatedRows: number | null;
  readonly estimatedBytes: number | null;
  /** Rows in ranges cut so far (as the walk stepped). */
  readonly plannedRows: number;
  /** Of finished chunks: bytes in files and rows. */
  readonly measuredBytes: number;
  readonly measuredRows: number;
}

export interface SizeGoal {
  /** Bytes a file should have. */
  readonly chunkBytes: number;
  readonly workers: number;
}

/**
 * Fewer rows are not worth a range of their own, whose cost is about 10 ms. Small tables are cut smaller than large ones, so that
 * every worker gets something of them.
 */
const SMALLEST = { least: 10_000, most: 50_000 } as const;
/** A range towards the end takes this part of what each worker has left on average. */
const SHARE_OF_REST = 2 / 3;
/**
 * Until bytes are measured no range has more rows than this, nor than would make a file of the wanted size if a row had so few bytes:
 * statistics can be wrong by any factor, and a first file that is too small costs less than one that is ten times too large.
 */
const FIRST_RANGE = { rows: 250_000, bytesPerRow: 64 } as const;
const LARGEST_RANGE = 50_000_000;
/** What a byte of the source's storage becomes in a file, before anything is measured. */
const FIRST_SHRINK = 0.5;

/**
 * How many rows the next range should have: as many as make a file of the wanted size, but towards the end only a part of each
 * worker's share of the rest (guided self-scheduling), so that all workers end together.
 */
export function nextRangeRows(facts: SizeFacts, goal: SizeGoal): number {
  const measured = facts.measuredRows > 0;
  const full = goal.chunkBytes / Math.max(0.5, bytesPerRow(facts));
  const most = measured ? LARGEST_RANGE : Math.min(FIRST_RANGE.rows, goal.chunkBytes / FIRST_RANGE.bytesPerRow);
  const wanted = Math.min(full, most);
  const share = restShare(facts, goal.workers);
  const smallest = Math.min(smallestRange(facts, goal.workers), Math.max(1, wanted));
  return Math.max(1, Math.floor(Math.max(smallest, Math.min(wanted, share))));
}

function restShare(facts: SizeFacts, workers: number): number {
  if (facts.estimatedRows === null) return Number.POSITIVE_INFINITY;
  const rest = facts.estimatedRows - facts.plannedRows;
  return workers === 1 ? Number.POSITIVE_INFINITY : (Math.max(0, rest) / workers) * SHARE_OF_REST;
}

function smallestRange(facts: SizeFacts, workers: number): number {
  const fair = (facts.estimatedRows ?? Number.POSITIVE_INFINITY) / (2 * workers);
  return Math.min(SMALLEST.most, Math.max(SMALLEST.least, fair));
}

function bytesPerRow(facts: SizeFacts): number {
  if (facts.measuredRows > 0) return facts.measuredBytes / facts.measuredRows;
  if (facts.estimatedRows !== null && facts.estimatedRows > 0 && facts.estimatedBytes !== null) {
    return (facts.estimatedBytes / facts.estimatedRows) * FIRST_SHRINK;
  }
  return 100;
}
