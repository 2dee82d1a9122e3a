import type { Lookback, Strategy } from './cursor.ts';

/** What a person wants of an incremental job; values as typed. */
export interface IncrementalSettings {
  /** Column of the table, or `xmin` where the source has it; null: none, changes are found by comparing all rows. */
  readonly by: string | null;
  readonly strategy: Strategy;
  /** Names as typed; null: the primary key, where there is one. */
  readonly uniqueKey: readonly string[] | null;
  /** Where the first window begins; null: at the beginning. */
  readonly start: string | null;
  /** Only together with `start`: the closed range [start, end) is read, and the watermark stays where it is. */
  readonly end: string | null;
  readonly lookback: Lookback | null;
  /** The zone of moments without one; null: the server's own. */
  readonly cursorZone: string | null;
  /** How far the bound stays behind the server's clock, milliseconds; null: as the source can see. */
  readonly cursorLagMs: number | null;
  /** How long transactions in flight may be waited for, milliseconds. */
  readonly cursorWaitMs: number;
  /** Rows without a value: an error, or read with every window. */
  readonly nullCursors: 'fail' | 'read';
  /** After each run: which rows that were delivered are gone by now. */
  readonly detectDeletes: boolean;
}
