import type { TableLoad } from '../ingest-plan.ts';
import { sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { quoteLiteral } from './duckdb-quote.ts';
import { typeOf } from './duckdb-types.ts';

/** The bounds as values of the column's type, and its staged cell: a text compared with a column would be compared as that. */
export function windowView({ window, columns }: TableLoad): View {
  const index = columns.findIndex(({ name }) => name === window?.column);
  const column = columns[index];
  if (window === null || column === undefined) {
    return { windowStage: word(''), windowFromValue: word(''), windowToValue: word('') };
  }
  const type = word(typeOf(column.source.type));
  return {
    windowStage: word(`c${index + 1}`),
    windowFromValue: sql`CAST(${quoteLiteral(window.from)} AS ${type})`,
    windowToValue: sql`CAST(${quoteLiteral(window.to)} AS ${type})`,
  };
}
