import { storageOf } from '../../model/column-type.ts';
import type { ColumnSchema } from '../../model/table.ts';
import type { Cell, Row } from './query.ts';

/** Few enough to stay in the young generation, enough to make a native call per column worth it. */
const BLOCK_ROWS = 256;
/** A UTF-16 unit as UTF-8, and more than a blob's byte as hex. */
const MOST_BYTES_A_UNIT = 3;
const FIXED_BYTES = { bits: 1, words1: 4, words2: 8, words4: 16, float32: 4, float64: 8, bytes: 32 } as const;

/** Hands out the rows of a statement in blocks that surely fit into what is left of a batch. */
export class RowBlocks {
  /** The rows of the last `take`; overwritten by the next. */
  readonly rows: Row[] = [];
  private readonly source: Iterator<Row>;
  private readonly wideColumns: readonly number[];
  private readonly fixedBytes: number;
  private carried: Row | null = null;

  constructor(source: Iterator<Row>, columns: readonly ColumnSchema[]) {
    this.source = source;
    this.wideColumns = columns.flatMap((column, index) => (storageOf(column.type) === 'bytes' ? [index] : []));
    this.fixedBytes = columns.reduce((sum, column) => sum + FIXED_BYTES[storageOf(column.type)], 1);
  }

  /**
   * The number of rows now in `rows`: at most `mostRows`, and together no more than `mostBytes` in vectors, but at least one when
   * `atLeastOne`. 0 when no row is left or none fits.
   */
  take(mostRows: number, mostBytes: number, atLeastOne: boolean): number {
    const wanted = Math.min(BLOCK_ROWS, mostRows);
    let count = 0;
    let bytes = 0;
    while (count < wanted) {
      const row = this.next();
      if (row === null) return count;
      bytes += this.mostBytesOf(row);
      if (bytes > mostBytes && !(atLeastOne && count === 0)) {
        this.carried = row;
        return count;
      }
      this.rows[count++] = row;
    }
    return count;
  }

  private next(): Row | null {
    if (this.carried !== null) {
      const row = this.carried;
      this.carried = null;
      return row;
    }
    const next = this.source.next();
    return next.done === true ? null : next.value;
  }

  private mostBytesOf(row: Row): number {
    let units = 0;
    for (const index of this.wideColumns) {
      const cell = row[index] as Cell;
      if (typeof cell === 'string' || cell instanceof Uint8Array) units += cell.length;
    }
    return this.fixedBytes + units * MOST_BYTES_A_UNIT;
  }
}
