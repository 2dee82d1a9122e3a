import type { ValuePolicies } from '../../model/value-policies.ts';
import { ScannedBatch } from '../scanned-batch.ts';
import type { ScannedRows } from '../scanned-rows.ts';
import { type ColumnReader, columnReader } from './decoders.ts';
import type { ColumnPlan } from './types.ts';

/** Knows besides how many cells a policy made NULL. */
export class Batch extends ScannedBatch<ColumnReader> {
  /** By column. */
  private readonly replaced: number[];

  constructor(plans: readonly ColumnPlan[], policies: ValuePolicies) {
    super(plans.map((plan) => () => columnReader(plan, policies)));
    this.replaced = plans.map(() => 0);
  }

  /** Calls back for every column with cells that a policy made NULL, once per batch. */
  tellReplaced(tell: (column: number, cells: number) => void): void {
    this.replaced.forEach((cells, column) => {
      if (cells > 0) tell(column, cells);
      this.replaced[column] = 0;
    });
  }

  protected override decode(reader: ColumnReader, rows: ScannedRows, column: number): void {
    this.replaced[column] = (this.replaced[column] as number) + reader.decode(rows, column);
  }
}
