/** A value that its planned type cannot hold; `readRange` makes it an error that names table, column and key. */
export class Misfit extends Error {
  override readonly name = 'Misfit';
  /** Row within the scanned rows. */
  readonly row: number;
  /** The value as text, shortened. */
  readonly value: string;

  constructor(row: number, value: string, reason: string) {
    super(reason);
    this.row = row;
    this.value = value;
  }
}
