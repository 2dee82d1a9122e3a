import type { ColumnType } from '../../src/model/column-type.ts';
import type { Cell } from './batch.ts';

/**
 * The text of a cell in the published dialect, without its quotes; null for NULL. Written a second time, slowly, on BigInt and
 * Date, to hold the encoder against.
 */
export function csvText(type: ColumnType, cell: Cell): string | null {
  if (cell === null) return null;
  switch (type.kind) {
    case 'decimal':
      return decimalText(cell as bigint, type.scale);
    case 'date':
      return new Date((cell as number) * 86_400_000).toISOString().slice(0, 10);
    case 'time':
      return timeText(cell as bigint);
    case 'timestamp':
      return timestampText(cell as bigint) + (type.zoned ? '+00:00' : '');
    case 'float32':
      return floatText(cell as number);
    case 'float64':
      return Object.is(cell, -0) ? '-0' : String(cell);
    case 'binary':
      return Buffer.from(cell as Uint8Array).toString('hex');
    default:
      return String(cell);
  }
}

function decimalText(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return unscaled < 0n ? `-${text}` : text;
}

function fraction(micros: bigint): string {
  return micros === 0n ? '' : `.${micros.toString().padStart(6, '0')}`;
}

function timeText(micros: bigint): string {
  const seconds = Number(micros / 1_000_000n);
  const pair = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${pair(seconds / 3600)}:${pair((seconds / 60) % 60)}:${pair(seconds % 60)}${fraction(micros % 1_000_000n)}`;
}

function timestampText(micros: bigint): string {
  const part = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = Number((micros - part) / 1_000_000n);
  return new Date(seconds * 1000).toISOString().slice(0, 19) + fraction(part);
}

/** The shortest of all decimal forms that round to the same 32-bit float. */
function floatText(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  const precision = Array.from({ length: 9 }, (_, index) => index + 1).find(
    (digits) => Math.fround(Number(value.toPrecision(digits))) === value,
  );
  return String(Number(value.toPrecision(precision)));
}
