import QueryStream from 'pg-query-stream';
import type { RowBatch } from '../../model/row-batch.ts';
import type { ColumnSchema } from '../../model/table.ts';
import type { ReadRequest } from '../source.ts';
import { stopQuery } from './cancel.ts';
import { appendText } from './decode-text.ts';
import { type ColumnReader, columnReader } from './decoders.ts';
import { keyColumns, misfitError } from '../misfit-error.ts';
import { incomplete, type ReadContext } from './read-copy.ts';
import { ProtocolBreach } from '../scanned-rows.ts';
import { Misfit } from './misfit.ts';
import { ScannedBatch } from '../scanned-batch.ts';
import type { ColumnPlan } from './types.ts';
import { Watchdog } from './watchdog.ts';

type TextRow = readonly (string | null)[];

/** Rows that are fetched at once. */
const FETCH_ROWS = 1000;

/**
 * The same as `readCopy` through a cursor in text format, for servers without COPY … TO STDOUT. Ends normally only after the server's
 * CommandComplete. pg-query-stream never settles when its connection is cut, and waits for ever when destroyed then, so every wait is raced
 * with the end of the connection.
 */
export async function* readCursor(
  context: ReadContext,
  request: ReadRequest,
  plans: readonly ColumnPlan[],
  select: string,
): AsyncGenerator<RowBatch, void, undefined> {
  const { client } = context;
  const batch = new ScannedBatch(plans.map((plan) => () => columnReader(plan)));
  const stream = new QueryStream(select, [], { rowMode: 'array', types: TEXT_ONLY, batchSize: FETCH_ROWS });
  const completed = watchCompletion(stream);
  const cut = Promise.withResolvers<never>();
  cut.promise.catch(() => undefined);
  const onCut = (error?: Error): void => cut.reject(error ?? new Error('Connection terminated unexpectedly'));
  const closed = Promise.race([new Promise<void>((resolve) => stream.once('close', resolve)), cut.promise]);
  closed.catch(() => undefined);
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const onAbort = (): void => void stopQuery(client, context.config, failed.promise);
  client.on('error', onCut).on('end', onCut);
  request.signal.addEventListener('abort', onAbort);
  using watchdog = new Watchdog(client, context.config);
  let ended = false;
  let total = 0;
  try {
    stream.on('error', failed.reject);
    client.query(stream);
    let bounds = request.batchBounds();
    for (;;) {
      const row = stream.read() as TextRow | null;
      if (row === null) {
        if (stream.readableEnded) break;
        await watchdog.during(Promise.race([moreOf(stream), failed.promise, cut.promise]));
        request.signal.throwIfAborted();
        continue;
      }
      const bytes = takeRow(request, plans, batch.columns, row, total++);
      batch.rows++;
      request.onProgress?.(1, bytes);
      if (batch.rows < bounds.rows && batch.byteLength < bounds.bytes) continue;
      yield batch.finish();
      request.signal.throwIfAborted();
      batch.reset();
      bounds = request.batchBounds();
    }
    ended = true;
    if (!completed()) throw incomplete(request, null, total);
    if (batch.rows > 0) yield batch.finish();
  } catch (error) {
    request.signal.throwIfAborted();
    throw error;
  } finally {
    request.signal.removeEventListener('abort', onAbort);
    failed.reject(new Error('ended'));
    if (!ended) {
      stream.destroy();
      await stopQuery(client, context.config, closed);
    }
    client.removeListener('error', onCut).removeListener('end', onCut);
  }
}

/** Whether the server has sent CommandComplete, which the stream's own end does not prove. */
function watchCompletion(stream: QueryStream): () => boolean {
  const driver = stream as unknown as { handleCommandComplete: (message: unknown) => void };
  const inner = driver.handleCommandComplete;
  let seen = false;
  driver.handleCommandComplete = (message) => {
    seen = true;
    inner(message);
  };
  return () => seen;
}

/** Resolves when there may be more to read, or the end was met. */
function moreOf(stream: QueryStream): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.removeListener('readable', done).removeListener('end', done);
      resolve();
    };
    stream.on('readable', done).on('end', done);
  });
}

const TEXT_ONLY = { getTypeParser: () => (value: string) => value };

function takeRow(
  request: ReadRequest,
  plans: readonly ColumnPlan[],
  readers: readonly ColumnReader[],
  row: TextRow,
  number: number,
): number {
  const { columns } = request.table;
  if (row.length !== columns.length)
    throw new ProtocolBreach(`a row has ${row.length} fields instead of ${columns.length}`);
  let bytes = 0;
  for (const [index, text] of row.entries()) {
    bytes += text?.length ?? 0;
    try {
      appendText(plans[index] as ColumnPlan, (readers[index] as ColumnReader).builder, text, number);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      const key = keyColumns(request.table, request.key).map((column) => row[column] ?? 'NULL');
      throw misfitError(request.table, columns[index] as ColumnSchema, key.join(', '), error);
    }
  }
  return bytes;
}
