import type { Strategy } from '../model/cursor.ts';
import type { TableSchema } from '../model/table.ts';
import { type CursorCandidate, cursorCandidates } from './cursor-candidates.ts';
import { cautionsOf } from './suggestion-cautions.ts';
import type { IncrementalSuggestion, Suggestion } from './suggestion.ts';
import { type UniqueKey, uniqueKeyOf } from './unique-key.ts';

export interface SuggestionFacts {
  /** The source's own cursor over the rows' versions, which needs no column; null: it has none. */
  readonly rowCursor: string | null;
  /** It was counted that the table has fewer than SMALL_ROWS rows; the estimate of the database is not asked then. */
  readonly fewRows: boolean;
  /** Columns that the source does not take for cursors, whatever they are called. */
  readonly refused: readonly string[];
}

/** Below this a full run is a matter of seconds, and sees deletes as well. */
export const SMALL_ROWS = 100_000;

/**
 * What an experienced person would set, from names, types and indexes alone: no row is looked at.
 *
 *   small                                    all of it each time
 *   a row version, or a moment of updates    merge, over the key
 *   a moment of inserts, a growing number    append
 *   any moment, but no key                   delete_insert, by the window
 *   nothing                                  all of it each time
 */
export function suggestIncremental(table: TableSchema, facts: SuggestionFacts): Suggestion {
  const suggestion = suggestColumn(table, facts);
  const small = smallness(table, facts);
  if (suggestion === null) {
    const reason = `${small === null ? '' : `${small}, and `}no column says when a row was written${rowCursorWords(table, facts)}`;
    return { kind: 'full', reason, later: null };
  }
  if (small === null) return suggestion;
  return { kind: 'full', reason: `${small}: a full run is quick, and sees deletes as well`, later: suggestion };
}

function suggestColumn(table: TableSchema, facts: SuggestionFacts): IncrementalSuggestion | null {
  const key = uniqueKeyOf(table);
  const taken = cursorCandidates(table).filter(({ column }) => !facts.refused.includes(column.name));
  const candidate = taken.find(({ role }) => role !== 'rowversion' || key !== null);
  if (candidate === undefined) return null;
  const strategy = strategyOf(candidate, key);
  const rowCursor = hasRowCursor(table) && key !== null ? facts.rowCursor : null;
  return {
    kind: 'incremental',
    by: candidate.column.name,
    strategy,
    uniqueKey: key?.columns ?? [],
    reason: reasonOf(candidate, key),
    cautions: cautionsOf({ candidate, strategy, key, rowCursor }),
  };
}

function strategyOf({ role }: CursorCandidate, key: UniqueKey | null): Strategy {
  if (key === null) return 'delete_insert';
  return role === 'update' || role === 'rowversion' ? 'merge' : 'append';
}

function reasonOf(candidate: CursorCandidate, key: UniqueKey | null): string {
  const { column, index } = candidate;
  const indexed = index === null ? 'no index' : index.kind === 'primary' ? 'the primary key' : `index ${index.name}`;
  const told = key === null ? 'no key tells rows apart' : `key: ${key.title}`;
  return `${column.name} ${ROLES[candidate.role]} (${indexed}); ${told}`;
}

const ROLES: Readonly<Record<CursorCandidate['role'], string>> = {
  rowversion: 'is given anew by the server at every write',
  update: 'says by its name when a row was last changed',
  insert: 'says by its name when a row was added',
  event: 'is the moment that the row tells of',
  number: 'is a number that grows with new rows',
};

/** Null: not small, or not known to be. */
function smallness({ estimatedRows }: TableSchema, { fewRows }: SuggestionFacts): string | null {
  const bound = SMALL_ROWS.toLocaleString('en-US');
  if (fewRows) return `fewer than ${bound} rows`;
  if (estimatedRows === null || estimatedRows >= SMALL_ROWS) return null;
  const rows = Math.round(estimatedRows);
  return `about ${rows.toLocaleString('en-US')} ${rows === 1 ? 'row' : 'rows'}`;
}

function rowCursorWords(table: TableSchema, facts: SuggestionFacts): string {
  const { rowCursor } = facts;
  if (uniqueKeyOf(table) === null) return '';
  if (rowCursor === null || !hasRowCursor(table)) {
    if (smallness(table, facts) !== null) return '';
    return '; --detect-changes hash needs no column: it reads all rows each time, and delivers those that differ';
  }
  return `; --incremental-by ${rowCursor} needs no column, with --strategy merge, but scans the whole table each time`;
}

/** Rows of views and of other servers have no version of this one. */
function hasRowCursor({ kind }: TableSchema): boolean {
  return kind === 'table' || kind === 'partitioned table';
}
