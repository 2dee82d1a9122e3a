/** What was read: numbers, bytes, lists, and structs as maps from field id. */
export type ThriftRead = number | boolean | Uint8Array | readonly ThriftRead[] | ReadonlyMap<number, ThriftRead>;

/** Reads one struct in Thrift's compact protocol. Throws a RangeError when the bytes end early or hold a type Parquet never uses. */
export function decodeThriftStruct(bytes: Uint8Array): ReadonlyMap<number, ThriftRead> {
  return readStruct({ bytes, at: 0 });
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function readStruct(cursor: Cursor): ReadonlyMap<number, ThriftRead> {
  const fields = new Map<number, ThriftRead>();
  let id = 0;
  for (let header = readByte(cursor); header !== 0; header = readByte(cursor)) {
    const delta = header >> 4;
    id = delta === 0 ? readZigzag(cursor) : id + delta;
    fields.set(id, readValue(cursor, header & 15));
  }
  return fields;
}

function readValue(cursor: Cursor, wire: number): ThriftRead {
  switch (wire) {
    case 1:
    case 2:
      return wire === 1;
    case 4:
    case 5:
    case 6:
      return readZigzag(cursor);
    case 8:
      return readBytes(cursor, readVarint(cursor));
    case 9:
      return readList(cursor);
    case 12:
      return readStruct(cursor);
    default:
      throw new RangeError(`thrift type ${wire} at byte ${cursor.at}`);
  }
}

function readList(cursor: Cursor): readonly ThriftRead[] {
  const header = readByte(cursor);
  const size = header >> 4 === 15 ? readVarint(cursor) : header >> 4;
  return Array.from({ length: size }, () => readValue(cursor, header & 15));
}

function readBytes(cursor: Cursor, length: number): Uint8Array {
  if (cursor.at + length > cursor.bytes.length) throw new RangeError('thrift bytes end early');
  cursor.at += length;
  return cursor.bytes.subarray(cursor.at - length, cursor.at);
}

function readByte(cursor: Cursor): number {
  const byte = cursor.bytes[cursor.at++];
  if (byte === undefined) throw new RangeError('thrift bytes end early');
  return byte;
}

function readVarint(cursor: Cursor): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = readByte(cursor);
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
}

function readZigzag(cursor: Cursor): number {
  const value = readVarint(cursor);
  return value % 2 === 0 ? value / 2 : (value + 1) / -2;
}
