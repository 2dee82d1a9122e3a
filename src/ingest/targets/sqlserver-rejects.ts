import { displayName } from '../../model/table.ts';
import type { IngestPlan, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { commaList, sql, word } from '../quoted.ts';
import { messageTooMany, REJECTED, rejectedTable, skipsRows } from '../rejected-rows.ts';
import type { View } from '../render.ts';
import type { StagedColumn } from './sqlserver-columns.ts';
import { objectId, qualify, quoteLiteral } from './sqlserver-quote.ts';

/**
 * Rows whose cells TRY_CONVERT makes NULL of, that would be rounded, or that have no value where there has to be one. Not by MAXERRORS of BULK
 * INSERT, which says nothing of cells: those are texts until they are converted.
 */
export function rejectsView(load: TableLoad, plan: IngestPlan, cells: readonly StagedColumn[], driver: boolean): View {
  if (!skipsRows(load, plan)) return {};
  const misfits = cells.flatMap(({ column, at, stage }) => {
    const test = column.ignored ? null : at.misfit(sql`s.${stage}`);
    return test === null ? [] : [sql`CASE WHEN ${test} THEN ${quoteLiteral(column.name)} END`];
  });
  const { schema, name } = load.target;
  return {
    rejected: rejectedTable(load, qualify),
    rejectedObject: objectId(schema, REJECTED),
    // CONCAT_WS takes no less than two texts
    misfits: commaList([word('NULL'), word('NULL'), ...misfits]),
    rowText: word(cells.map((cell) => String(textOf(cell, driver))).join(" + N', ' + ")),
    messageTooMany: quoteLiteral(messageTooMany(displayName({ schema: schema ?? '', name }), plan)),
  };
}

/** `"name": "text"`, as JSON. */
function textOf({ column, stage }: StagedColumn, driver: boolean): Quoted {
  const isBytes = driver && column.source.type.kind === 'binary';
  const text = isBytes ? sql`CONVERT(nvarchar(max), s.${stage}, 2)` : sql`CONVERT(nvarchar(max), s.${stage})`;
  const name = quoteLiteral(`${JSON.stringify(column.source.name)}: `);
  return sql`${name} + ISNULL(N'"' + STRING_ESCAPE(${text}, 'json') + N'"', N'null')`;
}
