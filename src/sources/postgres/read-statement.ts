import type pg from 'pg';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableSchema } from '../../model/table.ts';
import type { ReadRequest } from '../source.ts';
import { readColumns } from './columns.ts';
import { queryColumns } from './query-columns.ts';
import { quoteName } from './quote.ts';
import { andWhere, rangePredicate, rangeRelation } from './ranges.ts';
import { type ColumnPlan, planColumn } from './types.ts';

/** `SELECT explicit columns FROM … WHERE range AND (where) LIMIT n`. */
export function selectStatement(request: ReadRequest, plans: readonly ColumnPlan[]): string {
  const { table, range, key, where, limit } = request;
  const columns = table.columns.map(({ name }, index) => (plans[index] as ColumnPlan).select(quoteName(name)));
  return (
    `SELECT ${columns.join(', ')} FROM ${rangeRelation(table, range)} ` +
    `WHERE (${rangePredicate(table, range, key)})${andWhere(table, where)}${limit === null ? '' : ` LIMIT ${BigInt(limit)}`}`
  );
}

/**
 * How each planned column is read, by the catalog as it is now, so that a table altered since the plan is noticed: a column of another
 * type would be decoded wrongly. To be called inside the reading transaction, after the relation was touched (its lock keeps the columns
 * as they are); for a query under its search path, where the question itself locks what it names. Throws SOURCE_CHANGED.
 */
export async function currentPlans(client: pg.Client, table: TableSchema): Promise<readonly ColumnPlan[]> {
  const columns =
    table.query === undefined
      ? await readColumns(client, table.objectId)
      : await queryColumns(client, table.name, table.query);
  const now = new Map(columns.map((column) => [column.name, column]));
  return table.columns.map((planned) => {
    const column = now.get(planned.name);
    if (column === undefined) throw changed(table, `column ${planned.name} is no longer there`);
    const plans = [planColumn(column.native, false), planColumn(column.native, true)];
    const same = plans.find(({ type }) => JSON.stringify(type) === JSON.stringify(planned.type));
    if (same === undefined || column.native.display !== planned.nativeType) {
      throw changed(table, `column ${planned.name} was ${planned.nativeType} and is ${column.native.display} now`);
    }
    return same;
  });
}

function changed(table: TableSchema, what: string): SqlextractError {
  return new SqlextractError({
    code: 'SOURCE_CHANGED',
    message: `${displayName(table)} was altered since the plan was made: ${what}`,
    hint: 'run again with --fresh',
    fault: 'source',
  });
}
