import type { RowBatch } from '../../model/row-batch.ts';
import type { ValuePolicies } from '../../model/value-policies.ts';
import { type ColumnReader, columnReader } from './decoders.ts';
import type { ScannedRows } from '../scanned-rows.ts';
import type { ColumnPlan } from './types.ts';

/** A column whose memory has grown to more than this by an unusual row gets a new one for the next batch. */
const MOST_KEPT = 64 * 1024 * 1024;

/** The rows that will be given out next. Its memory is used again for the batch after it. */
export class Batch {
  rows = 0;
  /** The column that was being decoded when `take` threw. */
  failedColumn = 0;
  private readonly plans: readonly ColumnPlan[];
  private readonly policies: ValuePolicies;
  private readers: readonly ColumnReader[];
  /** Cells that a policy made NULL, by column. */
  private readonly replaced: number[];

  constructor(plans: readonly ColumnPlan[], policies: ValuePolicies) {
    this.plans = plans;
    this.policies = policies;
    this.readers = plans.map((plan) => columnReader(plan, policies));
    this.replaced = plans.map(() => 0);
  }

  /** Throws Misfit; `failedColumn` then says where. */
  take(rows: ScannedRows): void {
    const { readers, replaced } = this;
    for (let column = 0; column < readers.length; column++) {
      this.failedColumn = column;
      replaced[column] = (replaced[column] as number) + (readers[column] as ColumnReader).decode(rows, column);
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

  /** Calls back for every column with cells that a policy made NULL, once per batch. */
  tellReplaced(tell: (column: number, cells: number) => void): void {
    this.replaced.forEach((cells, column) => {
      if (cells > 0) tell(column, cells);
      this.replaced[column] = 0;
    });
  }

  reset(): void {
    this.rows = 0;
    this.readers = this.readers.map((reader, column) => {
      if (capacityOf(reader) > MOST_KEPT) {
        return columnReader(this.plans[column] as ColumnPlan, this.policies);
      }
      reader.builder.reset();
      return reader;
    });
  }
}

function capacityOf(reader: ColumnReader): number {
  const { values } = reader.builder.finish();
  return values.byteLength;
}
