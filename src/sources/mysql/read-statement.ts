import type { Connection } from 'mysql2';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableSchema } from '../../model/table.ts';
import type { ValuePolicies } from '../../model/value-policies.ts';
import type { ReadRequest } from '../source.ts';
import { type NativeColumn, readColumns, readQueryColumns } from './columns.ts';
import { quoteName } from './quote.ts';
import { andWhere, enclosedQuery, rangePredicate, rangeRelation } from './ranges.ts';
import { type ColumnPlan, type NativeType, planColumn } from './types.ts';

/** `SELECT explicit columns FROM … WHERE range AND (where) LIMIT n`. */
export function selectStatement(request: ReadRequest, plans: readonly ColumnPlan[]): string {
  const { table, range, key, where, limit } = request;
  const columns = table.columns.map(({ name }, index) => (plans[index] as ColumnPlan).select(quoteName(name)));
  return (
    `SELECT ${columns.join(', ')} FROM ${rangeRelation(table, range, key, where)} ` +
    `WHERE (${rangePredicate(table, range, key)})${andWhere(table, where)}${limit === null ? '' : ` LIMIT ${BigInt(limit)}`}`
  );
}

/**
 * How each planned column is read, by the catalog as it is now, so that a table altered since the plan is noticed: an instant ALTER TABLE lets
 * an older snapshot read on, with rows of another shape. To be called inside the reading transaction, after the table was touched (its metadata
 * lock keeps the columns as they are). Throws SOURCE_CHANGED.
 */
export async function currentPlans(
  connection: Connection,
  table: TableSchema,
  policies: ValuePolicies,
): Promise<readonly ColumnPlan[]> {
  const columns = await (table.query === undefined
    ? readColumns(connection, table)
    : readQueryColumns(connection, table.query, enclosedQuery(table.name, table.query)));
  const now = new Map(columns.map((column) => [column.name, column]));
  return table.columns.map((planned) => {
    const column: NativeColumn | undefined = now.get(planned.name);
    if (column === undefined) throw changed(table, `column ${planned.name} is no longer there`);
    const plans = possiblePlans(column.native, policies);
    const same = plans.find(({ type }) => JSON.stringify(type) === JSON.stringify(planned.type));
    if (same === undefined || column.native.display !== planned.nativeType) {
      throw changed(table, `column ${planned.name} was ${planned.nativeType} and is ${column.native.display} now`);
    }
    return same;
  });
}

/** As its type says, and as text. */
function possiblePlans(native: NativeType, policies: ValuePolicies): readonly ColumnPlan[] {
  const asText = planColumn(native, true, policies);
  try {
    return [planColumn(native, false, policies), asText];
  } catch {
    return [asText];
  }
}

function changed(table: TableSchema, what: string): SqlextractError {
  return new SqlextractError({
    code: 'SOURCE_CHANGED',
    message: `${displayName(table)} was altered since the plan was made: ${what}`,
    hint: 'run again with --fresh',
    fault: 'source',
  });
}
