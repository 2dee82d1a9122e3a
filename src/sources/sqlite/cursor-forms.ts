import type { DeliveredRequest } from '../cursors.ts';
import { refused } from './cursor-column.ts';
import { cursorCondition, valueLiteral } from './cursor-condition.ts';
import { fromClause } from './from-clause.ts';
import { type Connection, firstRow } from './query.ts';
import { quoteIdentifier } from './quote.ts';
import { conjunction, whereParts } from './range-predicate.ts';

const DAY = '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]';
const DATED = `c GLOB '${DAY}*'`;
/** A day alone sorts where it belongs among moments of every form. */
const MOMENT = `${DATED} AND length(c) <> 10`;

/**
 * Moments that are texts have the order of time only as long as all are written alike: `2024-01-31 09:00` sorts before `2024-01-31T08:00`, whichever
 * was first, and would be missed once the other is the watermark. Throws CURSOR_COLUMN when the rows of the window, and its beginning, are not.
 */
export function requireOneForm(connection: Connection, request: DeliveredRequest): void {
  const { table, window } = request;
  if (window.column.kind === 'integer') return;
  const values = valuesOf(request);
  const first = (condition: string) =>
    firstRow(connection, `SELECT c FROM (${values}) WHERE ${condition} LIMIT 1`)?.[0];
  const dated = first(DATED);
  if (typeof dated !== 'string') return;
  const moment = first(MOMENT);
  // Texts of a column that is not declared as moments may be anything besides.
  const undated = window.column.kind === 'text' ? [] : [`NOT ${DATED}`];
  const unlike = typeof moment === 'string' ? [`${MOMENT} AND NOT (${likeMoment(moment)})`] : [];
  const conditions = [...undated, ...unlike];
  const other = conditions.length === 0 ? undefined : first(conditions.map((one) => `(${one})`).join(' OR '));
  if (other === undefined) return;
  const example = JSON.stringify(moment ?? dated);
  throw refused(
    table,
    window.column.name,
    `its moments are not written alike (${example}, ${JSON.stringify(other)}), so that their order as texts is not that of time`,
  );
}

function valuesOf({ table, window, where }: DeliveredRequest): string {
  const { column, from } = window;
  const name = quoteIdentifier(column.name);
  const read = conjunction([`${name} IS NOT NULL`, cursorCondition(window), ...whereParts(where)]);
  const begin = from === null || from.value === '' ? '' : ` UNION ALL SELECT ${valueLiteral(column, from.value)}`;
  return `SELECT ${name} AS c FROM ${fromClause(table)} WHERE ${read}${begin}`;
}

/** The same between day and time, and behind the digits; where there is something behind, as many of them, for `Z` sorts after `.5Z`. */
function likeMoment(moment: string): string {
  const between = `substr(c, 11, 1) = ${quoted(moment.slice(10, 11))}`;
  const behind = moment.slice(11).replace(/^[\d:.]*/, '');
  if (behind === '') return `${between} AND substr(c, 12) NOT GLOB '*[^0-9:.]*'`;
  return `${between} AND length(c) = ${moment.length} AND substr(c, -${behind.length}) = ${quoted(behind)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
