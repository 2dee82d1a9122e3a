import type { ColumnType } from '../../model/column-type.ts';
import type { NativeType } from './types.ts';

/** How a column's values become the text of model/row-hash.ts, without the reader's decoders. */
export interface CanonicalCell {
  /** What the server is asked for. */
  select(column: string): string;
  /** Of what the driver makes of the answer; not called for NULL. */
  text(value: unknown): string;
}

const printed = (width: number, style: string): CanonicalCell['select'] => {
  return (column) => `CONVERT(varchar(${width}), ${column}${style})`;
};
const itself: CanonicalCell['select'] = (column) => column;
const wide: CanonicalCell['select'] = (column) => `CONVERT(nvarchar(max), ${column})`;
const hex = (value: unknown): string => Buffer.from(value as Uint8Array).toString('hex');
const same = (value: unknown): string => String(value);

/** Null where the text that we write is not the server's: sql_variant, and floating numbers as text. */
export function canonicalCell(native: NativeType, type: ColumnType): CanonicalCell | null {
  switch (type.kind) {
    case 'boolean':
      return { select: itself, text: (value) => (value === true ? 't' : 'f') };
    case 'int32':
    case 'int64':
      return { select: printed(20, ''), text: same };
    case 'decimal':
      return decimalCell(native);
    case 'float32':
    case 'float64':
      return { select: itself, text: (value) => bits(Number(value), type.kind === 'float32' ? 32 : 64) };
    case 'date':
      return { select: printed(10, ', 23'), text: (value) => String(microsOf(String(value)) / DAY) };
    case 'time':
    case 'timestamp':
      return { select: printed(33, ', 121'), text: (value) => String(microsOf(String(value))) };
    case 'binary':
      return { select: (column) => `CONVERT(varbinary(max), ${column})`, text: hex };
    case 'uuid':
      return { select: printed(36, ''), text: (value) => String(value).toLowerCase() };
    case 'json':
      return { select: wide, text: same };
    case 'string':
      return textCell(native);
    default:
      return type satisfies never;
  }
}

/** Text columns, and what is written as text by nature or because it was asked for. */
function textCell(native: NativeType): CanonicalCell | null {
  switch (native.name) {
    case 'char':
    case 'varchar':
    case 'text':
    case 'nchar':
    case 'nvarchar':
    case 'ntext':
    case 'xml':
    case 'json':
    case 'vector':
      return { select: wide, text: same };
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return { select: printed(20, ''), text: same };
    case 'decimal':
    case 'numeric':
    case 'money':
    case 'smallmoney':
      return decimalCell(native);
    case 'date':
      return { select: printed(10, ', 23'), text: same };
    case 'time':
    case 'datetime2':
    case 'datetimeoffset':
      return { select: printed(34, ', 121'), text: same };
    case 'uniqueidentifier':
      return { select: printed(36, ''), text: (value) => String(value).toLowerCase() };
    case 'binary':
    case 'varbinary':
    case 'image':
    case 'timestamp':
    case 'hierarchyid':
    case 'geometry':
    case 'geography':
    case 'udt':
      return { select: (column) => `CONVERT(varbinary(max), ${column})`, text: hex };
    default:
      return null;
  }
}

function decimalCell(native: NativeType): CanonicalCell {
  const money = native.name.endsWith('money');
  return {
    select: (column) => `CONVERT(varchar(41), ${money ? `CONVERT(decimal(19,4), ${column})` : column})`,
    text: same,
  };
}

/** Highest bit first. */
function bits(value: number, width: 32 | 64): string {
  const view = new DataView(new ArrayBuffer(8));
  if (width === 32) view.setFloat32(0, value);
  else view.setFloat64(0, value);
  const number = width === 32 ? BigInt(view.getUint32(0)) : view.getBigUint64(0);
  return number.toString(2).padStart(width, '0');
}

const DAY = 86_400_000_000n;

/** Microseconds since 1970 of `yyyy-mm-dd[ hh:mm:ss[.f…]]`, or since midnight of `hh:mm:ss[.f…]`; digits after the sixth are zeros. */
function microsOf(text: string): bigint {
  const found = /^(?:(\d{4})-(\d\d)-(\d\d))?[ T]?(?:(\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?)?$/.exec(text.trim());
  if (found === null) throw new RangeError('the server printed a time in another form');
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = ''] = found;
  const date = new Date(0);
  if (year !== undefined) date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const seconds = BigInt(hour) * 3600n + BigInt(minute) * 60n + BigInt(second);
  return BigInt(date.getTime()) * 1000n + seconds * 1_000_000n + BigInt(fraction.padEnd(6, '0').slice(0, 6));
}
