import type pg from 'pg';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableSchema } from '../../model/table.ts';
import type { CursorBound } from '../cursors.ts';

/** Half of the 32-bit circle of the ids in rows: farther apart, the server itself cannot tell older from newer. */
const FARTHEST = 2n ** 31n;

/**
 * The snapshot is the bound. What its transactions in flight will write has an xmin that is not below its own xmin, the ids of
 * subtransactions included, which are given out after their parent's; so the next window begins there.
 */
export async function xminBound(client: pg.Client): Promise<CursorBound> {
  const { rows } = await client.query<{ xmin: string }>(
    'SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::pg_catalog.text AS xmin',
  );
  const next = rows[0]?.xmin ?? '';
  return { to: null, next, promise: PROMISE, remarks: [] };
}

const PROMISE =
  'by the transaction that wrote each row: every row that was written since is read, whatever its columns say, and rows of transactions that ' +
  'ended while older ones stayed open are read again; each run scans the whole table, deleted rows are not seen, and a row left alone for ' +
  '4.29 thousand million transactions may be read once more';

/** Throws CURSOR_WRAPAROUND when so many transactions came after `since` that ids in rows cannot be told apart, or it was not given out yet. */
export async function requireNear(client: pg.Client, table: TableSchema, since: string): Promise<void> {
  const { rows } = await client.query<{ xmax: string }>(
    'SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text AS xmax',
  );
  const distance = BigInt(rows[0]?.xmax ?? 0) - BigInt(since);
  if (distance >= 0n && distance < FARTHEST) return;
  throw new SqlextractError({
    code: 'CURSOR_WRAPAROUND',
    message:
      distance < 0n
        ? `transaction ${since}, where the next window of ${displayName(table)} begins, was not yet given out by this server: it was set back, or is another one`
        : `${distance} transactions came after ${since}, where the next window of ${displayName(table)} begins: older and newer rows cannot be told apart by xmin any more`,
    hint: `begin anew with a full run: sqlextract watermark reset --table ${displayName(table)}, then the same command`,
    fault: 'source',
  });
}
