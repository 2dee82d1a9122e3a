import { checkQuery } from '../../model/query-text.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { TableSchema } from '../../model/table.ts';
import { parameterRefusal, SQLITE_RULES } from './lexis.ts';
import { quoteIdentifier } from './quote.ts';

/** What stands behind FROM: the table, or the query in parentheses. */
export function fromClause(table: Pick<TableSchema, 'name' | 'query'>): string {
  return table.query === undefined ? quoteIdentifier(table.name) : enclosedQuery(table.name, table.query);
}

/** On lines of its own, so that a comment in it ends. Throws QUERY_REFUSED for a text that could close the parentheses. */
export function enclosedQuery(name: string, sql: string): string {
  const reason = checkQuery(sql, SQLITE_RULES) ?? parameterRefusal(sql);
  if (reason === null) return `(${sql}\n) AS "sqlextract_query"`;
  throw new SqlextractError({
    code: 'QUERY_REFUSED',
    message: `the query ${name} is not one SELECT: ${reason}`,
    hint: 'give one statement that only reads, for example --query "SELECT id, total FROM orders WHERE total > 10"',
    fault: 'usage',
  });
}
