import type { TableLoad } from '../ingest-plan.ts';
import { windowConditions } from '../load-window.ts';
import { sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { quoteIdentifier, quoteLiteral } from './duckdb-quote.ts';
import { typeOf } from './duckdb-types.ts';

/** The bounds as values of the column's type, and its staged cell: a text compared with a column would be compared as that. */
export function windowView({ window, columns }: TableLoad): View {
  const index = columns.findIndex(({ name }) => name === window?.column);
  const column = columns[index];
  if (window === null || column === undefined) return { inTable: word(''), inFiles: word('') };
  const type = word(typeOf(column.source.type));
  return {
    ...windowConditions(window, {
      column: quoteIdentifier(window.column),
      cell: word(`c${index + 1}`),
      bound: (text) => sql`CAST(${quoteLiteral(text)} AS ${type})`,
    }),
  };
}
