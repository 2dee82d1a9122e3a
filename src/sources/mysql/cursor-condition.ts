import type { CursorColumn, CursorTies, CursorWindow } from '../../model/cursor.ts';
import type { KeyTuple } from '../../model/key-range.ts';
import { valueLiteral } from './cursor-column.ts';
import { keyLiteral } from './key-literal.ts';
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
  // IS NULL would find the day 0000-00-00 in a column that can not be NULL.
  if (!column.nullable) return bounds.length === 0 ? 'TRUE' : bounds.join(' AND ');
  if (!nulls) return bounds.length === 0 ? `${name} IS NOT NULL` : bounds.join(' AND ');
  return bounds.length === 0 ? 'TRUE' : `((${bounds.join(' AND ')}) OR ${name} IS NULL)`;
}

/** `IS NOT TRUE`, because a NULL in the key of another row decides nothing. */
function withoutTies(column: CursorColumn, value: string, ties: CursorTies): readonly string[] {
  if (ties.kind !== 'except') return [];
  const at = `${quoteName(column.name)} = ${valueLiteral(column, value)}`;
  return [`(${at} AND ${isOneOf(ties.key, ties.tuples)}) IS NOT TRUE`];
}

function isOneOf(key: readonly string[], tuples: readonly KeyTuple[]): string {
  if (key.length === 0 || tuples.length === 0) throw new RangeError('ties without a key or without rows');
  const [only] = key;
  if (key.length > 1 || only === undefined) return `(${tuples.map((tuple) => isTuple(key, tuple)).join(' OR ')})`;
  const cells = tuples.map((tuple) => keyLiteral(tuple[0] as string));
  const texts = cells.filter(isText);
  const others = cells.filter((cell) => !isText(cell));
  const lists = [
    ...(texts.length === 0 ? [] : [`${asBytes(quoteName(only))} IN (${texts.map(bytesOf).join(', ')})`]),
    ...(others.length === 0 ? [] : [`${quoteName(only)} IN (${others.join(', ')})`]),
  ];
  return `(${lists.join(' OR ')})`;
}

function isTuple(key: readonly string[], tuple: KeyTuple): string {
  if (key.length !== tuple.length) throw new RangeError('a tie has another length than its key');
  const cells = key.map((column, at) => {
    const literal = keyLiteral(tuple[at] as string);
    return isText(literal)
      ? `${asBytes(quoteName(column))} = ${bytesOf(literal)}`
      : `${quoteName(column)} = ${literal}`;
  });
  return `(${cells.join(' AND ')})`;
}

/** `_latin1 X'61'`: the column's own bytes. */
const TEXT = /^_[a-z0-9]+ (X'[0-9A-F]*')$/;

function isText(literal: string): boolean {
  return TEXT.test(literal);
}

/** Other texts can be equal to a delivered one under the column's collation; their bytes are not. */
function asBytes(column: string): string {
  return `CAST(${column} AS BINARY)`;
}

function bytesOf(literal: string): string {
  return `_binary ${TEXT.exec(literal)?.[1] ?? ''}`;
}
