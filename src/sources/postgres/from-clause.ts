import { checkQuery } from '../../model/query-text.ts';
import { SqlextractError } from '../../model/problem.ts';
import { ANSI_RULES, type LexicalRules } from '../../model/sql-lexis.ts';
import type { TableSchema } from '../../model/table.ts';
import { quoteTable } from './quote.ts';

/** Under standard_conforming_strings=on, which every session pins: https://www.postgresql.org/docs/current/sql-syntax-lexical.html */
export const POSTGRES_RULES: LexicalRules = { ...ANSI_RULES, nestedComments: 'nested' };

/** What stands behind FROM: the table, or the query in parentheses. */
export function fromClause(table: Pick<TableSchema, 'schema' | 'name' | 'query'>): string {
  return table.query === undefined ? quoteTable(table) : enclosedQuery(table.name, table.query);
}

/** On lines of its own, so that a comment in it ends. Throws QUERY_REFUSED for a text that could close the parentheses. */
export function enclosedQuery(name: string, sql: string): string {
  const reason = checkQuery(sql, POSTGRES_RULES);
  if (reason === null) return `(${sql}\n) AS "sqlextract_query"`;
  throw new SqlextractError({
    code: 'QUERY_REFUSED',
    message: `the query ${name} is not one SELECT: ${reason}`,
    hint: 'give one statement that only reads, for example --query "SELECT id, total FROM orders WHERE total > 10"',
    fault: 'usage',
  });
}
