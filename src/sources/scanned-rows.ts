/** Fields of up to `capacity` rows, found in one stretch of bytes and not yet decoded. */
export interface ScannedRows {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView<ArrayBuffer>;
  /** Rows that are filled in. */
  count: number;
  /** A column's fields lie together: field of row r and column c is at `c * capacity + r`. */
  readonly capacity: number;
  readonly starts: Int32Array;
  /** Bytes of the field; -1 is NULL. */
  readonly lengths: Int32Array;
}

/** Index entries for all columns together; keeps the index of a wide table small. */
const MOST_FIELDS = 65_536;

export function createScannedRows(columns: number): ScannedRows {
  const capacity = Math.max(16, Math.min(1024, Math.floor(MOST_FIELDS / Math.max(1, columns))));
  return {
    bytes: new Uint8Array(0),
    view: new DataView(new ArrayBuffer(0)),
    count: 0,
    capacity,
    starts: new Int32Array(capacity * columns),
    lengths: new Int32Array(capacity * columns),
  };
}

/** The bytes are not what the protocol or the plan promises; never a matter of values. */
export class ProtocolBreach extends Error {
  override readonly name = 'ProtocolBreach';
}
