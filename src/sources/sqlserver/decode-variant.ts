import valueParser from 'tedious/lib/value-parser.js';
import type { BytesBuilder } from '../../model/vector-builder.ts';
import { type TextShape, textOf } from './decode-as-text.ts';
import { ProtocolBreach, type ScannedRows } from '../scanned-rows.ts';
import { Misfit } from './misfit.ts';

/**
 * sql_variant (MS-TDS 2.2.5.5.4) as `type:text`: a type byte, the number of bytes that describe it, those, and the value. The text is that of
 * decode-as-text.ts; nvarchar, varchar, nchar and char are the text itself.
 */
export function decodeVariant(rows: ScannedRows, column: number, out: BytesBuilder): void {
  const base = column * rows.capacity;
  for (let field = base; field < base + rows.count; field++) {
    if ((rows.lengths[field] as number) < 0) {
      out.appendNull();
      continue;
    }
    const text = variantText(rows, field, field - base);
    const bytes = Buffer.from(text, 'utf8');
    out.appendBytes(bytes, 0, bytes.length);
  }
}

/** How the bytes that describe a value are laid out. */
type Properties = 'none' | 'scale' | 'precision and scale' | 'length' | 'length and collation';

type Base = readonly [name: string, family: TextShape['family'] | 'chars' | 'code page', properties: Properties];

const BASES: Readonly<Record<number, Base>> = {
  0x24: ['uniqueidentifier', 'guid', 'none'],
  0x28: ['date', 'date', 'none'],
  0x29: ['time', 'time', 'scale'],
  0x2a: ['datetime2', 'datetime2', 'scale'],
  0x2b: ['datetimeoffset', 'datetimeoffset', 'scale'],
  0x30: ['tinyint', 'int', 'none'],
  0x32: ['bit', 'bit', 'none'],
  0x34: ['smallint', 'int', 'none'],
  0x38: ['int', 'int', 'none'],
  0x3a: ['smalldatetime', 'datetime', 'none'],
  0x3b: ['real', 'float', 'none'],
  0x3c: ['money', 'money', 'none'],
  0x3d: ['datetime', 'datetime', 'none'],
  0x3e: ['float', 'float', 'none'],
  0x7a: ['smallmoney', 'money', 'none'],
  0x7f: ['bigint', 'int', 'none'],
  0x6a: ['decimal', 'decimal', 'precision and scale'],
  0x6c: ['numeric', 'decimal', 'precision and scale'],
  0xa5: ['varbinary', 'bytes', 'length'],
  0xad: ['binary', 'bytes', 'length'],
  0xa7: ['varchar', 'code page', 'length and collation'],
  0xaf: ['char', 'code page', 'length and collation'],
  0xe7: ['nvarchar', 'chars', 'length and collation'],
  0xef: ['nchar', 'chars', 'length and collation'],
};

function variantText(rows: ScannedRows, field: number, row: number): string {
  const { bytes } = rows;
  const start = rows.starts[field] as number;
  const length = rows.lengths[field] as number;
  const [name, family, properties] = BASES[bytes[start] as number] ?? unknownBase(bytes[start]);
  const described = bytes[start + 1] as number;
  const value = { start: start + 2 + described, length: length - 2 - described };
  if (value.length < 0) throw new ProtocolBreach('a sql_variant ends within its description');
  if (family === 'chars') return `${name}:${unicodeText(rows, value, row)}`;
  if (family === 'code page') return `${name}:${codePageText(rows, start, length, row)}`;
  const scale = properties === 'scale' ? bytes[start + 2] : properties === 'precision and scale' ? bytes[start + 3] : 0;
  const one = { ...rows, starts: Int32Array.of(value.start), lengths: Int32Array.of(value.length) };
  return `${name}:${textOf({ family, scale: scale as number }, one, 0)}`;
}

function unknownBase(code: number | undefined): never {
  throw new ProtocolBreach(`a sql_variant holds a value of the unknown type ${code}`);
}

function unicodeText(rows: ScannedRows, value: { start: number; length: number }, row: number): string {
  const text = Buffer.from(rows.bytes.buffer, rows.bytes.byteOffset + value.start, value.length).toString('utf16le');
  if (text.isWellFormed()) return text;
  throw new Misfit(
    row,
    text.toWellFormed(),
    'half of a surrogate pair in a sql_variant, which is no text in UTF-8',
    false,
  );
}

/** Text of a code page, which only here is not converted by the server, by the driver's tables. Text that they cannot convert is a misfit. */
function codePageText(rows: ScannedRows, start: number, length: number, row: number): string {
  const { buffer, byteOffset } = rows.bytes;
  const whole = Buffer.alloc(length + 4);
  whole.writeUInt32LE(length);
  whole.set(new Uint8Array(buffer, byteOffset + start, length), 4);
  const read = valueParser.readValue as unknown as (
    bytes: Buffer,
    at: number,
    type: object,
    options: object,
  ) => { value: unknown };
  const { value } = read(whole, 0, { type: { name: 'Variant' } }, {});
  if (typeof value !== 'string') throw new ProtocolBreach('the driver did not read the text of a sql_variant');
  if (!value.includes('\ufffd')) return value;
  throw new Misfit(row, value, 'bytes in a sql_variant that are no text of its code page', false);
}
