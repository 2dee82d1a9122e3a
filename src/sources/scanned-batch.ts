import type { RowBatch } from '../model/row-batch.ts';
import type { VectorBuilder } from '../model/vector-builder.ts';
import type { ScannedRows } from './scanned-rows.ts';

/** What takes one column out of scanned rows, into memory of its own. */
export interface ScannedColumn {
  readonly builder: VectorBuilder;
  /** Appends column `column` of all scanned rows. Throws Misfit, ProtocolBreach. */
  decode(rows: ScannedRows, column: number): unknown;
}

/** A column whose memory has grown to more than this by an unusual row gets a new one for the next batch. */
const MOST_KEPT = 64 * 1024 * 1024;

/** The rows that will be given out next. Its memory is used again for the batch after it. */
export class ScannedBatch<Column extends ScannedColumn = ScannedColumn> {
  rows = 0;
  /** The column that was being decoded when `take` threw. */
  failedColumn = 0;
  private readonly makers: readonly (() => Column)[];
  private readonly readers: Column[];

  constructor(makers: readonly (() => Column)[]) {
    this.makers = makers;
    this.readers = makers.map((make) => make());
  }

  /** Until the next `reset`. */
  get columns(): readonly Column[] {
    return this.readers;
  }

  /** Throws Misfit; `failedColumn` then says where. */
  take(rows: ScannedRows): void {
    const { readers } = this;
    for (let column = 0; column < readers.length; column++) {
      this.failedColumn = column;
      this.decode(readers[column] as Column, rows, column);
    }
    this.rows += rows.count;
  }

  get byteLength(): number {
    let bytes = 0;
    for (const { builder } of this.readers) bytes += builder.byteLength;
    return bytes;
  }

  finish(): RowBatch {
    return { rowCount: this.rows, columns: this.readers.map(({ builder }) => builder.finish()) };
  }

  reset(): void {
    this.rows = 0;
    this.readers.forEach(({ builder }, column) => {
      const make = this.makers[column] as () => Column;
      if (builder.finish().values.byteLength > MOST_KEPT) this.readers[column] = make();
      else builder.reset();
    });
  }

  protected decode(reader: Column, rows: ScannedRows, column: number): void {
    reader.decode(rows, column);
  }
}
