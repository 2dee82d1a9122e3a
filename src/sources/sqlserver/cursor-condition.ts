import type { CursorColumn, CursorTies, CursorWindow } from '../../model/cursor.ts';
import type { KeyTuple } from '../../model/key-range.ts';
import { valueLiteral } from './cursor-column.ts';
import { literalOf } from './key-values.ts';
import { quoteName } from './quote.ts';

/** See SourceCursors.condition. */
export function cursorCondition(window: CursorWindow): string {
  const { column, from, to, nulls } = window;
  const name = quoteName(column.name);
  const bounds = [
    ...(from === null ? [] : [`${name} ${from.ties.kind === 'none' ? '>' : '>='} ${valueLiteral(column, from.value)}`]),
    ...(from === null ? [] : withoutTies(column, from.value, from.ties)),
    ...(to === null ? [] : [`${name} ${to.inclusive ? '<=' : '<'} ${valueLiteral(column, to.value)}`]),
  ];
  if (bounds.length === 0) return nulls || !column.nullable ? '1 = 1' : `${name} IS NOT NULL`;
  return nulls && column.nullable ? `((${bounds.join(' AND ')}) OR ${name} IS NULL)` : bounds.join(' AND ');
}

/** By CASE, because a NULL in the key of another row decides nothing. */
function withoutTies(column: CursorColumn, value: string, ties: CursorTies): readonly string[] {
  if (ties.kind !== 'except') return [];
  const at = `${quoteName(column.name)} = ${valueLiteral(column, value)}`;
  return [`CASE WHEN ${at} AND ${isOneOf(ties.key, ties.tuples)} THEN 1 ELSE 0 END = 0`];
}

function isOneOf(key: readonly string[], tuples: readonly KeyTuple[]): string {
  if (key.length === 0 || tuples.length === 0) throw new RangeError('ties without a key or without rows');
  const [only] = key;
  if (key.length > 1 || only === undefined) return `(${tuples.map((tuple) => isTuple(key, tuple)).join(' OR ')})`;
  const cells = tuples.map((tuple) => tuple[0] as string);
  const literals = cells.map((cell) => exact(literalOf(cell), cell));
  return `${exact(quoteName(only), cells[0] as string)} IN (${literals.join(', ')})`;
}

function isTuple(key: readonly string[], tuple: KeyTuple): string {
  if (key.length !== tuple.length) throw new RangeError('a tie has another length than its key');
  const cells = key.map((column, at) => {
    const cell = tuple[at] as string;
    return `${exact(quoteName(column), cell)} = ${exact(literalOf(cell), cell)}`;
  });
  return `(${cells.join(' AND ')})`;
}

/** Other texts can be equal to a delivered one under the column's collation; their bytes are not. */
function exact(expression: string, cell: string): string {
  return /^n?(?:var)?char\(\d+\) collate /.test(cell) ? `CONVERT(varbinary(8000), ${expression})` : expression;
}
