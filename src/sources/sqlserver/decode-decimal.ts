import type { WordsBuilder } from '../../model/vector-builder.ts';
import { wrongLength } from './decode-fixed.ts';
import type { ScannedRows } from '../scanned-rows.ts';
import { Misfit } from './misfit.ts';
import type { WireColumn } from './wire-column.ts';

type DecodeWords = (rows: ScannedRows, column: number, out: WordsBuilder) => void;

/** decimal and numeric: a sign byte (1 is positive) and 4, 8, 12 or 16 bytes of the unscaled number (MS-TDS 2.2.5.5.1.6). */
export function decimalDecoder(precision: number, scale: number, wire: WireColumn): DecodeWords {
  return wire.scale === scale && wire.precision <= precision ? decodeDecimal : rescaling(precision, scale, wire.scale);
}

function decodeDecimal(rows: ScannedRows, column: number, out: WordsBuilder): void {
  const { bytes, view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length < 0) {
      out.appendNull();
      continue;
    }
    if (length < 5 || length > 17 || length % 4 !== 1) throw wrongLength(length, 'decimal');
    const start = (starts[i] as number) + 1;
    const at = out.rows++ * 4;
    const { values } = out;
    values[at] = view.getInt32(start, true);
    values[at + 1] = length > 5 ? view.getInt32(start + 4, true) : 0;
    values[at + 2] = length > 9 ? view.getInt32(start + 8, true) : 0;
    values[at + 3] = length > 13 ? view.getInt32(start + 12, true) : 0;
    if (bytes[start - 1] === 0) negate(values, at);
  }
}

/** Two's complement of four words. */
function negate(values: Int32Array, at: number): void {
  let carry = 1;
  for (let word = at; word < at + 4; word++) {
    const sum = (~(values[word] as number) >>> 0) + carry;
    values[word] = sum;
    carry = sum > 0xffffffff ? 1 : 0;
  }
}

/** A result whose decimals have another scale than was planned (an expression of a query): exact, or a misfit. */
function rescaling(precision: number, scale: number, wireScale: number): DecodeWords {
  const limit = 10n ** BigInt(precision);
  return (rows, column, out) => {
    for (let row = 0; row < rows.count; row++) {
      const unscaled = readUnscaled(rows, column * rows.capacity + row);
      if (unscaled === null) {
        out.appendNull();
        continue;
      }
      const power = 10n ** BigInt(Math.abs(scale - wireScale));
      const number = wireScale <= scale ? unscaled * power : unscaled / power;
      const exact = wireScale <= scale || number * power === unscaled;
      if (!exact || number >= limit || number <= -limit) {
        const reason = `a number that does not fit decimal(${precision},${scale})`;
        throw new Misfit(row, decimalText(unscaled, wireScale), reason);
      }
      out.appendBigInt(number);
    }
  };
}

/** The unscaled number of a decimal; null for NULL. For paths where speed does not matter. */
export function readUnscaled(rows: ScannedRows, field: number): bigint | null {
  const length = rows.lengths[field] as number;
  if (length < 0) return null;
  if (length < 5 || length > 17 || length % 4 !== 1) throw wrongLength(length, 'decimal');
  const start = rows.starts[field] as number;
  let number = 0n;
  for (let at = start + length - 4; at > start; at -= 4) {
    number = (number << 32n) | BigInt(rows.view.getUint32(at, true));
  }
  return rows.bytes[start] === 0 ? -number : number;
}

export function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return unscaled < 0n ? `-${text}` : text;
}

/** money: eight bytes, the high half first, in ten-thousandths; smallmoney: four bytes. */
export function decodeMoney(rows: ScannedRows, column: number, out: WordsBuilder): void {
  const { view, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let i = base; i < base + count; i++) {
    const length = lengths[i] as number;
    if (length < 0) {
      out.appendNull();
      continue;
    }
    if (length !== 8 && length !== 4) throw wrongLength(length, 'money');
    const start = starts[i] as number;
    const first = view.getInt32(start, true);
    const at = out.rows++ * 4;
    out.values[at] = length === 8 ? view.getInt32(start + 4, true) : first;
    out.values[at + 1] = length === 8 ? first : first >> 31;
    out.values[at + 2] = first >> 31;
    out.values[at + 3] = first >> 31;
  }
}
