import { Random } from './random.ts';
import type { TypeValues } from './type-values.ts';

export interface ValueColumn {
  readonly name: string;
  readonly values: TypeValues;
}

export interface ValueRow {
  readonly id: number;
  /** As a person types them in; null for NULL. */
  readonly cells: readonly (string | null)[];
}

const NULLS = 1 / 8;

/** Ids from 1 in steps of 3; the edges of each type first, then random values and NULL. */
export function* valueRows(columns: readonly ValueColumn[], rows: number, seed: number): Generator<ValueRow> {
  const random = new Random(seed);
  for (let row = 0; row < rows; row += 1) {
    yield { id: 1 + 3 * row, cells: columns.map(({ values }) => cellOf(values, row, random)) };
  }
}

function cellOf(values: TypeValues, row: number, random: Random): string | null {
  const edge = values.edges[row];
  if (edge !== undefined) return edge;
  return random.chance(NULLS) ? null : values.random(random);
}
