import type { KeyRange, KeyTuple } from '../../model/key-range.ts';
import { SqlextractError } from '../../model/problem.ts';
import { type TableSchema, displayName } from '../../model/table.ts';
import { checkWhereClause } from '../../model/where-clause.ts';
import { fromClause, POSTGRES_RULES } from './from-clause.ts';
import { quoteLiteral, quoteName } from './quote.ts';

/**
 * The rows of a range as one SQL predicate without outer parentheses: `true` for all. Key values are constants without a type, so that the
 * server gives them the type of the column they are compared with (no cast that could cut them to a length).
 */
export function rangePredicate(table: TableSchema, range: KeyRange, key: readonly string[]): string {
  switch (range.kind) {
    case 'all':
      return 'true';
    case 'null':
      return key.map((column) => `${quoteName(column)} IS NULL`).join(' OR ');
    case 'between':
      return [
        ...(range.from === null ? [] : [compareKey(key, '>=', range.from)]),
        ...(range.to === null ? [] : [compareKey(key, '<', range.to)]),
        ...notNull(table, key),
      ].join(' AND ');
    case 'physical':
      return [
        `ctid >= '(${block(range.fromBlock)},0)'::pg_catalog.tid`,
        ...(range.toBlock === null ? [] : [`ctid < '(${block(range.toBlock)},0)'::pg_catalog.tid`]),
      ].join(' AND ');
    default:
      return range satisfies never;
  }
}

/** What to select from: the table with its children and partitions, the query, or the one relation of a physical range. */
export function rangeRelation(table: TableSchema, range: KeyRange): string {
  return range.kind === 'physical' ? `ONLY ${range.relation}` : fromClause(table);
}

/** `AND (…)` for a where text, or nothing. On lines of its own, so that a comment in it ends. Throws WHERE_REFUSED. */
export function andWhere(table: TableSchema, where: string | null): string {
  if (where === null) return '';
  const reason = checkWhereClause(where, POSTGRES_RULES);
  if (reason === null) return ` AND (\n${where}\n)`;
  throw new SqlextractError({
    code: 'WHERE_REFUSED',
    message: `the where text for ${displayName(table)} is not one predicate: ${reason}`,
    hint: 'write only what follows WHERE, for example --where "status = \'paid\' AND amount > 10"',
    fault: 'usage',
  });
}

/** Row values for a composite key: both bounds are then index conditions. */
export function compareKey(key: readonly string[], operator: '>' | '>=' | '<', values: KeyTuple): string {
  if (key.length === 0 || key.length !== values.length) throw new RangeError('a bound has another length than its key');
  const literals = values.map(quoteLiteral);
  if (key.length === 1) return `${quoteName(key[0] as string)} ${operator} ${literals[0]}`;
  return `(${key.map(quoteName).join(', ')}) ${operator} (${literals.join(', ')})`;
}

/** A row value with a NULL behind a decided first column compares as true, hence the tests. At least one condition always. */
export function notNull(table: TableSchema, key: readonly string[]): string[] {
  const candidate = table.candidateKeys.find((one) => sameColumns(one.columns, key));
  if (candidate !== undefined && !candidate.nullable) return ['true'];
  return key.map((column) => `${quoteName(column)} IS NOT NULL`);
}

export function sameColumns(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((column, index) => column === other[index]);
}

function block(number: number): string {
  if (!Number.isInteger(number) || number < 0 || number > 4_294_967_295) throw new RangeError('no such block number');
  return String(number);
}
