import type { KeyTuple } from './key-range.ts';

/** How the values of a cursor grow, and so what can be promised of an upper bound. */
export type CursorKind =
  /** A moment: with a zone, or without one. */
  | 'time'
  /** A day. */
  | 'date'
  /** Whole numbers that are given out in order. */
  | 'integer'
  /** Given by the server at every write: SQL Server's rowversion. */
  | 'rowversion'
  /** The number of the transaction that wrote the row: PostgreSQL's xmin. */
  | 'xmin'
  /** Whatever else the server has an order for. */
  | 'text'
  /** None: what changed is found by comparing a hash of every row with that of the run before. */
  | 'hash';

/** Stands where a table has no cursor. */
export const HASH_COLUMN: CursorColumn = { name: '', kind: 'hash', nativeType: '', nullable: false };

/** The column that says of a row when it was last written. */
export interface CursorColumn {
  /** As the catalog spells it; `xmin` for that system column; empty for kind `hash`. */
  readonly name: string;
  readonly kind: CursorKind;
  /** As the server writes it: `timestamp(3) without time zone`. */
  readonly nativeType: string;
  readonly nullable: boolean;
}

/**
 * One window of an incremental job: rows with from ≤ cursor and cursor < to (≤ to when `inclusive`), without the rows at exactly `from` that
 * earlier windows delivered. Values are the server's own texts; they are compared by the server alone.
 */
export interface CursorWindow {
  readonly column: CursorColumn;
  /** Null: from the beginning. */
  readonly from: CursorFrom | null;
  /** Null: whatever is there (`xmin`). */
  readonly to: { readonly value: string; readonly inclusive: boolean } | null;
  /** Rows without a value are read as well. */
  readonly nulls: boolean;
}

export interface CursorFrom {
  readonly value: string;
  readonly ties: CursorTies;
}

/** Rows that stand at exactly the lower bound. */
export type CursorTies =
  /** All of them are read (again). */
  | { readonly kind: 'all' }
  /** None: the bound is exclusive. */
  | { readonly kind: 'none' }
  /** All but those with these keys, which were delivered. Never empty. */
  | { readonly kind: 'except'; readonly key: readonly string[]; readonly tuples: readonly KeyTuple[] };

/**
 * So many rows stood at the watermark with this checksum (model/row-hash.ts), all delivered: too many to be listed. As long as they are the same,
 * none of them is read; else all are, again.
 */
export interface CountedTies {
  readonly kind: 'counted';
  /** Digits. */
  readonly rows: string;
  /** Digits. */
  readonly sum: string;
}

export const STRATEGIES = ['append', 'merge', 'delete_insert'] as const;
/** What becomes of a window's rows in the target. */
export type Strategy = (typeof STRATEGIES)[number];

/** A stretch of the cursor: `3 hours`, `7 days` for moments, `500` for numbers. */
export interface Lookback {
  /** A whole number > 0, as digits. */
  readonly amount: string;
  /** Null: a number of the cursor's own. */
  readonly unit: 'second' | 'minute' | 'hour' | 'day' | null;
}

/** What an incremental run says of itself in its state and its manifest. */
export interface IncrementalWindow extends CursorWindow {
  readonly strategy: Strategy;
  /** Columns that tell rows apart; empty when nothing does (append, delete_insert by the window). */
  readonly uniqueKey: readonly string[];
  /** Rows up to and with this value may have been delivered by earlier windows; null: none. */
  readonly repeatedTo: string | null;
  /** The run whose window lies before this one: a target must have it. Null: there is none, or this one begins anew. */
  readonly previous: string | null;
  /** This window is all there is so far, the first or one that begins anew: it takes the place of whatever the target has of the table. */
  readonly reset: boolean;
  /** A closed range that was asked for (`--end`): the watermark stays where it is. */
  readonly backfill: boolean;
  /** Where the next window begins, when that does not follow from the rows (`xmin`); else null. */
  readonly next: string | null;
  /** In words: what was bounded by what, and what is promised. */
  readonly promise: string;
}

/** How far a job has come; written with the run that came so far. */
export interface Watermark {
  readonly column: CursorColumn;
  readonly from: { readonly value: string; readonly ties: CursorTies | CountedTies };
  /** The run that moved it; null: set by hand. */
  readonly run: string | null;
  /** ISO 8601. */
  readonly movedAt: string;
}

/** `updated_at [2024-01-01 00:00:00, 2024-01-02 00:00:00)`. For people. */
export function describeWindow({ column, from, to }: CursorWindow): string {
  if (column.kind === 'hash') return 'all rows, compared';
  const lower = from === null ? '(the beginning' : `${from.ties.kind === 'all' ? '[' : '('}${from.value}`;
  const upper = to === null ? 'now)' : `${to.value}${to.inclusive ? ']' : ')'}`;
  return `${column.name} ${lower}, ${upper}`;
}
