import type { ColumnVector } from '../model/row-batch.ts';

/** Smallest and largest value of a column chunk in PLAIN encoding; readers skip row groups by them, so a wrong one loses rows. */
export interface Bounds {
  readonly min: Uint8Array;
  readonly max: Uint8Array;
  /** False when the bound was shortened. */
  readonly minExact: boolean;
  readonly maxExact: boolean;
}

export interface BoundsCollector {
  observe(vector: ColumnVector, from: number, to: number): void;
  /** The bounds since the last call; null when there is no value or the order of the values has no bound (NaN). */
  take(): Bounds | null;
}
