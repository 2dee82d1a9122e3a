import type { Digits } from '../model/digits.ts';
import type { ColumnSchema } from '../model/table.ts';

/** Aggregates over a column: what the formats measure of its values (model/digits.ts), `integer` NULL where one of them is no plain number. */
export interface DigitsSql {
  readonly integer: string;
  readonly scale: string;
}

/** Null for columns that are no exact numbers. */
export function digitsSql({ type, exact }: ColumnSchema, cell: string): DigitsSql | null {
  if (type.kind === 'decimal') {
    const whole = `ltrim(split_part(max(abs(${cell}))::VARCHAR, '.', 1), '0')`;
    return { integer: `coalesce(length(${whole}), 0)`, scale: String(type.scale) };
  }
  if (exact !== 'number' || type.kind !== 'string') return null;
  const isPlain = `coalesce(bool_and(regexp_full_match(${cell}, '-?[0-9]+([.][0-9]+)?')), true)`;
  const whole = `coalesce(max(length(regexp_extract(${cell}, '^-?0*([0-9]*)', 1))), 0)`;
  const fraction = `coalesce(max(length(regexp_extract(${cell}, '[.]([0-9]+)$', 1))), 0)`;
  return { integer: `CASE WHEN ${isPlain} THEN ${whole} END`, scale: fraction };
}

export function digitsOf(integer: unknown, scale: unknown): Digits | null {
  return integer === null ? null : { integer: Number(integer), scale: Number(scale) };
}
