import { SqlextractError } from '../model/problem.ts';
import type { TableName, TableRef, TableSchema } from '../model/table.ts';
import { SMALL_ROWS, suggestIncremental, type SuggestionFacts } from '../planner/suggest-incremental.ts';
import type { Suggestion } from '../planner/suggestion.ts';
import type { SourceSession } from '../sources/source.ts';

export type { IncrementalSuggestion, Suggestion } from '../planner/suggestion.ts';

export interface SuggestedTable extends Pick<TableRef, 'schema' | 'name' | 'kind' | 'estimatedRows'> {
  /** Null where the table cannot be extracted as it is; `refused` says why. */
  readonly suggestion: Suggestion | null;
  readonly refused: { readonly message: string; readonly hint: string | null } | null;
}

interface Source {
  readonly session: SourceSession;
  /** Of the driver's capabilities. */
  readonly rowCursor: string | null;
}

/**
 * What to go by for each of the tables, in their order. A table that the source refuses to describe is no reason to say nothing of the others; an
 * error of the connection is. Reads the catalog; where the database has no estimate of a table's rows, up to SMALL_ROWS entries of a key as well.
 */
export async function suggestTables(
  source: Source,
  names: readonly (TableName & Partial<Pick<TableRef, 'kind'>>)[],
  describe: (name: TableName) => Promise<TableSchema>,
): Promise<readonly SuggestedTable[]> {
  const found: SuggestedTable[] = [];
  for (const name of names) found.push(await suggestTable(source, name, describe));
  return found;
}

async function suggestTable(
  source: Source,
  name: TableName & Partial<Pick<TableRef, 'kind'>>,
  describe: (name: TableName) => Promise<TableSchema>,
): Promise<SuggestedTable> {
  try {
    const table = await describe(name);
    const fewRows = await hasFewRows(source.session, table);
    const suggestion = await suggestTaken(source.session, table, { rowCursor: source.rowCursor, fewRows, refused: [] });
    const { schema, name: found, kind, estimatedRows } = table;
    return { schema, name: found, kind, estimatedRows, suggestion, refused: null };
  } catch (error) {
    if (!(error instanceof SqlextractError) || !ABOUT_TABLE.includes(error.problem.code)) throw error;
    const { message, hint = null } = error.problem;
    const { schema, name: asked, kind = 'table' } = name;
    return { schema, name: asked, kind, estimatedRows: null, suggestion: null, refused: { message, hint } };
  }
}

/** The first suggestion whose column the source itself takes for a cursor: names and types do not tell of stale collations or mixed values. */
async function suggestTaken(session: SourceSession, table: TableSchema, facts: SuggestionFacts): Promise<Suggestion> {
  const suggestion = suggestIncremental(table, facts);
  if (suggestion.kind === 'full') return suggestion;
  try {
    await session.cursors.describe(table, suggestion.by);
    return suggestion;
  } catch (error) {
    if (!(error instanceof SqlextractError) || error.problem.code !== 'CURSOR_COLUMN') throw error;
    return suggestTaken(session, table, { ...facts, refused: [...facts.refused, suggestion.by] });
  }
}

/** Of one table alone: the others may well be readable. A name that was typed wrong is not among them. */
const ABOUT_TABLE = [
  'NAME_NOT_USABLE',
  'NO_COLUMNS',
  'SOURCE_MASKED',
  'SOURCE_PERMISSION',
  'SOURCE_QUERY',
  'SOURCE_ROW_SECURITY',
  'TYPE_REFUSED',
];

/** Whether a key ends before so many rows; false when there is an estimate, or no key to count by. */
async function hasFewRows(session: SourceSession, table: TableSchema): Promise<boolean> {
  const key = table.candidateKeys.find(({ nullable, refused }) => !nullable && refused === null);
  if (table.estimatedRows !== null || key === undefined) return false;
  const range = { table, key: key.columns, where: null, after: null, before: null };
  return (await session.nextBoundary({ ...range, step: SMALL_ROWS })) === null;
}
