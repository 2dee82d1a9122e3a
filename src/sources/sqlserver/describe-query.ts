import { createHash } from 'node:crypto';
import { SqlextractError } from '../../model/problem.ts';
import { checkQuery, normalizeQuery } from '../../model/query-text.ts';
import type { CandidateKey, TableSchema } from '../../model/table.ts';
import { significant, tokenizeSql } from '../../model/sql-lexis.ts';
import type { QueryRequest } from '../source.ts';
import { type NativeColumn, readQueryColumns } from './columns.ts';
import type { SqlServerConnection } from './connection.ts';
import { classifySqlServer } from './errors.ts';
import { remarksBelow } from './hidden-rows.ts';
import { refusal } from './keys.ts';
import { SQLSERVER_RULES } from './lexis.ts';
import { resolveColumn } from '../resolve-column.ts';
import { selectColumns } from './select-columns.ts';
import type { ServerFacts } from './server-facts.ts';

/**
 * The columns of a SELECT by sys.sp_describe_first_result_set, which does not run it. It is then read as a subquery, in which T-SQL takes no
 * WITH, and no ORDER BY without TOP or OFFSET. Throws QUERY_REFUSED, QUERY_DUPLICATE_COLUMN, QUERY_UNNAMED_COLUMN, COLUMN_NOT_FOUND, TYPE_REFUSED.
 */
export async function describeQuery(
  connection: SqlServerConnection,
  facts: ServerFacts,
  request: QueryRequest,
): Promise<TableSchema> {
  const reason = checkQuery(request.sql, SQLSERVER_RULES) ?? refusedHere(request.sql);
  if (reason !== null) throw refused(request, reason);
  const query = normalizeQuery(request.sql, SQLSERVER_RULES);
  const name = { schema: '', name: request.name };
  const native = await columnsOf(connection, facts, request, query);
  const below = await remarksBelow(connection, facts, `the query ${request.name}`, query);
  // As for every source: what a query promises of NULL is not relied on.
  const columns = selectColumns(
    name,
    native.map((column) => ({ ...column, notNull: false })),
    request.selection,
  );
  const key = request.splitBy === null ? null : splitKey(resolveColumn(name, native, request.splitBy));
  return {
    ...name,
    kind: 'query',
    estimatedRows: null,
    estimatedBytes: null,
    objectId: `query:${createHash('sha256').update(query, 'utf8').digest('hex').slice(0, 16)}`,
    columns,
    primaryKey: [],
    candidateKeys: key === null ? [] : [key],
    physicalParts: [],
    query,
    remarks: [...below, ...(key === null ? [] : [SAME_ROWS])],
  };
}

const SAME_ROWS =
  'the query runs once for every range and must give the same rows each time: no NEWID(), no TOP without a complete ORDER BY';

/**
 * The query by itself first, in which names may be missing or double; then as it will stand, so that the server refuses now what it would
 * refuse later.
 */
async function columnsOf(
  connection: SqlServerConnection,
  facts: ServerFacts,
  request: QueryRequest,
  query: string,
): Promise<readonly NativeColumn[]> {
  try {
    const named = async (sql: string): Promise<readonly NativeColumn[]> => {
      const columns = await readQueryColumns(connection, sql);
      requireNames(
        request,
        columns.map(({ name }) => (facts.babelfish && name === '?column?' ? '' : name)),
      );
      return columns;
    };
    await named(query);
    return await named(`SELECT * FROM (${query}\n) AS [sqlextract_query]`);
  } catch (error) {
    const problem = classifySqlServer(error);
    if (problem.code !== 'SOURCE_CHANGED' && problem.code !== 'SOURCE_QUERY') throw error;
    throw new SqlextractError(
      {
        code: 'QUERY_REFUSED',
        message: `the server does not take the query ${request.name}: ${problem.message}`,
        hint: 'try the text in sqlcmd, between SELECT * FROM ( and ) AS q; names without a schema are looked up in the default schema of this login',
        fault: 'usage',
      },
      error,
    );
  }
}

function refusedHere(sql: string): string | null {
  const found = tokenizeSql(sql, SQLSERVER_RULES);
  if (found.refused !== null) return found.refused;
  const words = significant(found.tokens)
    .filter(({ kind }) => kind === 'word')
    .map(({ start, end }) => sql.slice(start, end).toUpperCase());
  if (words[0] === 'WITH')
    return 'it begins with WITH, which SQL Server does not take in a subquery: write the named queries as subqueries, or make a view';
  if (words[0] !== 'SELECT') return 'it is no SELECT, and SQL Server takes nothing else in a subquery';
  const locked = words.find((word) => word === 'NOLOCK' || word === 'READUNCOMMITTED');
  return locked === undefined
    ? null
    : `it reads what is not committed (${locked}), and could miss rows or give them twice`;
}

function requireNames(request: QueryRequest, names: readonly string[]): void {
  const unnamed = names.indexOf('');
  if (unnamed >= 0) {
    throw new SqlextractError({
      code: 'QUERY_UNNAMED_COLUMN',
      message: `column ${unnamed + 1} of the query ${request.name} has no name`,
      hint: 'give it one: … AS name',
      fault: 'usage',
    });
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  const places = names.flatMap((name, index) => (name === twice ? [index + 1] : []));
  throw new SqlextractError({
    code: 'QUERY_DUPLICATE_COLUMN',
    message: `the query ${request.name} has ${places.length} columns named ${twice} (columns ${places.join(', ')})`,
    hint: 'give each a name of its own: … AS name',
    fault: 'usage',
  });
}

function splitKey(column: NativeColumn): CandidateKey {
  return {
    name: column.name,
    columns: [column.name],
    kind: 'index',
    unique: false,
    nullable: true,
    integer: ['bigint', 'int', 'smallint', 'tinyint'].includes(column.native.name),
    scattered: false,
    refused: refusal(column),
  };
}

function refused(request: QueryRequest, reason: string): SqlextractError {
  return new SqlextractError({
    code: 'QUERY_REFUSED',
    message: `the query ${request.name} is not one SELECT that can be read: ${reason}`,
    hint: 'write one SELECT, without a semicolon',
    fault: 'usage',
  });
}
