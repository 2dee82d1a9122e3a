import type { CursorColumn, CursorWindow, Lookback } from '../model/cursor.ts';
import type { KeyTuple } from '../model/key-range.ts';
import type { TableSchema } from '../model/table.ts';

/**
 * What a source knows of cursors: columns that grow with every write. Each value is the server's own text of it (the same that `literal`
 * answers), sent back with the column's own type, compared and computed by the server alone.
 *
 * `bound` is the heart of it. A row is stamped when it is written and seen when its transaction commits, so "everything up to the largest
 * value" misses what was stamped before and committed after. The bound is one that no transaction still in flight can slip under:
 *
 *   rows stamped before the bound ──▶ their transactions have all ended ──▶ a snapshot taken from now on shows every one of them
 */
export interface SourceCursors {
  /**
   * The column, found like any other name (exactly, else without regard to case). Throws COLUMN_NOT_FOUND, CURSOR_COLUMN (its type has no
   * order that a window can be cut by, or it is no column of the table but of a query that does not give it).
   */
  describe(table: TableSchema, name: string): Promise<CursorColumn>;
  /** The server's text of a value that a person typed. Throws CURSOR_VALUE when it is none of the column's type. */
  literal(table: TableSchema, column: CursorColumn, typed: string): Promise<string>;
  /** The value that lies `lookback` before `value`. Throws CURSOR_LOOKBACK when the column's kind knows no such distance. */
  earlier(table: TableSchema, column: CursorColumn, value: string, lookback: Lookback): Promise<string>;
  /** The upper bound of a window, from the server's own transactions. Called before the snapshot that is read is taken. */
  bound(request: BoundRequest): Promise<CursorBound>;
  /**
   * The window as one SQL predicate, which passes `checkWhereClause` and takes a `where`'s place. It can use an index on the column where
   * it bounds one side of it.
   */
  condition(table: TableSchema, window: CursorWindow): string;
  /** Inside the session's snapshot when it has one: where the rows of the window end. */
  delivered(request: DeliveredRequest): Promise<Delivered>;
  /** Whether a row without a value is there. */
  hasNulls(table: TableSchema, column: CursorColumn, where: string | null): Promise<boolean>;
}

export interface BoundRequest {
  readonly table: TableSchema;
  readonly column: CursorColumn;
  readonly where: string | null;
  /**
   * The zone that moments without one are in, as the server knows it (`Europe/Berlin`, `+02:00`); null: the one of the server's own clock.
   * Throws CURSOR_ZONE when the server does not know it.
   */
  readonly zone: string | null;
  /**
   * Milliseconds that the bound stays behind the clock and the oldest transaction in flight, at least; null: 0 where transactions can be seen, `DEFAULT_LAG_MS` where not. Only for
   * moments and days.
   */
  readonly lagMs: number | null;
  /** How long transactions that are open now may be waited for, milliseconds. Only for kinds without a clock. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** Where the source cannot see the transactions in flight. */
export const DEFAULT_LAG_MS = 10 * 60_000;

export interface CursorBound {
  /** Null: none is needed, the snapshot itself is one (`xmin`). */
  readonly to: CursorWindow['to'];
  /** Where the next window begins, when that does not follow from the rows (`xmin`); else null. */
  readonly next: string | null;
  /** One sentence: where the bound is from, and what is promised. */
  readonly promise: string;
  /** Things a person should know: "3 prepared transactions hold the window back". */
  readonly remarks: readonly string[];
}

export interface DeliveredRequest {
  readonly table: TableSchema;
  readonly window: CursorWindow;
  readonly where: string | null;
  /** A key that tells rows apart; empty: ties are not asked for. */
  readonly key: readonly string[];
  /** More ties than this are not listed. */
  readonly most: number;
}

export interface Delivered {
  /** The largest value of the window; null: it has no row with one. */
  readonly largest: string | null;
  /** Keys of all rows of the table (under `where`) that stand at `largest`; null: more than `most`, or not asked for. */
  readonly ties: readonly KeyTuple[] | null;
}
