import type { KeyTuple } from '../../model/key-range.ts';
import type { BoundaryRequest } from '../source.ts';
import { fromClause } from './from-clause.ts';
import { firstRow } from './query.ts';
import type { Connection, Row } from './query.ts';
import { keyLiteral, quoteIdentifier } from './quote.ts';
import { compareKey, conjunction, notNullParts, whereParts } from './range-predicate.ts';

interface Reached {
  readonly key: KeyTuple;
  /** Greater than `after`, as the database compares; true where there is none. */
  readonly moved: boolean;
}

/**
 * See SourceSession.nextBoundary. The index is walked by OFFSET, which visits each entry and gives out one.
 *
 *   the row `step` rows on ── greater than the keys before it ─────────────▶ its key
 *                          ── equal to them (more than `step` equal keys) ──▶ the next distinct key, or null
 *                          ── none ────────────────────────────────────────▶ null
 */
export function nextBoundary(connection: Connection, request: BoundaryRequest): KeyTuple | null {
  const { after, key, step } = request;
  const from = after === null ? [] : [compareKey(key, '>=', after)];
  const reached = keyAt(connection, request, from, step);
  if (reached === null) return null;
  const moved = after === null ? hasBefore(connection, request, reached.key) : reached.moved;
  if (moved) return reached.key;
  return keyAt(connection, request, [compareKey(key, '>', after ?? reached.key)], 0)?.key ?? null;
}

function keyAt(
  connection: Connection,
  request: BoundaryRequest,
  conditions: readonly string[],
  offset: number,
): Reached | null {
  const columns = request.key.map(quoteIdentifier);
  const cells = columns.flatMap((column) => [column, `hex(CAST(${column} AS BLOB))`]);
  const moved = request.after === null ? 'TRUE' : compareKey(request.key, '>', request.after);
  const row = firstRow(
    connection,
    `SELECT ${moved}, ${cells.join(', ')} FROM ${fromClause(request.table)}
      WHERE ${conjunction([...conditions, ...baseConditions(request)])}
      ORDER BY ${columns.join(', ')} LIMIT 1 OFFSET ${offset}`,
  );
  return row === null
    ? null
    : { key: request.key.map((_, index) => literalAt(row, 1 + index * 2)), moved: row[0] === 1n };
}

function baseConditions(request: BoundaryRequest): readonly string[] {
  const { table, key, where, before } = request;
  const below = before === null ? [] : [compareKey(key, '<', before)];
  return [...below, ...notNullParts(table, key), ...whereParts(where)];
}

function literalAt(row: Row, index: number): string {
  const value = row[index];
  if (value === null || value === undefined) throw new Error('a key column that can not be NULL is NULL');
  return keyLiteral({ value, hex: String(row[index + 1]) });
}

/** Whether the first range would hold any row. */
function hasBefore(connection: Connection, request: BoundaryRequest, reached: KeyTuple): boolean {
  const before = conjunction([compareKey(request.key, '<', reached), ...baseConditions(request)]);
  return firstRow(connection, `SELECT 1 FROM ${fromClause(request.table)} WHERE ${before} LIMIT 1`) !== null;
}
