import type pg from 'pg';
import { SqlextractError } from '../../model/problem.ts';
import type { RowBatch } from '../../model/row-batch.ts';
import type { ReadRequest } from '../source.ts';
import { rangeRelation } from './ranges.ts';
import { readCopy, type ReadContext } from './read-copy.ts';
import { readCursor } from './read-cursor.ts';
import { currentPlans, selectStatement } from './read-statement.ts';
import { resetSearchPath, searchPathFor, setSearchPath } from './search-path.ts';

/**
 * The rows of one range, inside the session's snapshot when it has one, else in a transaction of its own, so that the table cannot be
 * altered between looking at its columns and reading them.
 */
export async function* readRange(
  context: ReadContext,
  request: ReadRequest,
  copy: boolean,
): AsyncGenerator<RowBatch, void, undefined> {
  request.signal.throwIfAborted();
  const { client } = context;
  const own = await beginUnlessInside(client);
  let whole = false;
  try {
    const { table, range, where } = request;
    const path = await searchPathFor(client, table, where);
    // Types are named by the search path: a table's were without one, a query's are under its own.
    if (table.query === undefined) await client.query(`SELECT FROM ${rangeRelation(table, range)} LIMIT 0`);
    else if (path !== null) await setSearchPath(client, path);
    const plans = await currentPlans(client, table);
    const select = selectStatement(request, plans);
    if (table.query === undefined && path !== null) await setSearchPath(client, path);
    yield* (copy ? readCopy : readCursor)(context, request, plans, select);
    if (path !== null) await resetSearchPath(client);
    whole = true;
  } finally {
    if (own) await client.query('ROLLBACK').catch(() => undefined);
    else if (!whole && client.getTransactionStatus() === 'T') await resetSearchPath(client);
  }
}

/** True when a transaction was begun. Throws when the session's transaction has failed: what it read before cannot go on. */
async function beginUnlessInside(client: pg.Client): Promise<boolean> {
  const status = client.getTransactionStatus();
  if (status === 'T') return false;
  if (status === 'E') {
    throw new SqlextractError({
      code: 'SOURCE_SESSION_FAILED',
      message: 'an earlier error ended the transaction of this session',
      hint: 'run the same command again',
      fault: 'source',
      verdict: 'reconnect',
    });
  }
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY');
  return true;
}
