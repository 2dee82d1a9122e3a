import type { Connection } from 'mysql2';
import { SqlextractError } from '../../model/problem.ts';
import type { ValuePolicies } from '../../model/value-policies.ts';
import type { RowBatch } from '../../model/row-batch.ts';
import { type ColumnSchema, displayName } from '../../model/table.ts';
import type { ReadRequest, SourceConfig } from '../source.ts';
import { Batch } from './batch.ts';
import { columnReader } from './decoders.ts';
import type { LastPacket } from './last-packet.ts';
import { keyColumns, misfitError, renderKey } from '../misfit-error.ts';
import { execute } from './query-rows.ts';
import { rangeRelation } from './ranges.ts';
import { currentPlans, selectStatement } from './read-statement.ts';
import { refuseLossyWarnings } from './read-warnings.ts';
import { RowScanner } from './row-scanner.ts';
import { RowStream } from './row-stream.ts';
import { Misfit } from './misfit.ts';
import { stopStatement } from './stop-statement.ts';
import type { ColumnPlan } from './types.ts';
import { Watchdog, watchAnswer } from './watchdog.ts';

/** A key with a date that no calendar has is shown as `?`. */
const KEY_POLICIES: ValuePolicies = { zeroDates: 'fail', tinyint1: 'integer' };

export interface ReadContext {
  readonly connection: Connection;
  readonly config: SourceConfig;
}

/**
 * The rows of one range, inside the session's snapshot when it has one, else in a transaction of its own, so that the table cannot be altered
 * between looking at its columns and reading them. Ends normally only after the packet that the server ends an answer with, with as many rows
 * given out as were found before it; every other end throws, and leaves the connection usable or closed.
 */
export async function* readRange(
  context: ReadContext,
  request: ReadRequest,
): AsyncGenerator<RowBatch, void, undefined> {
  request.signal.throwIfAborted();
  const { connection, config } = context;
  const ask = <T>(answer: Promise<T>): Promise<T> => watchAnswer(connection, config, answer);
  const own = !(await ask(isInTransaction(connection)));
  if (own) await ask(execute(connection, 'START TRANSACTION READ ONLY'));
  try {
    // Takes the metadata lock. A query has no table to name; asking for its columns does not keep them.
    if (request.table.query === undefined) {
      await ask(execute(connection, `SELECT 1 FROM ${rangeRelation(request.table, request.range)} LIMIT 0`));
    }
    const plans = await ask(currentPlans(connection, request.table, request.policies));
    yield* readRows(context, request, plans);
  } finally {
    if (own) await ask(execute(connection, 'ROLLBACK')).catch(() => undefined);
  }
}

async function* readRows(
  context: ReadContext,
  request: ReadRequest,
  plans: readonly ColumnPlan[],
): AsyncGenerator<RowBatch, void, undefined> {
  const { connection, config } = context;
  const { signal } = request;
  const batch = new Batch(plans, request.policies);
  using watchdog = new Watchdog(connection, config);
  const abort = (): void => watchdog.interrupt(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', abort);
  const stream = new RowStream(connection, selectStatement(request, plans));
  const scanner = new RowScanner(plans.length, stream.deprecateEof);
  let ended = false;
  let total = 0;
  try {
    let bounds = request.batchBounds();
    for (;;) {
      const found = scanner.scan(bounds.rows - batch.rows, bounds.bytes - batch.byteLength);
      if (found === 'ended') break;
      if (found === 'hungry') {
        const bytes = await watchdog.during(stream.next());
        scanner.feed(bytes);
        request.onProgress?.(0, bytes.length);
        signal.throwIfAborted();
        continue;
      }
      takeRows(batch, scanner, request, plans);
      total += scanner.rows.count;
      request.onProgress?.(scanner.rows.count, 0);
      if (batch.rows < bounds.rows && batch.byteLength < bounds.bytes) continue;
      yield give(batch, request);
      signal.throwIfAborted();
      batch.reset();
      bounds = request.batchBounds();
    }
    ended = true;
    const last = scanner.last as LastPacket;
    stream.finish(last);
    await watchdog.during(stream.finished);
    if (last.kind !== 'end' || scanner.found !== total) throw incomplete(request, scanner.found, total);
    if (last.warnings > 0) await watchdog.during(refuseLossyWarnings(connection, request.table, plans));
    if (batch.rows > 0) yield give(batch, request);
  } finally {
    signal.removeEventListener('abort', abort);
    if (!ended) await stopStatement(connection, config, stream, scanner);
  }
}

function give(batch: Batch, request: ReadRequest): RowBatch {
  batch.tellReplaced((column, cells) => request.onReplaced?.(request.table.columns[column]?.name ?? '', cells));
  return batch.finish();
}

function takeRows(batch: Batch, scanner: RowScanner, request: ReadRequest, plans: readonly ColumnPlan[]): void {
  try {
    batch.take(scanner.rows);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    const column = request.table.columns[batch.failedColumn] as ColumnSchema;
    const names = keyColumns(request.table, request.key);
    const at = { rows: scanner.rows, row: error.row };
    const key = renderKey(names, plans, at, (plan) => columnReader(plan, KEY_POLICIES));
    throw misfitError(request.table, column, key, error);
  }
}

/** By the server's own flag, which comes with every answer (SERVER_STATUS_IN_TRANS). */
function isInTransaction(connection: Connection): Promise<boolean> {
  return new Promise((resolve, reject) => {
    connection.query('DO 0', (error, result) => {
      if (error !== null) return reject(error);
      resolve(((result as { serverStatus?: number }).serverStatus ?? 0) % 2 === 1);
    });
  });
}

function incomplete(request: ReadRequest, found: number, total: number): SqlextractError {
  return new SqlextractError({
    code: 'SOURCE_INCOMPLETE',
    message: `${displayName(request.table)}: the server sent ${found} rows, ${total} were given out`,
    hint: 'look into the log of the server, then run the same command again',
    fault: 'source',
    verdict: 'reconnect',
  });
}
