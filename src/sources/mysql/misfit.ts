import type { ScannedRows } from '../scanned-rows.ts';

/** A value that its planned type cannot hold; `readRange` makes it an error that names table, column and key. */
export class Misfit extends Error {
  override readonly name = 'Misfit';
  /** Row within the scanned rows. */
  readonly row: number;
  /** The value as text, shortened. */
  readonly value: string;
  /** What to do about it when `--as-text` is not the way. */
  readonly hint: string | null;

  constructor(row: number, value: string, reason: string, hint: string | null = null) {
    super(reason);
    this.row = row;
    this.value = value;
    this.hint = hint;
  }
}

/** The text of a cell, for errors. */
export function cellText(rows: ScannedRows, cell: number): string {
  const start = rows.starts[cell] as number;
  const end = start + Math.min(200, rows.lengths[cell] as number);
  return Buffer.from(rows.bytes.buffer, rows.bytes.byteOffset + start, end - start).toString('utf8');
}
