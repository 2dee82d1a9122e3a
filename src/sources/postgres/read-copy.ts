import type pg from 'pg';
import { type Problem, SqlextractError } from '../../model/problem.ts';
import type { RowBatch } from '../../model/row-batch.ts';
import { type ColumnSchema, displayName } from '../../model/table.ts';
import type { ReadRequest, SourceConfig } from '../source.ts';
import { ScannedBatch } from '../scanned-batch.ts';
import { stopQuery } from './cancel.ts';
import { CopyOut } from './copy-out.ts';
import { CopyScanner } from './copy-scanner.ts';
import { columnReader } from './decoders.ts';
import { keyColumns, misfitError, renderKey } from '../misfit-error.ts';
import { Misfit } from './misfit.ts';
import type { ColumnPlan } from './types.ts';
import { Watchdog } from './watchdog.ts';

export interface ReadContext {
  readonly client: pg.Client;
  readonly config: SourceConfig;
}

/**
 * The rows of `select` through `COPY … (FORMAT binary)`. Ends normally only after the server's end mark, its CopyDone and a row count in the
 * command tag equal to the rows given out.
 */
export async function* readCopy(
  context: ReadContext,
  request: ReadRequest,
  plans: readonly ColumnPlan[],
  select: string,
): AsyncGenerator<RowBatch, void, undefined> {
  const batch = new ScannedBatch(plans.map((plan) => () => columnReader(plan)));
  const scanner = new CopyScanner(plans.length);
  const copy = new CopyOut(`COPY (${select}) TO STDOUT (FORMAT binary)`);
  const stop = (): void => void stopQuery(context.client, context.config, copy.finished);
  let ended = false;
  let total = 0;
  using watchdog = new Watchdog(context.client, context.config);
  request.signal.addEventListener('abort', stop);
  context.client.query(copy);
  try {
    let bounds = request.batchBounds();
    for (;;) {
      const found = scanner.scan(bounds.rows - batch.rows, bounds.bytes - batch.byteLength);
      if (found === 'ended') break;
      if (found === 'hungry') {
        const bytes = await watchdog.during(copy.next());
        // Before anything may throw: what the scanner has not seen is lost for the driver, which takes over then.
        scanner.feed(bytes);
        request.onProgress?.(0, bytes.length);
        request.signal.throwIfAborted();
        continue;
      }
      takeRows(batch, scanner, request, plans);
      total += scanner.rows.count;
      request.onProgress?.(scanner.rows.count, 0);
      if (batch.rows < bounds.rows && batch.byteLength < bounds.bytes) continue;
      yield batch.finish();
      request.signal.throwIfAborted();
      batch.reset();
      bounds = request.batchBounds();
    }
    copy.release(scanner.rest());
    const promised = await watchdog.during(copy.finished);
    ended = true;
    if (!scanner.complete || promised !== total) throw incomplete(request, promised, total);
    if (batch.rows > 0) yield batch.finish();
  } catch (error) {
    request.signal.throwIfAborted();
    throw error;
  } finally {
    request.signal.removeEventListener('abort', stop);
    if (!ended) {
      copy.release(scanner.rest());
      await stopQuery(context.client, context.config, copy.finished);
    }
  }
}

function takeRows(batch: ScannedBatch, scanner: CopyScanner, request: ReadRequest, plans: readonly ColumnPlan[]): void {
  try {
    batch.take(scanner.rows);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    const column = request.table.columns[batch.failedColumn] as ColumnSchema;
    const names = keyColumns(request.table, request.key);
    const key = renderKey(names, plans, { rows: scanner.rows, row: error.row }, columnReader);
    throw misfitError(request.table, column, key, error);
  }
}

export function incomplete(request: ReadRequest, promised: number | null, total: number): SqlextractError {
  const count = promised === null ? 'did not say that it was done' : `sent ${promised} rows`;
  const problem: Problem = {
    code: 'SOURCE_INCOMPLETE',
    message: `${displayName(request.table)}: the server ${count}, ${total} arrived`,
    hint: 'look into the log of the server, then run the same command again',
    fault: 'source',
    verdict: 'reconnect',
  };
  return new SqlextractError(problem);
}
