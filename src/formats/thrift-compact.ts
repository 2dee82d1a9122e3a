import { GrowingBytes } from './growing-bytes.ts';

/**
 * The part of Thrift's compact protocol that Parquet's metadata needs
 * (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md). A struct is a list of fields, ascending by id;
 * a field whose value is undefined is left out. Integers are JavaScript numbers: sizes and offsets stay below 2^53.
 */
export type ThriftValue =
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'i16' | 'i32' | 'i64'; readonly value: number }
  | { readonly type: 'binary'; readonly value: Uint8Array }
  | { readonly type: 'list'; readonly of: ThriftType; readonly value: readonly ThriftValue[] }
  | { readonly type: 'struct'; readonly value: readonly ThriftField[] };

export type ThriftType = ThriftValue['type'];
export type ThriftField = readonly [id: number, value: ThriftValue | undefined];

/** The wire's numbers; a boolean field has its value in the type, an element of a list would not (Parquet has no such list). */
const WIRE = { bool: 1, i16: 4, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const satisfies Record<
  ThriftType,
  number
>;
const WIRE_FALSE = 2;

export const bool = (value: boolean): ThriftValue => ({ type: 'bool', value });
export const i16 = (value: number): ThriftValue => ({ type: 'i16', value });
export const i32 = (value: number): ThriftValue => ({ type: 'i32', value });
export const i64 = (value: number): ThriftValue => ({ type: 'i64', value });
export const binary = (value: Uint8Array): ThriftValue => ({ type: 'binary', value });
export const text = (value: string): ThriftValue => binary(Buffer.from(value, 'utf8'));
export const list = (of: ThriftType, value: readonly ThriftValue[]): ThriftValue => ({ type: 'list', of, value });
export const struct = (...value: readonly ThriftField[]): ThriftValue => ({ type: 'struct', value });

export function encodeThrift(value: ThriftValue): Uint8Array<ArrayBuffer> {
  const out = new GrowingBytes(256);
  writeValue(out, value);
  return out.written();
}

function writeValue(out: GrowingBytes, value: ThriftValue): void {
  switch (value.type) {
    case 'bool':
      return;
    case 'i16':
    case 'i32':
    case 'i64':
      writeVarint(out, value.value < 0 ? value.value * -2 - 1 : value.value * 2);
      return;
    case 'binary':
      writeVarint(out, value.value.length);
      out.append(value.value);
      return;
    case 'list':
      writeListHeader(out, value.of, value.value.length);
      for (const element of value.value) writeValue(out, element);
      return;
    case 'struct':
      writeFields(out, value.value);
      return;
    default:
      value satisfies never;
  }
}

function writeFields(out: GrowingBytes, fields: readonly ThriftField[]): void {
  let last = 0;
  for (const [id, value] of fields) {
    if (value === undefined) continue;
    const wire = value.type === 'bool' && !value.value ? WIRE_FALSE : WIRE[value.type];
    if (id <= last || id - last > 15) throw new RangeError(`thrift field ${id} after ${last}`);
    writeByte(out, ((id - last) << 4) | wire);
    writeValue(out, value);
    last = id;
  }
  writeByte(out, 0);
}

function writeListHeader(out: GrowingBytes, of: ThriftType, size: number): void {
  if (size < 15) {
    writeByte(out, (size << 4) | WIRE[of]);
    return;
  }
  writeByte(out, 0xf0 | WIRE[of]);
  writeVarint(out, size);
}

function writeByte(out: GrowingBytes, byte: number): void {
  out.reserve(1);
  out.bytes[out.length++] = byte;
}

/** Unsigned LEB128. */
export function writeVarint(out: GrowingBytes, value: number): void {
  out.reserve(10);
  let rest = value;
  while (rest >= 128) {
    out.bytes[out.length++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  out.bytes[out.length++] = rest;
}
