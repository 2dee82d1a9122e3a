import { SqlextractError } from '../model/problem.ts';
import type { KeyTuple } from '../model/key-range.ts';
import type { SourceSession } from '../sources/source.ts';
import type { ResolvedTable } from './resolved-table.ts';

/**
 * Asks a query for one of its first `--split-by` values, and again, before a run is begun. A column that is computed anew each time (a random value, the
 * time) gives other values: rows would fall between the ranges, and where the values only grow the ranges would never end. Throws
 * SPLIT_BY_NOT_STABLE. What differs from one moment to the next by a few values only cannot be told this way.
 */
export async function checkSplit({ name, table, settings }: ResolvedTable, session: SourceSession): Promise<void> {
  const [key] = table.candidateKeys;
  if (table.query === undefined || key === undefined || key.refused !== null || settings.limit !== null) return;
  const ask = async (): Promise<string> => {
    const { where } = settings;
    const found = await session.nextBoundary({ table, key: key.columns, where, after: null, before: null, step: 1 });
    return JSON.stringify(found satisfies KeyTuple | null);
  };
  const first = await ask();
  const second = await ask();
  if (first === second) return;
  // Somebody may have written a row in between, and texts that a collation takes for one may come in any order: not three different ones.
  const third = await ask();
  if (third !== first && third !== second) throw notStable(name, key.name);
}

function notStable(name: string, column: string): SqlextractError {
  return new SqlextractError({
    code: 'SPLIT_BY_NOT_STABLE',
    message: `the query ${name} cannot be cut by --split-by ${column}: it has other values each time the query runs`,
    hint: 'name a column that keeps its values, such as an id, or leave --split-by out to read in one stream',
    fault: 'usage',
  });
}
