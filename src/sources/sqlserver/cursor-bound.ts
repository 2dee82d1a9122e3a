import type { CursorColumn } from '../../model/cursor.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableSchema } from '../../model/table.ts';
import type { BoundRequest, CursorBound } from '../cursors.ts';
import type { SqlServerConnection } from './connection.ts';
import { largestValue } from './cursor-rows.ts';
import { timeBound } from './cursor-time-bound.ts';
import { integerRange } from './cursor-values.ts';
import { isMemoryOptimized } from './memory-optimized.ts';
import { type InFlight, LOOKS_APART_MS, lookAtTransactions, nameInFlight, pause } from './open-transactions.ts';
import type { ServerFacts } from './server-facts.ts';

/** See SourceCursors.bound. Outside of any transaction: the bound belongs before the snapshot. */
export async function cursorBound(
  connection: SqlServerConnection,
  facts: ServerFacts,
  request: BoundRequest,
): Promise<CursorBound> {
  request.signal.throwIfAborted();
  const hidden = writersElsewhere(facts, request.table);
  const { kind } = request.column;
  if (kind === 'rowversion' && facts.babelfish) return transactionBound(connection);
  if (kind === 'time' || kind === 'date') return timeBound(connection, hidden, request);
  if (kind === 'rowversion' && hidden === null) return rowVersionBound(connection);
  return largestBound(connection, hidden, request);
}

/** Why this server cannot tell what is in flight, whoever asks; null when it can. */
function writersElsewhere(facts: ServerFacts, table: TableSchema): string | null {
  if (facts.babelfish) return 'Babelfish has no list of them';
  if (facts.edition === 6 || facts.edition === 11) return 'this service has no list of them';
  if (facts.isolation.secondary) return 'the server is a secondary, and its primary stamps the rows';
  if (isMemoryOptimized(table)) return 'those of memory-optimized tables are in no list';
  return table.outsideSnapshot === undefined ? null : 'rows are on another server';
}

/** https://learn.microsoft.com/sql/t-sql/functions/min-active-rowversion-transact-sql */
async function rowVersionBound(connection: SqlServerConnection): Promise<CursorBound> {
  const [row] = await connection.rows(
    '/* sqlextract:rowversion */ SELECT CONVERT(varchar(20), MIN_ACTIVE_ROWVERSION(), 1) AS version',
  );
  const value = String(row?.['version'] ?? '').toLowerCase();
  const promise =
    'MIN_ACTIVE_ROWVERSION(): no transaction that is open holds a smaller version, so that every change below it is read';
  return { to: { value, inclusive: false }, next: null, promise, remarks: [] };
}

/** A rowversion of Babelfish is the number of PostgreSQL's transaction; those below the snapshot's xmin have all ended. */
async function transactionBound(connection: SqlServerConnection): Promise<CursorBound> {
  const [row] = await connection.rows(
    '/* sqlextract:rowversion */ SELECT CONVERT(varchar(20), pg_snapshot_xmin(pg_current_snapshot())) AS version',
  );
  const value = `0x${BigInt(String(row?.['version'])).toString(16).padStart(16, '0')}`;
  const promise =
    'pg_snapshot_xmin(): every transaction with a smaller version has ended, so that every change below it is read';
  return { to: { value, inclusive: false }, next: null, promise, remarks: [] };
}

/**
 * Values without a clock: the largest one now, once everything that is in flight after it was read has ended. Who was given a smaller value by
 * then (IDENTITY gives them out before the commit) has either committed it, or is one of those.
 */
async function largestBound(
  connection: SqlServerConnection,
  elsewhere: string | null,
  request: BoundRequest,
): Promise<CursorBound> {
  const { table, column } = request;
  const largest = await largestValue(connection, table, column, []);
  if (largest === null) {
    return { to: { value: nothingBelow(column), inclusive: false }, next: null, promise: EMPTY, remarks: [] };
  }
  const hidden = elsewhere ?? (await waitForOthers(connection, request, largest));
  const promise =
    hidden === null
      ? `every transaction that was open when ${largest} was the largest ${column.name} has ended, so that no smaller one can appear any more, as long as values are given out in order`
      : `the transactions in flight cannot be seen (${hidden}), so only rows that become visible in the order of ${column.name} are certain to be read: one that commits after a larger one was read is missed (a lookback and a merge bring it)`;
  return { to: { value: largest, inclusive: true }, next: null, promise, remarks: [] };
}

const EMPTY = 'the table has no row with a value yet: nothing is read, and the next window begins where this one did';

/** As an exclusive bound it selects nothing. */
function nothingBelow({ kind, nativeType }: CursorColumn): string {
  if (kind === 'rowversion') return `0x${'0'.repeat(16)}`;
  if (kind === 'integer') return String(integerRange(nativeType).least);
  if (/^(?:var)?binary/.test(nativeType)) return '0x';
  if (nativeType === 'money') return '-922337203685477.5808';
  if (nativeType === 'smallmoney') return '-214748.3648';
  if (nativeType === 'uniqueidentifier') return '00000000-0000-0000-0000-000000000000';
  const [, precision, scale] = /^decimal\((\d+),(\d+)\)/.exec(nativeType) ?? [];
  return precision === undefined
    ? ''
    : `-${'9'.repeat(Number(precision) - Number(scale)) || '0'}.${'9'.repeat(Number(scale))}`;
}

/** Null when all of them have ended; else why they cannot be seen. Throws CURSOR_BUSY. */
async function waitForOthers(
  connection: SqlServerConnection,
  request: BoundRequest,
  largest: string,
): Promise<string | null> {
  const deadline = performance.now() + request.waitMs;
  const first = await lookAtTransactions(connection);
  for (let look = first; ; look = await lookAtTransactions(connection)) {
    if (look.blind !== null) return look.blind;
    // What is in the list of later looks only has begun later.
    const left = first.inFlight.filter(({ id }) => look.inFlight.some((one) => one.id === id));
    if (left.length === 0) return null;
    if (performance.now() > deadline) throw busy(request, largest, left);
    await pause(LOOKS_APART_MS, request.signal);
  }
}

function busy({ table, column, waitMs }: BoundRequest, largest: string, left: readonly InFlight[]): SqlextractError {
  const oldest = left.toSorted((one, other) => (one.began < other.began ? -1 : 1))[0] as InFlight;
  const others = left.length > 1 ? `, and ${left.length - 1} more,` : '';
  return new SqlextractError({
    code: 'CURSOR_BUSY',
    message:
      `${nameInFlight(oldest)}${others} did not end within ${waitMs / 1000} s, and may still write rows of ` +
      `${displayName(table)} whose ${column.name} is below ${largest}`,
    hint: `end it (KILL ${oldest.session ?? '-2'}), or wait longer with --cursor-wait`,
    fault: 'source',
  });
}
