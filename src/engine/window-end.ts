import type { CursorColumn } from '../model/cursor.ts';
import type { TableSchema } from '../model/table.ts';
import type { CursorBound, SourceCursors } from '../sources/cursors.ts';

/** Rows are written while the bound is looked for, too. */
const WORTH_A_WORD_MS = 10 * 60_000;

/**
 * What to say of a first window that ends well before the largest moment in the table, as it does where the application writes another zone's clock
 * than the server's: whoever looks for the rows of the last hours finds none. Null: nothing.
 */
export async function momentsBeyond(
  cursors: SourceCursors,
  table: TableSchema,
  where: string | null,
  column: CursorColumn,
  end: string,
): Promise<string | null> {
  const window = { column, from: { value: end, ties: { kind: 'all' } }, to: null, nulls: false } as const;
  const { largest } = await cursors.delivered({ table, window, where, key: [], most: 0 });
  // Not NaN (infinity) either, which never comes.
  if (largest === null || !(minuteOf(largest) - minuteOf(end) >= WORTH_A_WORD_MS)) return null;
  return `rows stamped up to ${largest} lie behind the end of this window, and come when the clock has passed them: where the column holds another clock than the server's, name its zone with --cursor-zone`;
}

/**
 * What to say of a bound by the clock that lies before the watermark, which itself lay before such a bound once. Null: it does not. A bound by the
 * largest value goes back whenever its row is deleted.
 */
export function boundBehind({ to }: CursorBound, column: CursorColumn, watermark: string): string | null {
  if (to === null || to.inclusive || (column.kind !== 'time' && column.kind !== 'date')) return null;
  if (!(minuteOf(to.value) < minuteOf(watermark))) return null;
  return (
    `the window ends at ${to.value}, before the watermark ${watermark}: nothing is new until it ends behind it (a larger --cursor-lag, another --cursor-zone); ` +
    "where the source's clock was set back, what it stamps until then is missed, which watermark set to a moment before that, or --detect-changes, brings"
  );
}

/** All are texts of one server in one zone: what counts is how far they are apart. */
function minuteOf(value: string): number {
  return Date.parse(`${value.slice(0, 10)}T${value.slice(11, 16) || '00:00'}Z`);
}
