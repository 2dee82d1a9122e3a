import type { RowBatch } from '../model/row-batch.ts';
import { SqlextractError } from '../model/problem.ts';

export interface TimeLimit {
  /** Null: none. */
  readonly limitMs: number | null;
  /** Aborts the read, with the error as its reason. */
  readonly abort: AbortController;
  /** What is read, for the message: `chunk 3 of users`. */
  readonly what: string;
}

/**
 * The batches of a read, until the source has been waited for longer than the limit: the read is then aborted, which cancels the statement,
 * and QUERY_TOO_LONG (smaller) is thrown. Only waits for the source count: what this program needs itself to encode and write, and what
 * --max-rows-per-second makes it pause, is not the server's work.
 */
export async function* withinTime(
  rows: AsyncIterable<RowBatch>,
  limit: TimeLimit,
): AsyncGenerator<RowBatch, void, undefined> {
  const { limitMs, abort } = limit;
  if (limitMs === null) {
    yield* rows;
    return;
  }
  const tooLong = queryTooLong(limit.what, limitMs);
  const iterator = rows[Symbol.asyncIterator]();
  let waited = 0;
  try {
    for (;;) {
      const { result, ms } = await timed(iterator, () => abort.abort(tooLong), limitMs - waited);
      waited += ms;
      if (result.done === true) return;
      // A source that never lets timers run (a file) is measured when it gives something.
      if (waited >= limitMs) throw tooLong;
      yield result.value;
    }
  } catch (error) {
    throw abort.signal.reason === tooLong ? tooLong : error;
  } finally {
    await iterator.return?.(undefined);
  }
}

async function timed(
  iterator: AsyncIterator<RowBatch>,
  onTimeout: () => void,
  leftMs: number,
): Promise<{ readonly result: IteratorResult<RowBatch>; readonly ms: number }> {
  const startedAt = performance.now();
  const timer = setTimeout(onTimeout, Math.max(0, leftMs));
  try {
    const result = await iterator.next();
    return { result, ms: performance.now() - startedAt };
  } finally {
    clearTimeout(timer);
  }
}

function queryTooLong(what: string, limitMs: number): SqlextractError {
  return new SqlextractError({
    code: 'QUERY_TOO_LONG',
    message: `${what}: the source needed longer than the ${limitMs / 1000} s of --max-query-seconds`,
    hint: 'ranges of a key are cut in two by themselves; else give it longer, or begin anew with a smaller --chunk-size',
    fault: 'source',
    verdict: 'smaller',
  });
}
