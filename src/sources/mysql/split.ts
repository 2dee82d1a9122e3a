import type { Connection } from 'mysql2';
import type { KeyTuple } from '../../model/key-range.ts';
import type { BoundaryRequest } from '../source.ts';
import type { NativeColumn } from './columns.ts';
import { keyExpression, toLiteral } from './key-literal.ts';
import { queryRow } from './query-rows.ts';
import { quoteName } from './quote.ts';
import { andWhere, compareKey, notNull, relation, sameColumns } from './ranges.ts';
import type { NativeType } from './types.ts';

/**
 * The next cut point by walking the key: `… WHERE key >= after ORDER BY key LIMIT 1 OFFSET step`, which reads the index alone. Boundaries are
 * rendered and compared by the server. A key that is not unique may stand still for more than `step` rows; the answer is then the next
 * distinct key. `columns` are the table's, for the types of the key.
 */
export async function nextBoundary(
  connection: Connection,
  columns: readonly NativeColumn[],
  request: BoundaryRequest,
): Promise<KeyTuple | null> {
  const walk = (after: KeyTuple | null, operator: '>' | '>=', offset: number) =>
    keyAt(connection, columns, request, { after, operator, offset });
  if (isUnique(request)) return (await walk(request.after, '>=', request.step))?.key ?? null;
  const from = request.after ?? (await walk(null, '>=', 0))?.key ?? null;
  if (from === null) return null;
  const reached = await walk(from, '>=', request.step);
  if (reached === null || reached.greater) return reached?.key ?? null;
  return (await walk(from, '>', 0))?.key ?? null;
}

function isUnique({ table, key }: BoundaryRequest): boolean {
  return table.candidateKeys.some((one) => one.unique && sameColumns(one.columns, key));
}

interface Step {
  readonly after: KeyTuple | null;
  readonly operator: '>' | '>=';
  readonly offset: number;
}

interface Reached {
  readonly key: KeyTuple;
  /** Greater than `after` by the server's own comparison: two texts can differ and still be equal to it. */
  readonly greater: boolean;
}

async function keyAt(
  connection: Connection,
  columns: readonly NativeColumn[],
  request: BoundaryRequest,
  step: Step,
): Promise<Reached | null> {
  const row = await queryRow(connection, boundaryStatement(columns, request, step));
  const [greater, ...key] = row;
  if (greater === undefined) return null;
  if (key.includes(null)) throw new Error('a key column that can not be NULL is NULL');
  const cells = key as readonly string[];
  const literals = cells.map((cell, at) => toLiteral(cell, typeOf(columns, request.key[at] as string)));
  return { key: literals, greater: greater === '1' };
}

/** Exported for the test that has it explained. */
export function boundaryStatement(columns: readonly NativeColumn[], request: BoundaryRequest, step: Step): string {
  const { table, key, where, before } = request;
  const conditions = [
    ...(step.after === null ? [] : [compareKey(key, step.operator, step.after)]),
    ...(before === null ? [] : [compareKey(key, '<', before)]),
    ...notNull(table, key),
  ];
  const greater = step.after === null ? 'TRUE' : compareKey(key, '>', step.after);
  const from = relation(table, where === null ? key : []);
  return (
    `SELECT ${greater}, ${key.map((column) => expressionOf(columns, column)).join(', ')} FROM ${from} ` +
    `WHERE ${conditions.join(' AND ')}${andWhere(table, where)} ` +
    `ORDER BY ${key.map(quoteName).join(', ')} LIMIT 1 OFFSET ${BigInt(step.offset)}`
  );
}

function expressionOf(columns: readonly NativeColumn[], name: string): string {
  const expression = keyExpression(name, typeOf(columns, name));
  if (expression === null) throw new RangeError(`column ${name} cannot be a key`);
  return expression;
}

function typeOf(columns: readonly NativeColumn[], name: string): NativeType {
  const column = columns.find((one) => one.name === name);
  if (column === undefined) throw new RangeError(`column ${name} cannot be a key`);
  return column.native;
}
