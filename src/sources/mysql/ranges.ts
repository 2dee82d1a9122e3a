import type { KeyRange, KeyTuple } from '../../model/key-range.ts';
import { SqlextractError } from '../../model/problem.ts';
import { checkQuery } from '../../model/query-text.ts';
import type { LexicalRules } from '../../model/sql-lexis.ts';
import { type TableSchema, displayName } from '../../model/table.ts';
import { checkWhereClause } from '../../model/where-clause.ts';
import { keyLiteral } from './key-literal.ts';
import { quoteName, quoteTable } from './quote.ts';

/** As pin-session.ts sets sql_mode: `"` is a text, a backslash escapes; what the server would execute inside a comment is refused. */
export const MYSQL_RULES: LexicalRules = {
  backslashEscapes: true,
  doubleQuotes: 'text',
  backticks: 'name',
  brackets: 'operator',
  hashComments: true,
  dashesNeedBlank: true,
  nestedComments: 'refused',
  executableComments: 'refused',
  dollars: 'character',
  escapeTexts: false,
};

/** The rows of a range as one SQL predicate that can stand between ANDs: `TRUE` for all. Boundaries are constants (key-literal.ts). */
export function rangePredicate(table: TableSchema, range: KeyRange, key: readonly string[]): string {
  switch (range.kind) {
    case 'all':
      return 'TRUE';
    case 'null':
      return `(${key.map((column) => `${quoteName(column)} IS NULL`).join(' OR ')})`;
    case 'between':
      return [
        ...(range.from === null ? [] : [compareKey(key, '>=', range.from)]),
        ...(range.to === null ? [] : [compareKey(key, '<', range.to)]),
        ...notNull(table, key),
      ].join(' AND ');
    case 'physical':
      throw new RangeError('MySQL has no block ranges');
    default:
      return range satisfies never;
  }
}

/**
 * What to select from: the table, its index forced where a range is cut from one (the optimizer takes a table scan for a range that it
 * thinks wide, once per range), or the query as a derived table. A `where` leaves the choice to the optimizer.
 */
export function rangeRelation(
  table: TableSchema,
  range: KeyRange,
  key: readonly string[] = [],
  where: string | null = null,
): string {
  const bounded = range.kind === 'between' && (range.from !== null || range.to !== null);
  return relation(table, bounded && where === null ? key : []);
}

/** `key` empty: no index is forced. */
export function relation(table: TableSchema, key: readonly string[]): string {
  if (table.query !== undefined) return enclosedQuery(table.name, table.query);
  const index = table.candidateKeys.find((candidate) => sameColumns(candidate.columns, key));
  const from = quoteTable(table);
  return index === undefined || key.length === 0 ? from : `${from} FORCE INDEX (${quoteName(index.name)})`;
}

/** On lines of its own, so that a comment in it ends. Throws QUERY_REFUSED for a text that could close the parentheses. */
export function enclosedQuery(name: string, sql: string): string {
  const reason = checkQuery(sql, MYSQL_RULES);
  if (reason === null) return `(${sql}\n) AS ${quoteName('sqlextract_query')}`;
  throw new SqlextractError({
    code: 'QUERY_REFUSED',
    message: `the query ${name} is not one SELECT: ${reason}`,
    hint: 'give one statement that only reads, for example --query "SELECT id, total FROM orders WHERE total > 10"',
    fault: 'usage',
  });
}

/** `AND (…)` for a where text, or nothing. On lines of its own, so that a comment in it ends. Throws WHERE_REFUSED. */
export function andWhere(table: TableSchema, where: string | null): string {
  if (where === null) return '';
  const reason = checkWhereClause(where, MYSQL_RULES);
  if (reason === null) return ` AND (\n${where}\n)`;
  throw new SqlextractError({
    code: 'WHERE_REFUSED',
    message: `the where text for ${displayName(table)} is not one predicate: ${reason}`,
    hint: 'write only what follows WHERE, for example --where "status = \'paid\' AND amount > 10"',
    fault: 'usage',
  });
}

/**
 * `a > 1 OR (a = 1 AND (b > 2 OR (b = 2 AND c >= 3)))`: a row value `(a, b, c) >= (1, 2, 3)` would be a full scan
 * (https://dev.mysql.com/doc/refman/8.4/en/row-constructor-optimization.html). Equality is the server's, so that texts that are equal under the
 * column's collation lie on one side.
 */
export function compareKey(key: readonly string[], operator: '>' | '>=' | '<', values: KeyTuple): string {
  if (key.length === 0 || key.length !== values.length) throw new RangeError('a bound has another length than its key');
  const strict = operator === '<' ? '<' : '>';
  const last = key.length - 1;
  return key.reduceRight<string>((inner, column, at) => {
    const [name, value] = [quoteName(column), keyLiteral(values[at] as string)];
    if (at === last) return `${name} ${operator} ${value}`;
    return `(${name} ${strict} ${value} OR (${name} = ${value} AND ${inner}))`;
  }, '');
}

/** A NULL behind a decided first column compares as true, hence the tests. At least one condition always. */
export function notNull(table: TableSchema, key: readonly string[]): string[] {
  const candidate = table.candidateKeys.find((one) => sameColumns(one.columns, key));
  if (candidate !== undefined && !candidate.nullable) return ['TRUE'];
  return key.map((column) => `${quoteName(column)} IS NOT NULL`);
}

export function sameColumns(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((column, index) => column === other[index]);
}
