import { SqlextractError } from '../model/problem.ts';
import type { TableName, TableSchema } from '../model/table.ts';
import type { ColumnSelection, SourceSession } from '../sources/source.ts';
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
  try {
    return await session.describe(name, { include: null, exclude: [], asText: [], policies: typed.policies });
  } catch (error) {
    const chosen = typed.include !== null || typed.exclude.length > 0 || typed.asText.length > 0;
    if (!chosen || !(error instanceof SqlextractError) || !ABOUT_COLUMNS.includes(error.problem.code)) throw error;
    return describeChosen(session, name, typed, error);
  }
}

async function describeChosen(
  session: SourceSession,
  name: TableName,
  typed: ColumnSelection,
  first: SqlextractError,
): Promise<TableSchema> {
  try {
    return await session.describe(name, narrowSelection(typed, { ...name, columns: [] }, []));
  } catch (error) {
    // A name may be meant for another table; what was wrong with all columns says more then.
    throw error instanceof SqlextractError && error.problem.code === 'COLUMN_NOT_FOUND' ? first : error;
  }
}
