import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableSchema } from '../../model/table.ts';
import type { ReadRequest } from '../source.ts';
import type { SqlServerConnection } from './connection.ts';
import { currentColumns } from './current-columns.ts';
import { planFor } from './declared-type.ts';
import { quoteName } from './quote.ts';
import { andWhere, rangePredicate, rangeRelation } from './ranges.ts';
import type { ColumnPlan } from './types.ts';

/** `SELECT TOP (n) explicit columns FROM … WHERE range AND (where)`. */
export function selectStatement(request: ReadRequest, plans: readonly ColumnPlan[]): string {
  const { table, range, key, where, limit } = request;
  const columns = table.columns.map(({ name }, index) => (plans[index] as ColumnPlan).select(quoteName(name)));
  const top = limit === null ? '' : `TOP (${BigInt(limit)}) `;
  return (
    `/* sqlextract:read */ SELECT ${top}${columns.join(', ')} FROM ${rangeRelation(table, range)} ` +
    `WHERE (${rangePredicate(table, range, key)})${andWhere(table, where)}`
  );
}

/**
 * How each planned column is read, by the catalog as it is now, so that a table altered since the plan is noticed. No lock keeps it from
 * being altered later: then the wire types tell (decoders.ts), and what they cannot tell is looked at again after the last row.
 * Throws SOURCE_CHANGED.
 */
export async function currentPlans(
  connection: SqlServerConnection,
  table: TableSchema,
): Promise<readonly ColumnPlan[]> {
  const columns = await currentColumns(connection, table);
  const now = new Map(columns.map((column) => [column.name, column]));
  return table.columns.map((planned) => {
    const column = now.get(planned.name);
    if (column === undefined) throw changed(table, `column ${planned.name} is no longer there`);
    const same = planFor(column.native, planned.type);
    if (same === null || column.native.display !== planned.nativeType) {
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
