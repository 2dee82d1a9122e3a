import type pg from 'pg';
import type { EpochFacts } from '../../model/epoch.ts';
import type { KeyRange } from '../../model/key-range.ts';
import type { TableSchema } from '../../model/table.ts';
import type { CountedRange } from '../source.ts';
import { serverLine } from './hold-snapshot.ts';
import { quoteTable } from './quote.ts';
import { isTimeless } from '../../model/timeless.ts';

/** Ranges per statement: few round trips, and little is read in vain after the first change. */
const BATCH = 25;
/** Half of the 32-bit space of the ids in rows: farther apart, older and newer cannot be told. */
const HORIZON = 2n ** 31n;
const ID_SPACE = 2n ** 32n;

/** The range as an SQL condition on the table; null when it is the whole table. */
export type RangePredicate = (range: KeyRange, key: readonly string[]) => string | null;

/**
 * Whether the rows of the ranges, read in the epoch of `facts`, are the same rows in the client's present snapshot.
 *
 * Proof: all transactions older than that snapshot's xmin had ended when it was taken. A row visible now and written by one of them was
 * visible then. So when no row of the range is from a later transaction, the rows now are a part of the rows then; when there are as many of
 * them, they are all. An update gives the row a new xmin, a delete changes the count. What a row looks like without being written
 * (a renamed enum label) is not seen.
 *
 * 'unknown': rows of transactions that were perhaps open at the snapshot (between xmin and xmax; a subtransaction's id does not tell), not a heap, other rows by the clock alone (`where`), block ranges, another history of the server, or too long ago.
 */
export async function unchangedSince(
  client: pg.Client,
  facts: EpochFacts,
  table: TableSchema,
  ranges: readonly CountedRange[],
  where: string | null,
  rangePredicate: RangePredicate,
): Promise<'unchanged' | 'changed' | 'unknown'> {
  if (!facts.shared || !isTimeless(where) || ranges.some(({ range }) => range.kind === 'physical')) return 'unknown';
  if (table.kind !== 'table' && table.kind !== 'partitioned table') return 'unknown';
  if (!(await sameHistory(client, facts)) || !(await allHeaps(client, table))) return 'unknown';
  let sure = true;
  for (let start = 0; start < ranges.length; start += BATCH) {
    const batch = ranges.slice(start, start + BATCH);
    const sql = batch.map((counted, place) => countQuery(table, counted, place, where, facts, rangePredicate));
    const { rows } = await client.query<RangeCount>(sql.join(' UNION ALL '));
    const same = rows.every((row) => row.later === '0' && row.total === String(batch[Number(row.place)]?.rows));
    if (!same) return 'changed';
    sure &&= rows.every((row) => row.perhaps_later === '0');
  }
  return sure ? 'unchanged' : 'unknown';
}

interface RangeCount {
  readonly place: string;
  readonly total: string;
  /** Rows of transactions that had not begun to write at the snapshot. */
  readonly later: string;
  /** Those, and rows of transactions that may have been open. */
  readonly perhaps_later: string;
}

function countQuery(
  table: TableSchema,
  counted: CountedRange,
  place: number,
  where: string | null,
  facts: EpochFacts,
  rangePredicate: RangePredicate,
): string {
  const conditions = [rangePredicate(counted.range, counted.key), where].filter((one) => one !== null);
  const filter = conditions.length === 0 ? '' : ` WHERE ${conditions.map((one) => `(${one}\n)`).join(' AND ')}`;
  const count = (bound: string | undefined) =>
    `pg_catalog.count(*) FILTER (WHERE ${notBefore('t.xmin', BigInt(bound ?? 0))})`;
  return (
    `SELECT ${place} AS place, pg_catalog.count(*) AS total, ${count(facts.proof['xmax'])} AS later, ` +
    `${count(facts.proof['xmin'])} AS perhaps_later FROM (SELECT xmin FROM ${quoteTable(table)}${filter}) t`
  );
}

/** Modular, as the server compares them. 0–2 are not ids of transactions: such rows are older than all. */
function notBefore(column: string, bound: bigint): string {
  const id = `${column}::text::bigint`;
  return `${id} > 2 AND (${id} - ${bound % ID_SPACE} + ${ID_SPACE}) % ${ID_SPACE} < ${HORIZON}`;
}

/** The same cluster on the same timeline, not set back, and near enough for the ids to be compared. */
export async function sameHistory(client: pg.Client, facts: EpochFacts): Promise<boolean> {
  const { xmin, xmax, wal, systemId, timeline, standby } = facts.proof;
  if (xmin === undefined || xmax === undefined || wal === undefined || systemId === undefined || timeline === undefined)
    return false;
  const now = await serverLine(client);
  if (now['systemId'] !== systemId || now['timeline'] !== timeline || now['standby'] !== standby) return false;
  const { rows } = await client.query<{ xmin: string; xmax: string; forward: string }>(
    `SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text AS xmin,
            pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text AS xmax,
            ((CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                   ELSE pg_catalog.pg_current_wal_lsn() END) >= $1::pg_catalog.pg_lsn)::text AS forward`,
    [wal],
  );
  const [row] = rows;
  if (row === undefined || row.forward !== 'true' || BigInt(row.xmin) < BigInt(xmin)) return false;
  return BigInt(row.xmax) - BigInt(xmin) < HORIZON;
}

/** Foreign partitions and other storage engines do not keep the writer's id with the row. */
export async function allHeaps(client: pg.Client, table: TableSchema): Promise<boolean> {
  const { rows } = await client.query<{ all_heaps: string | null }>(
    `WITH RECURSIVE tree AS (
       SELECT pg_catalog.to_regclass($1)::oid AS relation
       UNION
       SELECT i.inhrelid FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.relation
     )
     SELECT pg_catalog.bool_and(c.relkind = 'p' OR (c.relkind = 'r' AND a.amname = 'heap'))::text AS all_heaps
     FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.relation LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam`,
    [quoteTable(table)],
  );
  return rows[0]?.all_heaps === 'true';
}
