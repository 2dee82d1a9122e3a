import type { RowBatch } from '../../model/row-batch.ts';
import type { ColumnReader } from './decoders.ts';
import type { ScannedRows } from '../scanned-rows.ts';

/** The rows that will be given out next. Its memory is used again for the batch after it. */
export class Batch {
  rows = 0;
  /** The column that was being decoded when `take` threw. */
  failedColumn = 0;
  private readonly readers: readonly ColumnReader[];

  constructor(readers: readonly ColumnReader[]) {
    this.readers = readers;
  }

  /** Throws Misfit, whose column is then `failedColumn`. */
  take(rows: ScannedRows): void {
    for (let column = 0; column < this.readers.length; column++) {
      this.failedColumn = column;
      (this.readers[column] as ColumnReader).decode(rows, column);
    }
    this.rows += rows.count;
  }

  get byteLength(): number {
    let bytes = 0;
    for (const reader of this.readers) bytes += reader.builder.byteLength;
    return bytes;
  }

  finish(): RowBatch {
    return { rowCount: this.rows, columns: this.readers.map((reader) => reader.builder.finish()) };
  }

  reset(): void {
    this.rows = 0;
    for (const reader of this.readers) reader.builder.reset();
  }
}
