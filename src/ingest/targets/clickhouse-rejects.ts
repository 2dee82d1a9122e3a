import { displayName } from '../../model/table.ts';
import type { IngestPlan, LoadColumn, TableLoad } from '../ingest-plan.ts';
import { commaList, sql, word } from '../quoted.ts';
import { messageTooMany, rejectedTable, skipsRows } from '../rejected-rows.ts';
import type { View } from '../render.ts';
import type { ClickHouseColumn } from './clickhouse-columns.ts';
import { qualify, quoteLiteral } from './clickhouse-quote.ts';

/**
 * Rows with a cell that its type does not hold as it is (`misfit`, which stops the load otherwise), or without a value where there has to be one. Not
 * by input_format_allow_errors_num, which keeps none of them and overlooks what is silently made another value.
 */
export function rejectsView(
  load: TableLoad,
  plan: IngestPlan,
  columnOf: (column: LoadColumn) => ClickHouseColumn,
): View {
  if (!skipsRows(load, plan)) return {};
  const cells = load.columns.map((column, index) => ({ column, cell: word(`s.c${index + 1}`) }));
  const tests = cells.flatMap(({ column, cell }) => {
    const misfit = column.ignored ? null : columnOf(column).misfit(cell);
    const nothing = column.source.nullable || column.ignored ? null : sql`isNull(${cell})`;
    const test = [misfit, nothing].filter((each) => each !== null);
    return test.length === 0 ? [] : [{ test: word(test.join(' OR ')), name: quoteLiteral(column.name) }];
  });
  const named = tests.map(({ test, name }) => sql`if(${test}, ${name}, '')`);
  const texts = cells.map(({ column, cell }) => sql`${quoteLiteral(column.source.name)}, toString(${cell})`);
  const { schema, name } = load.target;
  return {
    rejected: rejectedTable(load, qualify),
    misfit: tests.length === 0 ? word('false') : word(tests.map(({ test }) => `(${String(test)})`).join(' OR ')),
    misfitNames: sql`arrayStringConcat(arrayFilter(x -> x != '', [${commaList([word("''"), ...named])}]), ', ')`,
    rowText: sql`toJSONString(map(${commaList(texts)}))`,
    messageTooMany: quoteLiteral(
      messageTooMany(displayName({ schema: schema ?? '', name }), plan).replace(/; the first: $/, ''),
    ),
  };
}
