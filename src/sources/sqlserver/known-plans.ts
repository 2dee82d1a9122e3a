import type { TableSchema } from '../../model/table.ts';
import type { ColumnPlan } from './types.ts';

/**
 * How the columns of planned tables are read, as they were after the last range that this session read of them. The next range begins with
 * that, and looks only at its end whether something was altered meanwhile (same-columns.ts).
 */
export class KnownPlans {
  private readonly known = new Map<string, readonly ColumnPlan[]>();

  of(table: TableSchema): readonly ColumnPlan[] | null {
    return this.known.get(keyOf(table)) ?? null;
  }

  keep(table: TableSchema, plans: readonly ColumnPlan[]): void {
    this.known.set(keyOf(table), plans);
  }

  forget(table: TableSchema): void {
    this.known.delete(keyOf(table));
  }
}

/** The same table can be planned in several ways: `--as-text`, a selection of columns. */
function keyOf({ objectId, columns }: TableSchema): string {
  return JSON.stringify([objectId, columns.map(({ name, nativeType, type }) => [name, nativeType, type])]);
}
