import type { CursorColumn, CursorFrom, CursorWindow } from '../../model/cursor.ts';
import { keyLiteral, quoteIdentifier } from './quote.ts';

/** See SourceCursors.condition. Keys of ties are literals already, as `nextBoundary` renders them. */
export function cursorCondition(window: CursorWindow): string {
  const { column, from, to, nulls } = window;
  const name = quoteIdentifier(column.name);
  const bounds = [
    ...(from === null ? [] : fromConditions(column, from)),
    ...(to === null ? [] : [`${name} ${to.inclusive ? '<=' : '<'} ${valueLiteral(column, to.value)}`]),
  ];
  if (bounds.length === 0) return nulls ? 'TRUE' : `${name} IS NOT NULL`;
  const within = bounds.join(' AND ');
  return nulls ? `((${within}) OR ${name} IS NULL)` : within;
}

function fromConditions(column: CursorColumn, { value, ties }: CursorFrom): readonly string[] {
  const name = quoteIdentifier(column.name);
  const literal = valueLiteral(column, value);
  if (ties.kind === 'none') return [`${name} > ${literal}`];
  const least = `${name} >= ${literal}`;
  if (ties.kind === 'all') return [least];
  return [least, `(${name} = ${literal} AND ${oneOf(ties.key, ties.tuples)}) IS NOT TRUE`];
}

/**
 * `IS NOT TRUE` around it keeps rows with a NULL in the key, which no list of keys can name. Lists, because a chain of ORs may be 1000 deep only
 * (https://www.sqlite.org/limits.html#max_expr_depth).
 */
function oneOf(key: readonly string[], tuples: readonly (readonly string[])[]): string {
  if (key.length === 0 || tuples.length === 0) throw new RangeError('ties need a key, and keys');
  if (tuples.some((tuple) => tuple.length !== key.length))
    throw new RangeError('a tie has another length than its key');
  if (key.length === 1) return `${quoteIdentifier(key[0] as string)} IN (${tuples.map(([one]) => one).join(', ')})`;
  return `(${key.map(quoteIdentifier).join(', ')}) IN (VALUES ${tuples.map((tuple) => `(${tuple.join(', ')})`).join(', ')})`;
}

/** Of the class that is stored: comparing it converts neither. */
export function valueLiteral(column: CursorColumn, value: string): string {
  return column.kind === 'integer' ? String(BigInt(value)) : keyLiteral({ value, hex: '' });
}
