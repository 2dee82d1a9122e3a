import type { CursorColumn } from '../model/cursor.ts';
import type { TableSchema } from '../model/table.ts';
import type { SourceCursors } from '../sources/cursors.ts';

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

/** Both are texts of one server in one zone: all that counts is how far they are apart. */
function minuteOf(value: string): number {
  return Date.parse(`${value.slice(0, 16).replace(' ', 'T')}Z`);
}
