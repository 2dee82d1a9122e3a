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
