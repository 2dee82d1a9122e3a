import { displayName } from '../../model/table.ts';
import type { IngestPlan, LoadColumn, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { commaList, sql, word } from '../quoted.ts';
import { exactText, messageTooMany, rejectedTable, skipsRows } from '../rejected-rows.ts';
import type { View } from '../render.ts';
import { qualify, quoteIdentifier, quoteLiteral } from './duckdb-quote.ts';

/**
 * What tells the rows that the table does not take. A cell is tried as its own type and then as that of the table's column (`t.k1`, NULL, from
 * a join with no row of it): TRY and cast_to_type, duckdb.org/docs/stable/sql/functions/utility.
 */
export function rejectsView(load: TableLoad, plan: IngestPlan, valueOf: (column: LoadColumn, cell: Quoted) => Quoted) {
  if (!skipsRows(load, plan)) return {};
  const cells = load.columns.map((column, index) => ({ column, number: index + 1, cell: word(`s.c${index + 1}`) }));
  const put = cells.filter(({ column }) => !column.ignored);
  return {
    rejected: rejectedTable(load, qualify),
    isText: load.format.name === 'csv',
    tableCells: commaList(
      put.map(({ column, number }) => sql`${quoteIdentifier(column.name)} AS ${word(`k${number}`)}`),
    ),
    misfits: commaList(
      put.map(({ column, number, cell }) => {
        const fits = fitsSql(column, load, cell, word(`t.k${number}`), valueOf(column, cell));
        return sql`CASE WHEN ${fits} THEN NULL ELSE ${quoteLiteral(column.name)} END`;
      }),
    ),
    rowText: sql`CAST(to_json({${commaList(cells.map(({ column, cell }) => sql`${quoteLiteral(column.source.name)}: CAST(${cell} AS VARCHAR)`))}}) AS VARCHAR)`,
    messageTooMany: quoteLiteral(
      messageTooMany(displayName({ schema: load.target.schema ?? '', name: load.target.name }), plan),
    ),
  } satisfies View;
}

function fitsSql(
  { name, source }: LoadColumn,
  { format }: TableLoad,
  cell: Quoted,
  there: Quoted,
  value: Quoted,
): Quoted {
  const nothing = source.nullable
    ? sql`NOT coalesce(list_contains(r.required, lower(${quoteLiteral(name)})), false)`
    : word('false');
  const kept = sql`TRY(cast_to_type(${value}, ${there})) IS NOT NULL`;
  const form = format.name === 'csv' ? exactText(source.type) : null;
  const exact = form === null ? word('') : sql` AND regexp_full_match(${cell}, ${quoteLiteral(form)})`;
  return sql`CASE WHEN ${cell} IS NULL THEN ${nothing} ELSE ${kept}${exact} END`;
}
