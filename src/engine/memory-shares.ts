const LARGEST_BATCH = 32 * 1024 * 1024;
const LARGEST_ROW_GROUP = 128 * 1024 * 1024;

export interface MemoryShares {
  /** Upper bound of one record batch, bytes. A worker has one in hand, and the source may be filling the next. */
  readonly batchBytes: number;
  /** Upper bound of one row group that is being put together, bytes before compression. */
  readonly rowGroupBytes: number;
}

/**
 * What each worker may hold of `--buffer-size`: half of its share for the row group, a quarter for each of two batches. More than
 * 32 MiB a batch and 128 MiB a row group make nothing faster.
 */
export function shareMemory(bufferBytes: number, workers: number): MemoryShares {
  const share = bufferBytes / workers;
  return { batchBytes: Math.min(LARGEST_BATCH, share / 4), rowGroupBytes: Math.min(LARGEST_ROW_GROUP, share / 2) };
}

/** Below this a batch or a row group is more overhead than data. */
const SMALLEST_PIECE = 64 * 1024;

/**
 * When a file ends: at half more than it aims at, so that a range which is a little too large does not leave a crumb. What goes into
 * it at once is a small part of that, so that it ends near there; all bytes.
 */
export function fileShares(
  chunkBytes: number,
  rowGroupBytes: number,
): { readonly maxFileBytes: number; readonly batchBytes: number; readonly rowGroupBytes: number } {
  return {
    maxFileBytes: Math.ceil(chunkBytes * 1.5),
    batchBytes: Math.max(SMALLEST_PIECE, Math.ceil(chunkBytes / 8)),
    rowGroupBytes: Math.min(rowGroupBytes, Math.max(SMALLEST_PIECE, Math.ceil(chunkBytes / 2))),
  };
}
