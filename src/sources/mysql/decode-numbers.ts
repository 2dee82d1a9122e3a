import type { BitsBuilder, WordsBuilder } from '../../model/vector-builder.ts';
import { appendMagnitude, appendNarrow, clearMagnitude, fitsInt64, fitsPrecision, multiplyAdd } from './decode-wide.ts';
import { ProtocolBreach, type ScannedRows } from '../scanned-rows.ts';
import { cellText, Misfit } from './misfit.ts';

/*
 * Numbers as the server writes them: an optional minus, digits (with zeros before them when the column is ZEROFILL), for DECIMAL a point.
 * Each decoder is one loop over one column of the scanned rows; none makes an object, a string or a BigInt per value.
 */

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
/** So many digits are exact in a double. */
const NARROW = 15;

function unexpected(rows: ScannedRows, cell: number, what: string): ProtocolBreach {
  return new ProtocolBreach(
    `${cellText(rows, cell).slice(0, 40)} is not ${what}: the table was altered while it was read`,
  );
}

export function decodeInt32(rows: ScannedRows, column: number, out: WordsBuilder): void {
  const { bytes, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let cell = base; cell < base + count; cell++) {
    const length = lengths[cell] as number;
    if (length < 0) {
      out.appendNull();
      continue;
    }
    let at = starts[cell] as number;
    const end = at + length;
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    if (at === end) throw unexpected(rows, cell, 'an integer');
    let number = 0;
    for (; at < end; at++) {
      const digit = (bytes[at] as number) - ZERO;
      if (digit < 0 || digit > 9) throw unexpected(rows, cell, 'an integer');
      number = number * 10 + digit;
    }
    if (negative) number = -number;
    if (number !== (number | 0) && number !== 0) throw unexpected(rows, cell, 'an integer of 32 bits');
    out.values[out.rows++] = number;
  }
}

export function decodeInt64(rows: ScannedRows, column: number, out: WordsBuilder): void {
  const { bytes, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  out.reserve(count);
  for (let cell = base; cell < base + count; cell++) {
    const length = lengths[cell] as number;
    if (length < 0) {
      out.appendNull();
      continue;
    }
    let at = starts[cell] as number;
    const end = at + length;
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    if (at === end) throw unexpected(rows, cell, 'an integer');
    if (end - at > NARROW) {
      if (!takeWide(rows, cell, at, 0)) throw unexpected(rows, cell, 'an integer');
      if (!fitsInt64(negative)) throw unexpected(rows, cell, 'an integer of 64 bits');
      appendMagnitude(out, negative);
      continue;
    }
    let number = 0;
    for (; at < end; at++) {
      const digit = (bytes[at] as number) - ZERO;
      if (digit < 0 || digit > 9) throw unexpected(rows, cell, 'an integer');
      number = number * 10 + digit;
    }
    appendNarrow(out, number, negative);
  }
}

export type DecimalDecoder = (rows: ScannedRows, column: number, out: WordsBuilder) => void;

/** A decoder for decimal(precision, scale): unscaled numbers of 128 bits. */
export function decimalDecoder(precision: number, scale: number): DecimalDecoder {
  const limit = 10 ** precision;
  return (rows, column, out) => {
    const { bytes, starts, lengths, count } = rows;
    const base = column * rows.capacity;
    out.reserve(count);
    for (let cell = base; cell < base + count; cell++) {
      const length = lengths[cell] as number;
      if (length < 0) {
        out.appendNull();
        continue;
      }
      let at = starts[cell] as number;
      const end = at + length;
      const negative = bytes[at] === MINUS;
      if (negative) at++;
      const first = at;
      // The server writes all digits of the scale; anything else takes the long way.
      const point = scale === 0 ? end : end - scale - 1;
      let number = -1;
      if (end - at <= NARROW + 1 && point >= at && point < end + 1 && (scale === 0 || bytes[point] === POINT)) {
        number = 0;
        for (; at < end; at++) {
          if (at === point) continue;
          const digit = (bytes[at] as number) - ZERO;
          number = digit < 0 || digit > 9 ? Number.NaN : number * 10 + digit;
        }
      }
      // Sixteen digits without a point can pass 2^53; NaN is no less than anything.
      if (number >= 0 && number < 1e15 && number < limit && end > first) appendNarrow(out, number, negative);
      else {
        if (!takeWide(rows, cell, first, scale)) throw decimalMisfit(rows, cell, cell - base, precision, scale);
        if (!fitsPrecision(precision)) throw decimalMisfit(rows, cell, cell - base, precision, scale);
        appendMagnitude(out, negative);
      }
    }
  };
}

/** Leaves digits × 10^scale in the magnitude; false when it is no such number, or has digits behind the scale other than 0. */
function takeWide(rows: ScannedRows, cell: number, from: number, scale: number): boolean {
  const { bytes } = rows;
  const end = (rows.starts[cell] as number) + (rows.lengths[cell] as number);
  clearMagnitude();
  let fraction = -1;
  let digits = 0;
  for (let at = from; at < end; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit === POINT - ZERO && fraction < 0 && scale > 0) {
      fraction = 0;
      continue;
    }
    if (digit < 0 || digit > 9) return false;
    digits++;
    if (fraction >= scale) {
      if (digit !== 0) return false;
      continue;
    }
    if (fraction >= 0) fraction++;
    if (!multiplyAdd(10, digit)) return false;
  }
  for (let left = scale - Math.max(0, fraction); left > 0; left--) if (!multiplyAdd(10, 0)) return false;
  return digits > 0;
}

function decimalMisfit(rows: ScannedRows, cell: number, row: number, precision: number, scale: number): Error {
  const text = cellText(rows, cell);
  if (!/^-?\d+(?:\.\d+)?$/.test(text)) return unexpected(rows, cell, 'a decimal');
  return new Misfit(row, text, `a number that does not fit decimal(${precision},${scale})`);
}

/** TINYINT(1) that the user says is a boolean. */
export function decodeBoolean(rows: ScannedRows, column: number, out: BitsBuilder): void {
  const { bytes, starts, lengths, count } = rows;
  const base = column * rows.capacity;
  for (let cell = base; cell < base + count; cell++) {
    const length = lengths[cell] as number;
    if (length < 0) {
      out.appendNull();
      continue;
    }
    const digit = (bytes[starts[cell] as number] as number) - ZERO;
    if (length !== 1 || (digit !== 0 && digit !== 1)) {
      throw new Misfit(
        cell - base,
        cellText(rows, cell),
        'a number that is no boolean',
        'leave out --tinyint1 boolean',
      );
    }
    out.appendBit(digit === 1);
  }
}
