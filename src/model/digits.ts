/**
 * Digits that values have, as they are written in the file: sign and zeros before the number are not counted, zeros after the point are
 * (`-0012.50` has 2 and 2).
 */
export interface Digits {
  readonly integer: number;
  readonly scale: number;
}

/** One entry a column; null: it is no exact number, or a value of it is no plain one (`NaN`, `1e400`). */
export type ColumnDigits = readonly (Digits | null)[];

/** The digits of several files together; null as soon as one of them has none. */
export function widestDigits(files: readonly (Digits | null)[]): Digits | null {
  return files.reduce<Digits | null>(
    (most, one) =>
      most === null || one === null
        ? null
        : { integer: Math.max(most.integer, one.integer), scale: Math.max(most.scale, one.scale) },
    { integer: 0, scale: 0 },
  );
}
