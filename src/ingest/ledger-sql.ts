import type { TableLoad } from './ingest-plan.ts';
import type { Quoted } from './quoted.ts';
import { sql, word } from './quoted.ts';
import type { IngestTarget } from './target.ts';

/** The ledger's name, in the schema of the table. Its columns are the same in every target: see docs/targets.md. */
export const LEDGER = '_sqlextract_loads';

/** A closed range that was read again lies beside the windows of its job: it is none that another goes on from. */
export function ledgerJob({ source, incremental }: TableLoad): string {
  return incremental?.backfill === true ? backfillJob(source.job) : source.job;
}

function backfillJob(job: string): string {
  return `${job} backfill`;
}

/** Of the ledger's rows, that of the window before, and only when no other run of the table is newer. SQL-92, for every target. */
export function previousIsNewest(load: TableLoad, previous: string, target: IngestTarget): Quoted {
  const run = target.quoteIdentifier('run_id');
  return sql`${newest(load, target)} AND ${run} = ${target.quoteLiteral(previous)}`;
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
  const literal = (text: string): Quoted => target.quoteLiteral(text);
  const [table, job, mode] = ['table_name', 'job', 'mode'].map((name) => target.quoteIdentifier(name));
  const own = sql`${job ?? word('')} = ${literal(load.source.job)}`;
  const ours = sql`${table ?? word('')} = ${literal(load.ledger.table)} AND ${job ?? word('')} <> ${literal(backfillJob(load.source.job))}`;
  return load.mode === 'append' ? sql`${ours} AND (${own} OR ${mode ?? word('')} <> 'append')` : ours;
}
