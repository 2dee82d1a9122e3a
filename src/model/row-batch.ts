/**
 * A batch of rows as columns, in the layout of Apache Arrow (https://arrow.apache.org/docs/format/Columnar.html), so that
 * a format can wrap the buffers without copying, and so that no value passes through a `Date`, a `number` it does not fit
 * in, or an object per row. Little-endian hosts only (all that Node supports, but for s390x, which is refused at start).
 *
 * | storage (`storageOf`) | `values`                                             | used by                       |
 * |-----------------------|------------------------------------------------------|-------------------------------|
 * | bits                  | Uint8Array bitmap, least significant bit first        | boolean                       |
 * | words1                | Int32Array, 1 word a row                              | int32, date (days since 1970) |
 * | words2                | Int32Array, 2 words a row: low, high                  | int64, time, timestamp (µs)   |
 * | words4                | Int32Array, 4 words a row: lowest first, two's compl. | decimal (unscaled)            |
 * | float32 / float64     | Float32Array / Float64Array                           | float32, float64              |
 * | bytes                 | Uint8Array, and `offsets` with rowCount + 1 entries   | string, json, uuid, binary    |
 *
 * The arrays may be longer than `rowCount` needs; the rest is to be ignored. The value of a NULL row is all zero (or empty).
 * A consumer may keep no reference to a batch after it asked for the next one.
 */
export interface RowBatch {
  readonly rowCount: number;
  readonly columns: readonly ColumnVector[];
}

export interface ColumnVector {
  readonly nullCount: number;
  /** Bit i is 1 when row i has a value; null when no row is NULL. */
  readonly validity: Uint8Array<ArrayBuffer> | null;
  readonly values:
    | Int32Array<ArrayBuffer>
    | Float32Array<ArrayBuffer>
    | Float64Array<ArrayBuffer>
    | Uint8Array<ArrayBuffer>;
  readonly offsets: Int32Array<ArrayBuffer> | null;
}
