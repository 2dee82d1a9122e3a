import type { KeyRange, KeyTuple } from '../../model/key-range.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableSchema } from '../../model/table.ts';
import { checkWhereClause } from '../../model/where-clause.ts';
import { literalOf } from './key-values.ts';
import { SQLSERVER_RULES } from './lexis.ts';
import { isMemoryOptimized } from './memory-optimized.ts';
import { quoteName, quoteTable } from './quote.ts';

/**
 * The rows of a range as one SQL predicate without outer parentheses: `1 = 1` for all. Key values are constants of the column's type and
 * collation (key-values.ts).
 */
export function rangePredicate(table: TableSchema, range: KeyRange, key: readonly string[]): string {
  switch (range.kind) {
    case 'all':
      return '1 = 1';
    case 'null':
      return key.map((column) => `${quoteName(column)} IS NULL`).join(' OR ');
    case 'between':
      return betweenPredicate(table, range.from, range.to, key);
    case 'physical':
      throw new RangeError('SQL Server has no ranges of blocks');
    default:
      return range satisfies never;
  }
}

/** The first column is bounded by itself too: out of nested ORs the server makes no seek. */
function betweenPredicate(
  table: TableSchema,
  from: KeyTuple | null,
  to: KeyTuple | null,
  key: readonly string[],
): string {
  const first = quoteName(key[0] as string);
  const seek =
    key.length === 1
      ? []
      : [
          ...(from === null ? [] : [`${first} >= ${literalOf(from[0] as string)}`]),
          ...(to === null ? [] : [`${first} <= ${literalOf(to[0] as string)}`]),
        ];
  return [
    ...seek,
    ...(from === null ? [] : [compareKey(key, '>=', from)]),
    ...(to === null ? [] : [compareKey(key, '<', to)]),
    ...notNull(table, key),
  ].join(' AND ');
}

/** What to select from: the table, or the query of a free query in its place. */
export function rangeRelation(table: TableSchema, _range: KeyRange): string {
  if (table.query !== undefined) return `(${table.query}\n) AS ${quoteName('sqlextract_query')}`;
  return isMemoryOptimized(table) ? `${quoteTable(table)} WITH (SNAPSHOT)` : quoteTable(table);
}

/** `AND (…)` for a where text, or nothing. On lines of its own, so that a comment in it ends. Throws WHERE_REFUSED. */
export function andWhere(table: TableSchema, where: string | null): string {
  if (where === null) return '';
  const reason = checkWhereClause(where, SQLSERVER_RULES);
  if (reason === null) return ` AND (\n${where}\n)`;
  throw new SqlextractError({
    code: 'WHERE_REFUSED',
    message: `the where text for ${displayName(table)} is not one predicate: ${reason}`,
    hint: 'write only what follows WHERE, for example --where "status = \'paid\' AND amount > 10"',
    fault: 'usage',
  });
}

type Operator = '>' | '>=' | '<';

/** `a > x OR (a = x AND (b > y OR (b = y AND c >= z)))`: there are no row values. In parentheses. */
export function compareKey(key: readonly string[], operator: Operator, values: KeyTuple): string {
  return compareExpressions(key.map(quoteName), operator, values);
}

/** As `compareKey`, of SQL expressions. */
export function compareExpressions(columns: readonly string[], operator: Operator, values: KeyTuple): string {
  if (columns.length === 0 || columns.length !== values.length)
    throw new RangeError('a bound has another length than its key');
  const strict = operator === '<' ? '<' : '>';
  const literals = values.map(literalOf);
  let condition = `${columns.at(-1)} ${operator} ${literals.at(-1)}`;
  for (let at = columns.length - 2; at >= 0; at -= 1) {
    const [column, literal] = [columns[at], literals[at]];
    condition = `(${column} ${strict} ${literal} OR (${column} = ${literal} AND ${condition}))`;
  }
  return condition;
}

/** A NULL behind a decided first column would compare as true, hence the tests. Empty for a key that the catalog keeps from being NULL. */
export function notNull(table: TableSchema, key: readonly string[]): string[] {
  const candidate = table.candidateKeys.find((one) => sameColumns(one.columns, key));
  if (candidate !== undefined && !candidate.nullable) return ['1 = 1'];
  return key.map((column) => `${quoteName(column)} IS NOT NULL`);
}

export function sameColumns(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((column, index) => column === other[index]);
}
