import { uint16, uint32, uint64 } from './tokens.ts';

/**
 * Types as a server sends them: what COLMETADATA says of a column, and how a value is written. Values are plain: numbers, bigints, texts,
 * bytes. `null` is written as the type's own NULL; types of a fixed length have none.
 */
export interface WireType<V = unknown> {
  readonly info: Buffer;
  encode(value: V | null): Buffer;
}

/** Latin1_General_CI_AS. */
const COLLATION = Buffer.from([0x09, 0x04, 0xd0, 0x00, 0x00]);

function fixed<V>(code: number, write: (value: V) => Buffer): WireType<V> {
  return {
    info: Buffer.from([code]),
    encode: (value) => {
      if (value === null) throw new RangeError('a type of a fixed length has no NULL');
      return write(value);
    },
  };
}

function byteSized<V>(info: readonly number[], write: (value: V) => Buffer): WireType<V> {
  return {
    info: Buffer.from(info),
    encode: (value) => {
      if (value === null) return Buffer.from([0]);
      const bytes = write(value);
      return Buffer.concat([Buffer.from([bytes.length]), bytes]);
    },
  };
}

function little(size: number): (value: number | bigint) => Buffer {
  return (value) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)));
    return bytes.subarray(0, size);
  };
}

const float32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
};
const float64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
};
/** Ten-thousandths, the high half first. */
const money8 = (value: bigint): Buffer => Buffer.concat([little(4)(value >> 32n), little(4)(value)]);

export const bit = fixed<boolean>(0x32, (value) => Buffer.from([value ? 1 : 0]));
export const int = fixed<number>(0x38, little(4));
export const bitN = byteSized<boolean>([0x68, 1], (value) => Buffer.from([value ? 1 : 0]));
export const intN = (size: 1 | 2 | 4 | 8): WireType<number | bigint> => byteSized([0x26, size], little(size));
export const realN = byteSized<number>([0x6d, 4], float32);
export const floatN = byteSized<number>([0x6d, 8], float64);
export const moneyN = byteSized<bigint>([0x6e, 8], money8);
export const smallMoneyN = byteSized<bigint>([0x6e, 4], little(4));

/** The unscaled number. */
export function decimalN(precision: number, scale: number): WireType<bigint> {
  const words = precision <= 9 ? 1 : precision <= 19 ? 2 : precision <= 28 ? 3 : 4;
  return byteSized([0x6a, words * 4 + 1, precision, scale], (value) => {
    const size = value < 0n ? -value : value;
    const parts = Array.from({ length: words }, (_, word) => little(4)(size >> BigInt(32 * word)));
    return Buffer.concat([Buffer.from([value < 0n ? 0 : 1]), ...parts]);
  });
}

/** Days since 0001-01-01. */
export const dateN = byteSized<number>([0x28], little(3));
const timeSize = (scale: number): number => (scale <= 2 ? 3 : scale <= 4 ? 4 : 5);
/** 10^-scale seconds since midnight. */
export const timeN = (scale: number): WireType<number> => byteSized([0x29, scale], little(timeSize(scale)));

export const datetime2N = (scale: number): WireType<readonly [units: number, days: number]> =>
  byteSized([0x2a, scale], ([units, days]) => Buffer.concat([little(timeSize(scale))(units), little(3)(days)]));

/** In UTC, with the offset in minutes beside it. */
export const datetimeoffsetN = (scale: number): WireType<readonly [units: number, days: number, offset: number]> =>
  byteSized([0x2b, scale], ([units, days, offset]) =>
    Buffer.concat([little(timeSize(scale))(units), little(3)(days), little(2)(offset)]),
  );

/** Days since 1900-01-01 and 1/300 s. */
export const datetimeN = byteSized<readonly [days: number, ticks: number]>([0x6f, 8], ([days, ticks]) =>
  Buffer.concat([little(4)(days), little(4)(ticks)]),
);
/** Days since 1900-01-01 and minutes. */
export const smallDatetimeN = byteSized<readonly [days: number, minutes: number]>([0x6f, 4], ([days, minutes]) =>
  Buffer.concat([little(2)(days), little(2)(minutes)]),
);

