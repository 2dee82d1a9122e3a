import { createHash } from 'node:crypto';
import { normalizeQuery } from '../../model/query-text.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { TableSchema } from '../../model/table.ts';
import type { QueryRequest } from '../source.ts';
import { planColumns, resolveColumn, selectColumns } from './describe.ts';
import { enclosedQuery } from './from-clause.ts';
import { SQLITE_RULES } from './lexis.ts';
import { queryColumns } from './query-columns.ts';
import { allRows, type Connection, textCell } from './query.ts';

/**
 * See SourceSession.describeQuery. Expressions have no declared type in SQLite: when there are any among the selected columns the query is
 * run once, to look at what their cells are, as with a view.
 */
export function describeQuery(connection: Connection, request: QueryRequest): TableSchema {
  const { name, selection, splitBy } = request;
  const typed = normalizeQuery(request.sql, SQLITE_RULES);
  const query = splitBy === null ? typed : keptWhole(connection, name, typed);
  const from = enclosedQuery(name, query);
  const table = { schema: '', name };
  const all = refusalsNamed(name, () => queryColumns(connection, name, query, from));
  const selected = selectColumns(table, all, selection);
  const asText = new Set(selection.asText.map((typed) => resolveColumn(table, all, typed).name));
  const key = splitBy === null ? null : resolveColumn(table, all, splitBy);
  const plans = planColumns(connection, { name, from, untold: false }, selected, asText);
  return {
    ...table,
    kind: 'query',
    query,
    estimatedRows: null,
    estimatedBytes: null,
    objectId: `query:${createHash('sha256').update(query).digest('hex').slice(0, 16)}`,
    columns: selected.map((column, index) => ({
      ...(plans[index] ?? { type: { kind: 'string' } }),
      name: column.name,
      nativeType: column.declared,
      nullable: true,
    })),
    primaryKey: [],
    candidateKeys: key === null ? [] : [keyOver(key.name)],
    physicalParts: [],
    remarks: key === null ? [] : [SAME_ROWS],
  };
}

const KEPT_WHOLE = 'WITH sqlextract_whole AS MATERIALIZED (';

/**
 * A range's condition that SQLite pushes into the arms of a UNION is compared there with each arm's own affinity and collation, and rows lie on both
 * sides of a boundary, or on none. A materialized query is filtered afterwards (https://sqlite.org/lang_with.html#mathint).
 */
function keptWhole(connection: Connection, name: string, query: string): string {
  if (query.startsWith(KEPT_WHOLE)) return query;
  const explain = `EXPLAIN QUERY PLAN SELECT * FROM ${enclosedQuery(name, query)}`;
  const plan = refusalsNamed(name, () => allRows(connection, explain));
  if (!plan.some((step) => /COMPOUND|UNION|MERGE|EXCEPT|INTERSECT/.test(textCell(step, 3)))) return query;
  return `${KEPT_WHOLE}${query}\n) SELECT * FROM sqlextract_whole`;
}

const SAME_ROWS =
  'the query runs once for every range and must give the same rows each time: no random(), no LIMIT without a complete ORDER BY';

/** Cells of any class have a place in SQLite's order, so every column can be cut by; none is known to hold only integers. */
function keyOver(column: string): TableSchema['candidateKeys'][number] {
  return {
    name: column,
    columns: [column],
    kind: 'index',
    unique: false,
    nullable: true,
    integer: false,
    scattered: false,
    refused: null,
  };
}

function refusalsNamed<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SqlextractError) || error.problem.code !== 'SOURCE_QUERY') throw error;
    const words = error.problem.causes?.[0] ?? error.message;
    throw new SqlextractError(
      {
        code: 'QUERY_REFUSED',
        message: `SQLite does not take the query ${name}: ${words}`,
        hint: 'try the text in sqlite3',
        fault: 'usage',
      },
      error,
    );
  }
}
