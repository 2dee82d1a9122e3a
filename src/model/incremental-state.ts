import type { Strategy, Watermark } from './cursor.ts';

/** What a job remembers from one incremental run to the next. */
export interface IncrementalState {
  /** Null: the next run begins anew. */
  readonly watermark: Watermark | null;
  readonly strategy: Strategy;
  /** Over what is read: columns asked for, condition, query. Short, lower-case hex. */
  readonly selectionHash: string;
  /** Over how it is read: cursor, strategy, key, lookback, zone, rows without a value. */
  readonly configurationHash: string;
  /** The selected columns as the last run had them, `name type`. */
  readonly columns: readonly string[];
  /** The last finished run; null: none yet. */
  readonly run: string | null;
}
