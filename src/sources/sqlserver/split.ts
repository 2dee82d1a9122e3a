import type { KeyTuple } from '../../model/key-range.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import type { BoundaryRequest } from '../source.ts';
import type { NativeColumn } from './columns.ts';
import type { SqlServerConnection } from './connection.ts';
import { type KeyCodec, keyCodec, keyTextOf } from './key-values.ts';
import { quoteName } from './quote.ts';
import { andWhere, compareExpressions, compareKey, notNull, rangeRelation } from './ranges.ts';

/**
 * The next cut point by walking the key: `… WHERE key >= after ORDER BY key OFFSET step ROWS FETCH NEXT 1 ROWS ONLY`, an ordered scan of the
 * index where there is one. Boundaries are rendered and compared by the server alone. A key may stand still for more than `step` rows (also one that
 * the catalog calls unique: a filtered index cannot always be told); the answer is then the next distinct key.
 */
export async function nextBoundary(
  connection: SqlServerConnection,
  request: BoundaryRequest,
  columns: readonly NativeColumn[],
): Promise<KeyTuple | null> {
  const codecs = codecsOf(request, columns);
  const walk = (after: KeyTuple | null, operator: '>' | '>=', offset: number): Promise<Reached | null> =>
    step(connection, request, codecs, after, operator, offset);
  const from = request.after ?? (await walk(null, '>=', 0))?.key ?? null;
  if (from === null) return null;
  const reached = await walk(from, '>=', request.step);
  if (reached === null || reached.greater) return reached?.key ?? null;
  const next = await walk(from, '>', 0);
  if (next !== null && !next.greater) throw standingStill(request);
  return next?.key ?? null;
}

interface Reached {
  readonly key: KeyTuple;
  /** As it comes back of its text it is greater than `after` by the server's own comparison: two texts can differ and still be equal to it. */
  readonly greater: boolean;
}

async function step(
  connection: SqlServerConnection,
  request: BoundaryRequest,
  codecs: readonly KeyCodec[],
  after: KeyTuple | null,
  operator: '>' | '>=',
  offset: number,
): Promise<Reached | null> {
  const { table, key, where, before } = request;
  const names = key.map(quoteName);
  // As in ranges.ts: nested ORs alone make no seek.
  const seek = after === null || key.length === 1 ? [] : [compareKey([key[0] as string], '>=', [after[0] as string])];
  const conditions = [
    ...seek,
    ...(after === null ? [] : [compareKey(key, operator, after)]),
    ...(before === null || before === undefined ? [] : [compareKey(key, '<', before)]),
    ...notNull(table, key),
  ];
  const aliases = names.map((_, index) => aliasFor(key, index));
  const again = aliases.map((alias, index) => (codecs[index] as KeyCodec).again(`k.${alias}`));
  const greater = after === null ? '1' : `CASE WHEN ${compareExpressions(again, '>', after)} THEN 1 ELSE 0 END`;
  // Rendered outside, so that ORDER BY sorts the columns and not their texts.
  const inner =
    `SELECT ${names.map((name, index) => `${name} AS ${aliases[index]}`).join(', ')} ` +
    `FROM ${rangeRelation(table, { kind: 'all' })} WHERE ${conditions.join(' AND ')}${andWhere(table, where)} ` +
    `ORDER BY ${names.join(', ')} OFFSET ${BigInt(offset)} ROWS FETCH NEXT 1 ROWS ONLY`;
  const texts = aliases.map((alias, index) => `${(codecs[index] as KeyCodec).render(`k.${alias}`)} AS ${alias}`);
  const [row] = await connection.rows(
    `/* sqlextract:boundary */ SELECT ${texts.join(', ')}, ${greater} AS greater FROM (${inner}) AS k`,
  );
  if (row === undefined) return null;
  return {
    key: aliases.map((alias, index) => keyTextOf(codecs[index] as KeyCodec, row[alias])),
    greater: row['greater'] === '1',
  };
}

/** ORDER BY would take an alias before a column of the same name. */
function aliasFor(key: readonly string[], index: number): string {
  let alias = `c${index}`;
  while (key.some((name) => name.toLowerCase() === alias)) alias += '_';
  return alias;
}

/** With such a bound rows could fall between two ranges, or into both. */
function standingStill({ table, key }: BoundaryRequest): SqlextractError {
  return new SqlextractError({
    code: 'KEY_NOT_ORDERED',
    message: `${displayName(table)}: a value of the key ${key.join(', ')} does not come back of its text as it was, so that no bound can be made of it`,
    hint: 'read it in one stream as a query: --query "SELECT … FROM …" with --name',
    fault: 'source',
  });
}

function codecsOf(request: BoundaryRequest, columns: readonly NativeColumn[]): readonly KeyCodec[] {
  return request.key.map((name) => {
    const column = columns.find((one) => one.name === name);
    const codec = column === undefined ? null : keyCodec(column.native);
    if (codec !== null) return codec;
    throw new SqlextractError({
      code: 'SOURCE_CHANGED',
      message: `the key column ${name} of ${displayName(request.table)} is no longer there, or of a type that cannot be a key`,
      hint: 'run again with --fresh',
      fault: 'source',
    });
  });
}
