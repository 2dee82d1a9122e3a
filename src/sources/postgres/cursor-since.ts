import type pg from 'pg';
import type { CursorWindow } from '../../model/cursor.ts';
import { isTimeless } from '../../model/timeless.ts';
import { CHANGED, type Since, type SinceRequest } from '../cursors.ts';
import { cursorCondition } from './cursor-condition.ts';
import { quoteName, quoteTable } from './quote.ts';
import { allHeaps, sameHistory } from './unchanged.ts';

/**
 * See SourceCursors.since. All transactions older than the epoch's xmin had ended when it began, so a row version of one of them that is there now
 * was there all the time, with the same key and cells; every other one has an xmin from there on. Told apart only on the same history of
 * transaction ids, and less than 2³¹ of them later.
 *
 * The query has nothing of the person's in it: a condition would mean something else under the search path of queries.
 */
export async function rowsSince(client: pg.Client, request: SinceRequest): Promise<Since> {
  const { facts, table, where } = request;
  if (table.kind !== 'table' && table.kind !== 'partitioned table')
    return unknown(`the rows of a ${table.kind} do not carry the number of the transaction that wrote them`);
  if (table.primaryKey.length === 0) return unknown('it has no primary key, and nothing else tells its rows apart');
  if (!isTimeless(where)) return unknown('its --where may pick another row although no row changed');
  if (!(await allHeaps(client, table)))
    return unknown('only rows of tables of this server carry the number of the transaction that wrote them');
  if (await hasPolicies(client, table.objectId))
    return unknown('row policies may show another row although no row changed');
  if (!(await sameHistory(client, facts)))
    return unknown(
      'the server does not prove that its transactions are counted as they were then (another server, a restore or failover, too many ' +
        'since, or no EXECUTE on pg_control_system and pg_control_checkpoint)',
    );
  const window = windowFrom(facts.proof['xmin'] ?? '');
  // Keys alone can be read from the index alone.
  const changed = where === null ? [] : [`(${cursorCondition(window)}) AS ${quoteName(CHANGED)}`];
  const cells = [...table.primaryKey.map(quoteName), ...changed];
  return { kind: 'window', window, keys: `SELECT ${cells.join(', ')} FROM ${quoteTable(table)}` };
}

function windowFrom(xmin: string): CursorWindow {
  const column = { name: 'xmin', kind: 'xmin', nativeType: 'xid', nullable: false } as const;
  return { column, from: { value: xmin, ties: { kind: 'all' } }, to: null, nulls: false };
}

async function hasPolicies(client: pg.Client, objectId: string): Promise<boolean> {
  const { rows } = await client.query<{ active: string }>({
    text: 'SELECT pg_catalog.row_security_active($1::pg_catalog.oid)::text AS active',
    values: [objectId],
  });
  return rows[0]?.active !== 'false';
}

function unknown(why: string): Since {
  return { kind: 'unknown', why };
}
