import { SqlextractError } from '../model/problem.ts';
import type { TableName, TableSchema } from '../model/table.ts';
import type { ColumnSelection, QueryRequest, SourceSession } from '../sources/source.ts';
import { narrowSelection } from './narrow-selection.ts';

/** What a selection of columns can be the way around. */
const ABOUT_COLUMNS = ['SOURCE_PERMISSION', 'TYPE_REFUSED', 'SOURCE_MASKED'];

/**
 * A table with all its columns, so that typed names can be looked up among them; where some of them may not be read, or cannot be written, with those
 * that `typed` chooses. Throws what the source throws.
 */
export async function describeNamed(
  session: SourceSession,
  name: TableName,
  typed: ColumnSelection,
): Promise<TableSchema> {
  const { policies } = typed;
  return allOrChosen(
    async () => session.describe(name, { include: null, exclude: [], asText: [], policies }),
    async (chosen) => session.describe(name, chosen),
    name,
    typed,
  );
}

/** As `describeNamed`; `query.selection` is of all columns. */
export async function describeNamedQuery(
  session: SourceSession,
  query: QueryRequest,
  typed: ColumnSelection,
): Promise<TableSchema> {
  return allOrChosen(
    async () => session.describeQuery(query),
    async (chosen) => session.describeQuery({ ...query, selection: chosen }),
    { schema: '', name: query.name },
    typed,
  );
}

async function allOrChosen(
  describeAll: () => Promise<TableSchema>,
  describeChosen: (chosen: ColumnSelection) => Promise<TableSchema>,
  name: TableName,
  typed: ColumnSelection,
): Promise<TableSchema> {
  try {
    return await describeAll();
  } catch (first) {
    const chosen = typed.include !== null || typed.exclude.length > 0 || typed.asText.length > 0;
    if (!chosen || !(first instanceof SqlextractError) || !ABOUT_COLUMNS.includes(first.problem.code)) throw first;
    try {
      return await describeChosen(narrowSelection(typed, { ...name, columns: [] }, []));
    } catch (error) {
      // A name may be meant for another table; what was wrong with all columns says more then.
      throw error instanceof SqlextractError && error.problem.code === 'COLUMN_NOT_FOUND' ? first : error;
    }
  }
}
