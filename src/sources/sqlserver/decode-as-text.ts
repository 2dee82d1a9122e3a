import type { BytesBuilder } from '../../model/vector-builder.ts';
import { decimalText, readUnscaled } from './decode-decimal.ts';
import { wrongLength, writeGuid } from './decode-fixed.ts';
import { DAYS_1900_TO_1970, DAYS_TO_1970, readUint, ticksToMillis, timeBytes } from './decode-time.ts';
import type { ScannedRows } from '../scanned-rows.ts';
import { dateText, offsetText, timestampText, timeText } from './time-text.ts';
import type { DecoderName } from './types.ts';

/** What the text of a value depends on besides its bytes. */
export interface TextShape {
  readonly family: Exclude<DecoderName, 'chars' | 'variant'>;
  readonly scale: number;
}

/** A column of any family but text as text, without losing a digit. */
export function asTextDecoder(shape: TextShape) {
  return (rows: ScannedRows, column: number, out: BytesBuilder): void => {
    const base = column * rows.capacity;
    for (let field = base; field < base + rows.count; field++) {
      if ((rows.lengths[field] as number) < 0) out.appendNull();
      else appendAscii(out, textOf(shape, rows, field));
    }
  };
}

function appendAscii(out: BytesBuilder, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  out.appendBytes(bytes, 0, bytes.length);
}

/**
 * The text of one value that is not NULL: digits; shortest text that reads back as the same float; `yyyy-mm-dd hh:mm:ss.fff…` with the digits
 * of the scale and the offset where there is one; lower-case hex; `1` and `0` for bit.
 */
export function textOf(shape: TextShape, rows: ScannedRows, field: number): string {
  const { bytes, view } = rows;
  const start = rows.starts[field] as number;
  const length = rows.lengths[field] as number;
  switch (shape.family) {
    case 'bit':
      return bytes[start] === 0 ? '0' : '1';
    case 'int':
      return intText(view, start, length);
    case 'float':
      return length === 4 ? realText(view.getFloat32(start, true)) : floatText(view.getFloat64(start, true));
    case 'decimal':
      return decimalText(readUnscaled(rows, field) as bigint, shape.scale);
    case 'money':
      return decimalText(readMoney(view, start, length), 4);
    case 'date':
      return dateText(readUint(view, start, 3) - DAYS_TO_1970);
    case 'time':
      return timeText(readUint(view, start, timeBytes(shape.scale)), shape.scale);
    case 'datetime':
      return datetimeText(view, start, length);
    case 'datetime2':
    case 'datetimeoffset':
      return datetime2Text(shape, rows, start, length);
    case 'guid': {
      const text = Buffer.alloc(36);
      writeGuid(bytes, start, new DataView(text.buffer, text.byteOffset), 0);
      return text.toString('latin1');
    }
    case 'bytes':
      return Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('hex');
    default:
      return shape.family satisfies never;
  }
}

function intText(view: DataView, start: number, length: number): string {
  switch (length) {
    case 1:
      return String(view.getUint8(start));
    case 2:
      return String(view.getInt16(start, true));
    case 4:
      return String(view.getInt32(start, true));
    case 8:
      return String(view.getBigInt64(start, true));
    default:
      throw wrongLength(length, 'int');
  }
}

/** With the fewest digits that read back as the same 32 bits; nine always do. */
function realText(value: number): string {
  if (value === 0) return floatText(value);
  for (let digits = 6; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}

function floatText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function readMoney(view: DataView, start: number, length: number): bigint {
  if (length === 4) return BigInt(view.getInt32(start, true));
  return (BigInt(view.getInt32(start, true)) << 32n) | BigInt(view.getUint32(start + 4, true));
}

function datetimeText(view: DataView, start: number, length: number): string {
  if (length === 4)
    return timestampText(view.getUint16(start, true) - DAYS_1900_TO_1970, view.getUint16(start + 2, true) * 60, 0);
  const days = view.getInt32(start, true) - DAYS_1900_TO_1970;
  return timestampText(days, ticksToMillis(view.getUint32(start + 4, true)), 3);
}

/** A datetimeoffset is kept in UTC, its offset beside it in minutes; it is shown in its own time. */
function datetime2Text({ family, scale }: TextShape, rows: ScannedRows, start: number, length: number): string {
  const width = timeBytes(scale);
  const zoned = family === 'datetimeoffset';
  if (length !== width + (zoned ? 5 : 3)) throw wrongLength(length, `${family}(${scale})`);
  const units = readUint(rows.view, start, width);
  const days = readUint(rows.view, start + width, 3) - DAYS_TO_1970;
  if (!zoned) return timestampText(days, units, scale);
  const minutes = rows.view.getInt16(start + width + 3, true);
  return `${timestampText(days, units + minutes * 60 * 10 ** scale, scale)} ${offsetText(minutes)}`;
}
