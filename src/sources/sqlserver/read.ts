import { SqlextractError } from '../../model/problem.ts';
import type { RowBatch } from '../../model/row-batch.ts';
import { type ColumnSchema, displayName, type TableSchema } from '../../model/table.ts';
import type { ReadRequest, SourceConfig } from '../source.ts';
import { ScannedBatch } from '../scanned-batch.ts';
import type { SqlServerConnection } from './connection.ts';
import { columnReader } from './decoders.ts';
import { declaredPlans } from './declared-type.ts';
import type { KnownPlans } from './known-plans.ts';
import { misfitError, renderKey } from './misfit-error.ts';
import { currentPlans, selectStatement } from './read-statement.ts';
import { RowStream } from './row-stream.ts';
import { provesSame } from './same-columns.ts';
import { ProtocolBreach } from '../scanned-rows.ts';
import { Misfit } from './misfit.ts';
import type { ColumnPlan } from './types.ts';
import { Watchdog } from './watchdog.ts';
import type { WireColumn } from './wire-column.ts';

export interface ReadContext {
  readonly connection: SqlServerConnection;
  readonly config: SourceConfig;
  readonly plans: KnownPlans;
}

/**
 * The rows of one range, inside the session's snapshot when it has one. Ends normally only after the server's final DONE token without an
 * error, and a row count in it equal to the rows given out.
 */
export async function* readRange(
  context: ReadContext,
  request: ReadRequest,
): AsyncGenerator<RowBatch, void, undefined> {
  request.signal.throwIfAborted();
  const { connection } = context;
  const { table } = request;
  const known = context.plans.of(table) ?? declaredPlans(table);
  const plans = known ?? (await currentPlans(connection, table));
  request.signal.throwIfAborted();
  const stream = new RowStream(connection.tedious, selectStatement(request, plans));
  const abort = (): void => stream.interrupt(request.signal.reason);
  using watchdog = new Watchdog(connection, context.config, (error) => stream.interrupt(error));
  request.signal.addEventListener('abort', abort);
  try {
    yield* readStream(stream, request, plans, watchdog);
    if (!(await provesSame(connection, table, plans, stream.described))) await currentPlans(connection, table);
    context.plans.keep(table, plans);
  } catch (error) {
    context.plans.forget(table);
    request.signal.throwIfAborted();
    if (known !== null) await lookForChange(stream, context, table);
    throw error;
  } finally {
    request.signal.removeEventListener('abort', abort);
    await stream.stop();
  }
}

/** Throws SOURCE_CHANGED when the table was altered, which says more than what the statement then met. */
async function lookForChange(stream: RowStream, { connection }: ReadContext, table: TableSchema): Promise<void> {
  await stream.stop();
  if (connection.tedious.closed) return;
  await currentPlans(connection, table).catch((error: unknown) => {
    if (error instanceof SqlextractError && error.problem.code === 'SOURCE_CHANGED') throw error;
  });
}

async function* readStream(
  stream: RowStream,
  request: ReadRequest,
  plans: readonly ColumnPlan[],
  watchdog: Watchdog,
): AsyncGenerator<RowBatch, void, undefined> {
  let batch: ScannedBatch | null = null;
  let bounds = request.batchBounds();
  let total = 0;
  for (;;) {
    const found = stream.scan(bounds.rows - (batch?.rows ?? 0), bounds.bytes - (batch?.byteLength ?? 0));
    if (found === 'ended') break;
    if (found === 'hungry') {
      const bytes = await watchdog.during(stream.fill());
      request.onProgress?.(0, bytes);
      continue;
    }
    batch ??= createBatch(stream, plans);
    takeRows(batch, stream, request);
    total += stream.rows.count;
    request.onProgress?.(stream.rows.count, 0);
    if (batch.rows < bounds.rows && batch.byteLength < bounds.bytes) continue;
    yield batch.finish();
    request.signal.throwIfAborted();
    batch.reset();
    bounds = request.batchBounds();
  }
  await watchdog.during(stream.end());
  if (stream.promised !== total) throw incomplete(request, stream.promised, total);
  if (batch !== null && batch.rows > 0) yield batch.finish();
}

function createBatch(stream: RowStream, plans: readonly ColumnPlan[]): ScannedBatch {
  const wires = stream.columns as readonly WireColumn[];
  if (wires.length !== plans.length) {
    throw new ProtocolBreach(`the server sends ${wires.length} columns instead of ${plans.length}`);
  }
  return new ScannedBatch(plans.map((plan, column) => () => columnReader(plan, wires[column] as WireColumn)));
}

function takeRows(batch: ScannedBatch, stream: RowStream, request: ReadRequest): void {
  try {
    batch.take(stream.rows);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    const column = request.table.columns[batch.failedColumn] as ColumnSchema;
    const wires = stream.columns as readonly WireColumn[];
    const key = renderKey(request.table, wires, request.key, stream.rows, error.row);
    throw misfitError(request.table, column, key, error);
  }
}

function incomplete(request: ReadRequest, promised: number | null, total: number): SqlextractError {
  const count = promised === null ? 'did not say how many rows it sent' : `sent ${promised} rows`;
  return new SqlextractError({
    code: 'SOURCE_INCOMPLETE',
    message: `${displayName(request.table)}: the server ${count}, ${total} arrived`,
    hint: 'look into the log of the server, then run the same command again',
    fault: 'source',
    verdict: 'reconnect',
  });
}
