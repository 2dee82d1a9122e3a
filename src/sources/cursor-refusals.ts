import type { CursorColumn, Lookback } from '../model/cursor.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName, type TableSchema } from '../model/table.ts';

/** CURSOR_VALUE: `example` is how the source writes a moment, in words: `2024-01-31 08:00:00 for a timestamp`. */
export function notAValue(
  at: { readonly table: TableSchema; readonly column: CursorColumn; readonly example: string },
  typed: string,
  reason: string,
  cause?: unknown,
): SqlextractError {
  const { name, nativeType } = at.column;
  return new SqlextractError(
    {
      code: 'CURSOR_VALUE',
      message: `${JSON.stringify(typed)} is no value of the column ${name} (${nativeType}) of ${displayName(at.table)}: ${reason}`,
      hint: `write it as the server does, for example ${at.example}, 4711 for a number`,
      fault: 'usage',
    },
    cause,
  );
}

/** CURSOR_LOOKBACK. */
export function noDistance(
  table: TableSchema,
  { name, nativeType }: CursorColumn,
  { amount, unit }: Lookback,
  reason: string,
  cause?: unknown,
): SqlextractError {
  return new SqlextractError(
    {
      code: 'CURSOR_LOOKBACK',
      message: `the column ${name} (${nativeType}) of ${displayName(table)} cannot go back by ${amount}${unit === null ? '' : ` ${unit}(s)`}: ${reason}`,
      hint: 'a lookback is a stretch of the cursor: "3 hours" or "7 days" for moments, "7 days" for dates, 500 for numbers',
      fault: 'usage',
    },
    cause,
  );
}
