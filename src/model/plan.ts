import type { KeyTuple } from './key-range.ts';

/** What the ranges of a run are cut from; fixed when the run begins, so that a rerun goes on with the same. */
export type PlanBasis =
  | { readonly kind: 'key'; readonly key: readonly string[]; readonly nullable: boolean; readonly why: string }
  | {
      readonly kind: 'physical';
      readonly parts: readonly { readonly relation: string; readonly blocks: number }[];
      readonly why: string;
    }
  | { readonly kind: 'whole'; readonly why: string };

/** How far the saved ranges reach. `complete`: every row of the table is in a saved range. */
export interface PlanProgress {
  readonly complete: boolean;
  /** kind key: the upper bound of the last saved range. */
  readonly coveredTo: KeyTuple | null;
  /** kind physical: the next block to plan, and the part it is in. */
  readonly nextPart: number;
  readonly nextBlock: number;
}

export const NOTHING_PLANNED: PlanProgress = { complete: false, coveredTo: null, nextPart: 0, nextBlock: 0 };
