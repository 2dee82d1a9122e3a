import type pg from 'pg';
import type { KeyTuple } from '../../model/key-range.ts';
import type { BoundaryRequest } from '../source.ts';
import { fromClause } from './from-clause.ts';
import { quoteName } from './quote.ts';
import { andWhere, compareKey, notNull, sameColumns } from './ranges.ts';
import { withSearchPath } from './search-path.ts';

/**
 * The next cut point by walking the key: `… WHERE key >= after ORDER BY key LIMIT 1 OFFSET step`, an index-only scan where there is an
 * index. Boundaries are rendered and compared by the server alone. A key that is not unique may stand still for more than `step` rows;
 * the answer is then the next distinct key.
 */
export async function nextBoundary(client: pg.Client, request: BoundaryRequest): Promise<KeyTuple | null> {
  return withSearchPath(client, request.table, request.where, async () => {
    if (isUnique(request)) return (await walk(client, request, request.after, '>=', request.step))?.key ?? null;
    const from = request.after ?? (await walk(client, request, null, '>=', 0))?.key ?? null;
    if (from === null) return null;
    const reached = await walk(client, request, from, '>=', request.step);
    if (reached === null || reached.greater) return reached?.key ?? null;
    return (await walk(client, request, from, '>', 0))?.key ?? null;
  });
}

function isUnique(request: BoundaryRequest): boolean {
  return request.table.candidateKeys.some((key) => key.unique && sameColumns(key.columns, request.key));
}

interface Reached {
  readonly key: KeyTuple;
  /** Greater than `after` by the server's own comparison: two texts can differ and still be equal to it. */
  readonly greater: boolean;
}

async function walk(
  client: pg.Client,
  request: BoundaryRequest,
  after: KeyTuple | null,
  operator: '>' | '>=',
  offset: number,
): Promise<Reached | null> {
  const { table, key, where, before } = request;
  const conditions = [
    ...(after === null ? [] : [compareKey(key, operator, after)]),
    ...(before === null ? [] : [compareKey(key, '<', before)]),
    ...notNull(table, key),
  ];
  const names = key.map(quoteName).join(', ');
  const greater = after === null ? 'true' : compareKey(key, '>', after);
  // The casts stand outside, so that ORDER BY sorts the columns and not their texts.
  const inner =
    `SELECT ${names}, ${greater} FROM ${fromClause(table)} WHERE ${conditions.join(' AND ')}${andWhere(table, where)} ` +
    `ORDER BY ${names} LIMIT 1 OFFSET ${BigInt(offset)}`;
  const aliases = key.map((_, index) => `c${index}`);
  const texts = aliases.map((alias) => `k.${alias}::pg_catalog.text`).join(', ');
  const { rows } = await client.query<string[]>({
    text: `SELECT ${texts}, k.greater FROM (${inner}) AS k(${aliases.join(', ')}, greater)`,
    rowMode: 'array',
  });
  const row = rows[0];
  return row === undefined ? null : { key: row.slice(0, key.length), greater: row[key.length] === 't' };
}
