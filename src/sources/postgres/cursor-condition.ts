import type { CursorFrom, CursorWindow } from '../../model/cursor.ts';
import { quoteLiteral, quoteName } from './quote.ts';

/** The ids in rows have 32 bits. */
const ID_SPACE = 2n ** 32n;

/**
 * See SourceCursors.condition. Values are constants without a type, which take the type of the column that they are compared with. Both bounds
 * are index conditions; the ties are tested on the rows that the index finds.
 */
export function cursorCondition(window: CursorWindow): string {
  if (window.column.kind === 'xmin') return window.from === null ? 'true' : writtenSince(BigInt(window.from.value));
  const column = quoteName(window.column.name);
  const { from, to, nulls } = window;
  const bounds = [
    ...(from === null ? [] : fromConditions(column, from)),
    ...(to === null ? [] : [`${column} ${to.inclusive ? '<=' : '<'} ${quoteLiteral(to.value)}`]),
  ];
  if (bounds.length === 0) return nulls ? 'true' : `${column} IS NOT NULL`;
  const within = bounds.join(' AND ');
  return nulls ? `((${within}) OR ${column} IS NULL)` : within;
}

function fromConditions(column: string, { value, ties }: CursorFrom): readonly string[] {
  const literal = quoteLiteral(value);
  if (ties.kind === 'none') return [`${column} > ${literal}`];
  const least = `${column} >= ${literal}`;
  if (ties.kind === 'all') return [least];
  return [least, `(${column} = ${literal} AND ${oneOf(ties.key, ties.tuples)}) IS NOT TRUE`];
}

/**
 * `IS NOT TRUE` around it keeps rows with a NULL in the key, which no list of keys can name. Keys of several columns are compared as the texts that
 * they were told as, so that the server hashes the list: a list of row values it would go through for every row.
 */
function oneOf(key: readonly string[], tuples: readonly (readonly string[])[]): string {
  if (key.length === 0 || tuples.length === 0) throw new RangeError('ties need a key, and keys');
  if (tuples.some((tuple) => tuple.length !== key.length))
    throw new RangeError('a tie has another length than its key');
  const rows = tuples.map((tuple) => tuple.map(quoteLiteral).join(', '));
  if (key.length === 1) return `${quoteName(key[0] as string)} IN (${rows.join(', ')})`;
  const texts = key.map((column) => `${quoteName(column)}::pg_catalog.text`);
  return `(${texts.join(', ')}) IN (VALUES ${rows.map((row) => `(${row})`).join(', ')})`;
}

/**
 * Rows whose xmin is `since` (a full, 64-bit id) or later. All rows that a snapshot shows are older than its xmax, so a row that was written since
 * lies less than xmax − since behind `since`, counted around the 32-bit circle: none is ever left out. A row that was frozen keeps its old id
 * (since PostgreSQL 9.4), and one that is 2³² transactions older is taken for a newer one. 0–2 are not ids of transactions: such rows are older
 * than all. https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND
 */
function writtenSince(since: bigint): string {
  const id = 'xmin::pg_catalog.text::pg_catalog.int8';
  const newest = 'pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8';
  const distance = `(${id} - ${since % ID_SPACE} + ${ID_SPACE}) % ${ID_SPACE}`;
  return `${id} > 2 AND ${distance} < (SELECT ${newest} - ${since})`;
}
