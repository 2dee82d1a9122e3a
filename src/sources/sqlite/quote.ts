import { SqlextractError } from '../../model/problem.ts';

/** `"name"` with quotes doubled. Throws on NUL, which SQLite would cut the statement at. */
export function quoteIdentifier(name: string): string {
  if (name.includes('\0')) {
    throw new SqlextractError({
      code: 'NAME_NOT_USABLE',
      message: `the name ${JSON.stringify(name)} holds a NUL, which no SQL statement can carry`,
      fault: 'usage',
    });
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** One key value as SQLite gave it, with its bytes for texts whose characters alone do not say them. */
export interface KeyCell {
  readonly value: bigint | number | string | Uint8Array;
  /** `hex(CAST(value AS BLOB))`: the text in the database's own encoding. */
  readonly hex: string;
}

/**
 * A literal of the same storage class as the cell, without affinity: comparing it with a column never converts the column.
 * Text that has NUL, or that is (or may be) not well-formed, goes by its bytes; the unary plus takes away the affinity that
 * CAST has (https://www.sqlite.org/datatype3.html#affinity_of_expressions).
 */
export function keyLiteral(cell: KeyCell): string {
  const { value, hex } = cell;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return realLiteral(value);
  if (typeof value !== 'string') return `x'${hex}'`;
  const plain = value.isWellFormed() && !value.includes('\0') && !value.includes('�');
  return plain ? `'${value.replaceAll("'", "''")}'` : `+CAST(x'${hex}' AS TEXT)`;
}

/** SQLite knows no literal for infinity; a number that overflows to it is one. The exponent makes it REAL, never INTEGER. */
function realLiteral(value: number): string {
  if (value === Infinity) return '9e999';
  if (value === -Infinity) return '-9e999';
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