/** `00112233-4455-6677-8899-aabbccddeeff`. */
export const guidN = byteSized<string>([0x24, 16], guidBytes);

export function guidBytes(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  return Buffer.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((at) => bytes[at] as number));
}

function shortSized<V>(info: Buffer, write: (value: V) => Buffer): WireType<V> {
  return {
    info,
    encode: (value) => {
      if (value === null) return uint16(0xffff);
      const bytes = write(value);
      return Buffer.concat([uint16(bytes.length), bytes]);
    },
  };
}

const utf16 = (value: string): Buffer => Buffer.from(value, 'utf16le');
const latin1 = (value: string): Buffer => Buffer.from(value, 'latin1');
const same = (value: Uint8Array): Buffer => Buffer.from(value);

export const nvarchar = (length: number): WireType<string> =>
  shortSized(Buffer.concat([Buffer.from([0xe7]), uint16(length * 2), COLLATION]), utf16);
export const varchar = (length: number): WireType<string> =>
  shortSized(Buffer.concat([Buffer.from([0xa7]), uint16(length), COLLATION]), latin1);
export const varbinary = (length: number): WireType<Uint8Array> =>
  shortSized(Buffer.concat([Buffer.from([0xa5]), uint16(length)]), same);

const UNTOLD = 0xfffffffffffffffen;

/** PLP: in chunks of `chunk` bytes; the length is told before them, or left untold. */
function chunked<V>(info: Buffer, write: (value: V) => Buffer, chunk: number, told: boolean): WireType<V> {
  return {
    info,
    encode: (value) => {
      if (value === null) return Buffer.alloc(8, 0xff);
      const bytes = write(value);
      const parts = [uint64(told ? BigInt(bytes.length) : UNTOLD)];
      for (let at = 0; at < bytes.length; at += chunk) {
        const part = bytes.subarray(at, at + chunk);
        parts.push(uint32(part.length), part);
      }
      return Buffer.concat([...parts, uint32(0)]);
    },
  };
}

export const nvarcharMax = (chunk = 8000, told = true): WireType<string> =>
  chunked(Buffer.concat([Buffer.from([0xe7]), uint16(0xffff), COLLATION]), utf16, chunk, told);
export const varbinaryMax = (chunk = 8000, told = true): WireType<Uint8Array> =>
  chunked(Buffer.concat([Buffer.from([0xa5]), uint16(0xffff)]), same, chunk, told);
export const xml = (chunk = 8000): WireType<string> => chunked(Buffer.from([0xf1, 0]), utf16, chunk, false);

/** A text pointer of 16 bytes, a timestamp of 8, and the bytes. COLMETADATA has the table's name, too (no parts here). */
function pointer<V>(code: number, collation: Buffer, write: (value: V) => Buffer): WireType<V> {
  return {
    info: Buffer.concat([Buffer.from([code]), uint32(0x7fffffff), collation, Buffer.from([0])]),
    encode: (value) => {
      if (value === null) return Buffer.from([0]);
      const bytes = write(value);
      return Buffer.concat([Buffer.from([16]), Buffer.alloc(24, 7), uint32(bytes.length), bytes]);
    },
  };
}

export const ntext = pointer<string>(0x63, COLLATION, utf16);
export const image = pointer<Uint8Array>(0x22, Buffer.alloc(0), same);

/** The type's code, the bytes that describe it, and the value's bytes. */
export interface VariantValue {
  readonly code: number;
  readonly properties?: readonly number[];
  readonly bytes: Uint8Array;
}

export const variant: WireType<VariantValue> = {
  info: Buffer.concat([Buffer.from([0x62]), uint32(8009)]),
  encode: (value) => {
    if (value === null) return uint32(0);
    const { code, properties = [], bytes } = value;
    const head = Buffer.from([code, properties.length, ...properties]);
    return Buffer.concat([uint32(head.length + bytes.length), head, bytes]);
  },
};
