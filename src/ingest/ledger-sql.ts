import type { TableLoad } from './ingest-plan.ts';
import type { Quoted } from './quoted.ts';
import { commaList, sql, word } from './quoted.ts';
import type { IngestTarget } from './target.ts';

/** The ledger's name, in the schema of the table. Its columns are the same in every target: see docs/targets.md. */
export const LEDGER = '_sqlextract_loads';

/**
 * How many rows the table has by the ledger, since all of it was loaded: a table without any is not the one that was loaded, when this is more than
 * 0. One that is appended to may be emptied by whoever takes its rows on.
 */
export function heldRows({ target: { schema }, ledger }: TableLoad, target: IngestTarget): Quoted {
  const name = (column: string): Quoted => target.quoteIdentifier(column);
  const loads = target.qualify(schema, LEDGER);
  const ours = sql`${name('table_name')} = ${target.quoteLiteral(ledger.table)}`;
  const anew = sql`${name('mode')} IN ('replace', 'full-refresh')`;
  const gone = sql`CASE WHEN ${anew} THEN 0 ELSE ${name('deleted')} END`;
  const since = sql`COALESCE((SELECT MAX(${name('extracted_at')}) FROM ${loads} WHERE ${ours} AND ${anew}), '')`;
  return sql`COALESCE((SELECT SUM(${name('inserted')} - ${gone}) FROM ${loads} WHERE ${ours} AND ${name('extracted_at')} >= ${since}), 0)`;
}

/** Whether the table is still what the ledger says, as an expression of SQL: it is not there without an error. */
export function stillThere(load: TableLoad, target: IngestTarget): Quoted {
  const table = target.qualify(load.target.schema, load.target.name);
  if (load.mode === 'append') return sql`(SELECT COUNT(*) FROM ${table}) >= 0`;
  return sql`(${heldRows(load, target)} <= 0 OR EXISTS (SELECT 1 FROM ${table}))`;
}

/** Of the ledger's rows, that of the window before, and only when no other run of the table is newer. SQL-92, for every target. */
export function previousIsNewest(load: TableLoad, previous: string, target: IngestTarget): Quoted {
  const run = target.quoteIdentifier('run_id');
  return sql`${newest(load, target)} AND ${run} = ${target.quoteLiteral(previous)}`;
}

/** Of the ledger's rows, the newest one when it is of a window of another job, whose rows this load would replace. */
export function newestIsOfOthers(load: TableLoad, target: IngestTarget): Quoted {
  const name = (column: string): Quoted => target.quoteIdentifier(column);
  const plain = (['replace', 'full-refresh'] as const).map((mode) => target.quoteLiteral(mode));
  const isWindow = sql`(${name('mode')} NOT IN (${commaList(plain)}) OR ${name('window_to')} IS NOT NULL)`;
  return sql`${newest(load, target)} AND ${name('job')} <> ${target.quoteLiteral(load.source.job)} AND ${isWindow}`;
}

/** The `run_id` of the newest run of the table that a window can go on from; of several that are of one instant all. */
export function newestRuns(load: TableLoad, target: IngestTarget): Quoted {
  const ledger = target.qualify(load.target.schema, LEDGER);
  return sql`SELECT ${target.quoteIdentifier('run_id')} AS ${target.quoteIdentifier('run_id')} FROM ${ledger} WHERE ${newest(load, target)}`;
}

function newest(load: TableLoad, target: IngestTarget): Quoted {
  const ledger = target.qualify(load.target.schema, LEDGER);
  const extracted = target.quoteIdentifier('extracted_at');
  const counts = counted(load, target);
  return sql`${counts} AND ${extracted} >= (SELECT max(${extracted}) FROM ${ledger} WHERE ${counts})`;
}

/** What others append beside takes nothing from what is appended to, as for runs that are older: see messageOlder. */
function counted(load: TableLoad, target: IngestTarget): Quoted {
  const is = (column: string, operator: '=' | '<>', text: string): Quoted =>
    sql`${target.quoteIdentifier(column)} ${word(operator)} ${target.quoteLiteral(text)}`;
  const table = is('table_name', '=', load.ledger.table);
  if (load.mode !== 'append') return table;
  return sql`${table} AND (${is('job', '=', load.source.job)} OR ${is('mode', '<>', 'append')})`;
}
