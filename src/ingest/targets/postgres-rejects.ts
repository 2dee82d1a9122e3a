import { displayName } from '../../model/table.ts';
import type { IngestPlan, TableLoad } from '../ingest-plan.ts';
import { commaList, sql, word } from '../quoted.ts';
import { exactText, messageTooMany, rejectedTable, skipsRows } from '../rejected-rows.ts';
import type { View } from '../render.ts';
import { textOf } from '../render.ts';
import { qualify, quoteLiteral } from './postgres-quote.ts';

/**
 * What tells the rows that the table does not take: a cell that a cast would round (`misfits`), or what a copy of the table refuses.
 * COPY … ON_ERROR ignore (17 and newer) keeps none of them and overlooks constraints; trying them works since 13.
 */
export function rejectsView(base: View, load: TableLoad, plan: IngestPlan): View {
  if (!skipsRows(load, plan)) return {};
  const { schema, name } = load.target;
  const forms = load.columns.flatMap(({ source, name: column, ignored }, index) => {
    const form = exactText(source.type);
    if (form === null || ignored) return [];
    return [
      sql`CASE WHEN s.${word(`c${index + 1}`)} !~ ${quoteLiteral(`^(${form})$`)} THEN ${quoteLiteral(column)} END`,
    ];
  });
  const names = load.columns.map(({ source }) => quoteLiteral(source.name));
  const cells = load.columns.map((_, index) => word(`s.c${index + 1}`));
  return {
    rejected: rejectedTable(load, qualify),
    misfits: forms.length === 0 ? word('NULL::text') : commaList(forms),
    rowText: sql`CAST(json_object(CAST(ARRAY[${commaList(names)}] AS text[]), CAST(ARRAY[${commaList(cells)}] AS text[])) AS text)`,
    namesText: quoteLiteral(textOf(base, 'names')),
    valuesText: quoteLiteral(textOf(base, 'values')),
    messageTooMany: quoteLiteral(messageTooMany(displayName({ schema: schema ?? '', name }), plan)),
  };
}
