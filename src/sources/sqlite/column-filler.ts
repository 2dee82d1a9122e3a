import type { ColumnVector } from '../../model/row-batch.ts';
import type { Row } from './query.ts';

/** Takes the cells of one column out of rows. Chosen once per column; its loops see one kind of cell only. */
export interface ColumnFiller {
  /**
   * Appends cell `index` of the first `count` rows; answers the first row whose cell does not fit the column, −1 when all do.
   * After a misfit the vector is of no more use.
   */
  fill(rows: readonly Row[], count: number, index: number): number;
  /** Whether the last `fill` met a U+FFFD, which may stand for bytes that are no UTF-8. */
  readonly sawReplacement: boolean;
  readonly byteLength: number;
  finish(): ColumnVector;
  reset(): void;
}

interface Builder {
  readonly byteLength: number;
  finish(): ColumnVector;
  reset(): void;
}

export function filler(builder: Builder, fill: ColumnFiller['fill'], sawReplacement: () => boolean): ColumnFiller {
  return {
    fill,
    get sawReplacement() {
      return sawReplacement();
    },
    get byteLength() {
      return builder.byteLength;
    },
    finish: () => builder.finish(),
    reset: () => builder.reset(),
  };
}
