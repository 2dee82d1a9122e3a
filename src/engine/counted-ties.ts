import type { CountedTies, CursorColumn, CursorWindow } from '../model/cursor.ts';
import type { TableSchema } from '../model/table.ts';
import type { SourceCursors } from '../sources/cursors.ts';
import type { Checksum } from '../sources/source.ts';
import { whereOf } from './increment.ts';

export interface TiesRequest {
  readonly cursors: SourceCursors;
  readonly table: TableSchema;
  readonly where: string | null;
  readonly column: CursorColumn;
  readonly value: string;
  readonly sumOf: (where: string) => Promise<Checksum>;
}

/** The rows that stand at exactly a value, which are too many to be listed by their keys. Throws what the source throws. */
export async function countTies({ cursors, table, where, column, value, sumOf }: TiesRequest): Promise<CountedTies> {
  const at: CursorWindow = {
    ...{ column, nulls: false },
    from: { value, ties: { kind: 'all' } },
    to: { value, inclusive: true },
  };
  const { rows, sum } = await sumOf(whereOf(cursors, table, where, at));
  return { kind: 'counted', rows: String(rows), sum: String(sum) };
}

/**
 * Kinds whose bound promises that a row which is committed from now on stands above it: between the count and the snapshot none comes to the
 * value below. Of a text there is no such promise.
 */
export function staysCounted({ kind }: CursorColumn): boolean {
  return kind === 'time' || kind === 'date' || kind === 'integer';
}
