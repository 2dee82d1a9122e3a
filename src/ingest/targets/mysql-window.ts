import type { ColumnType } from '../../model/column-type.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { TableLoad } from '../ingest-plan.ts';
import { windowConditions } from '../load-window.ts';
import type { Quoted } from '../quoted.ts';
import { sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { quoteIdentifier, quoteLiteral } from './mysql-quote.ts';

/** Which rows are in the window, and its ends as values of its column: a text would be compared as a double with numbers. Throws INGEST_WINDOW. */
export function windowView({ window, columns }: TableLoad): View {
  const index = columns.findIndex(({ name }) => name === window?.column);
  const column = columns[index];
  if (window === null || column === undefined) return { inTable: word(''), inFiles: word(''), windowBounds: [] };
  const bound = (text: string): Quoted => valueOfText(text, column.source.type, column.name);
  const bounds = [window.from, window.to].flatMap((each) => (each === null ? [] : [{ value: bound(each.value) }]));
  return {
    ...windowConditions(window, { column: quoteIdentifier(window.column), cell: word(`c${index + 1}`), bound }),
    windowBounds: bounds,
  };
}

const NUMBER = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;
const INSTANT = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?(?:Z|\+00:00)?$/;

function valueOfText(text: string, type: ColumnType, column: string): Quoted {
  switch (type.kind) {
    case 'int32':
    case 'int64':
    case 'decimal':
    case 'float32':
    case 'float64':
      if (NUMBER.test(text)) return word(text);
      break;
    case 'date':
    case 'timestamp':
      if (INSTANT.test(text)) return sql`CAST(${quoteLiteral(text.replace(/Z$|\+00:00$/, ''))} AS DATETIME(6))`;
      break;
    case 'time':
      if (/^\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?$/.test(text)) return sql`CAST(${quoteLiteral(text)} AS TIME(6))`;
      break;
    case 'string':
    case 'uuid':
    case 'json':
      return quoteLiteral(text);
    case 'boolean':
    case 'binary':
      break;
    default:
      return type satisfies never;
  }
  throw new SqlextractError({
    code: 'INGEST_WINDOW',
    message: `--window ${column}: ${text} is no ${type.kind}`,
    hint: 'numbers as 42, days as 2024-01-31, instants as 2024-01-31T12:00:00 in UTC',
    fault: 'usage',
  });
}
