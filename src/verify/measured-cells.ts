import type { ColumnDigits } from '../model/digits.ts';
import type { CountedNulTexts } from '../model/nul-texts.ts';
import { nulTextsOf } from '../model/nul-texts.ts';
import type { ColumnSchema } from '../model/table.ts';
import { digitsOf, digitsSql } from './digits-sql.ts';
import { sqlText } from './duckdb-reader.ts';

/** What a manifest says of the cells of its files. */
export interface MeasuredCells extends CountedNulTexts {
  readonly rows: number;
  readonly nullCounts: readonly number[];
  /** The longest value in bytes; 0 for columns that are no texts or bytes. */
  readonly maxBytes: readonly number[];
  readonly digits: ColumnDigits;
  /** Texts that are equal to the NULL marker. */
  readonly markerCells: number;
}

/** Aggregates over a relation whose cells are called `cells`, as DuckDB's SQL; `measuredOf` reads their one row. `marker` null: there is none. */
export function measureSql(columns: readonly ColumnSchema[], cells: readonly string[], marker: string | null): string {
  const each = columns.map((column, index) => ({ column, kind: column.type.kind, cell: cells[index] ?? '' }));
  const nulls = each.map(({ cell }) => `count(*) - count(${cell})`);
  const widths = each.map(({ kind, cell }) => `coalesce(max(${bytesOf(kind, cell)}), 0)`);
  const texts = each.filter(({ kind }) => kind === 'string' || kind === 'json' || kind === 'uuid');
  const markers = texts.map(({ cell }) => `count(*) FILTER (${cell} = ${sqlText(marker ?? '')})`);
  const marked = marker === null || markers.length === 0 ? '0' : markers.join(' + ');
  const zeros = each.map(({ kind, cell }) =>
    kind === 'string' || kind === 'json' ? `count(*) FILTER (contains(${cell}, chr(0)))` : '0',
  );
  const digits = each.flatMap(({ column, cell }) => {
    const found = digitsSql(column, cell);
    return [found?.integer ?? 'NULL', found?.scale ?? '0'];
  });
  return [...nulls, ...widths, ...zeros, marked, 'count(*)', ...digits].join(', ');
}

export function measuredOf({ length }: readonly ColumnSchema[], row: readonly unknown[]): MeasuredCells {
  const numbers = row.slice(0, 3 * length + 2).map(Number);
  const digits = row.slice(3 * length + 2);
  return {
    nullCounts: numbers.slice(0, length),
    maxBytes: numbers.slice(length, 2 * length),
    ...nulTextsOf(numbers.slice(2 * length, 3 * length)),
    markerCells: numbers[3 * length] ?? 0,
    rows: numbers[3 * length + 1] ?? 0,
    digits: Array.from({ length }, (_, index) => digitsOf(digits[2 * index] ?? null, digits[2 * index + 1])),
  };
}

function bytesOf(kind: ColumnSchema['type']['kind'], cell: string): string {
  if (kind === 'binary') return `octet_length(${cell})`;
  return kind === 'string' || kind === 'json' || kind === 'uuid' ? `strlen(${cell})` : '0';
}
