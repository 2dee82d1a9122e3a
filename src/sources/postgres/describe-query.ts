import { createHash } from 'node:crypto';
import type pg from 'pg';
import { normalizeQuery } from '../../model/query-text.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { CandidateKey, TableSchema } from '../../model/table.ts';
import type { QueryRequest } from '../source.ts';
import { staleCollations } from './collations.ts';
import { resolveColumn } from '../resolve-column.ts';
import { selectColumns } from './columns.ts';
import { describeStatement } from './describe-statement.ts';
import { enclosedQuery, POSTGRES_RULES } from './from-clause.ts';
import { isRowValue, PREFIX, queryColumns, type QueryColumn } from './query-columns.ts';
import { FOREIGN_ROWS, relationsOfQuery } from './query-relations.ts';
import { quoteName } from './quote.ts';
import { rowValueRefused } from './row-value.ts';
import { searchPathFor, withSearchPath } from './search-path.ts';

/** See SourceSession.describeQuery. The server analyses the text and runs nothing. */
export async function describeQuery(
  client: pg.Client,
  request: QueryRequest,
  serverVersion: number,
): Promise<TableSchema> {
  const { name, selection } = request;
  const query = normalizeQuery(request.sql, POSTGRES_RULES);
  const table = { schema: '', name, query };
  // Before anything is asked of the server.
  const enclosed = enclosedQuery(name, query);
  return withSearchPath(client, table, null, async () => {
    const columns = await refusalsNamed(name, enclosed, async () => queryColumns(client, name, query));
    const key = await keyOf(client, request, enclosed, columns, serverVersion);
    const { foreign } = await relationsOfQuery(client, name, query);
    return {
      ...table,
      kind: 'query',
      estimatedRows: null,
      estimatedBytes: null,
      objectId: objectIdOf(query, await searchPathFor(client, table, null)),
      columns: selectColumns(table, columns, selection, true),
      primaryKey: [],
      candidateKeys: key === null ? [] : [key],
      physicalParts: [],
      ...(foreign ? { outsideSnapshot: FOREIGN_ROWS } : {}),
      remarks: [...(key === null ? [] : [SAME_ROWS]), ...(foreign ? [FOREIGN_ROWS] : [])],
    };
  });
}

const SAME_ROWS =
  'the query runs once for every range and must give the same rows each time: no random(), no LIMIT without a complete ORDER BY';

/** Another text, or another meaning of its names, is another query. */
function objectIdOf(query: string, searchPath: string | null): string {
  return `query:${createHash('sha256')
    .update(JSON.stringify([query, searchPath]))
    .digest('hex')
    .slice(0, 16)}`;
}

async function keyOf(
  client: pg.Client,
  { name, splitBy }: QueryRequest,
  enclosed: string,
  columns: readonly QueryColumn[],
  serverVersion: number,
): Promise<CandidateKey | null> {
  if (splitBy === null) return null;
  const column = resolveColumn({ schema: '', name }, columns, splitBy);
  return {
    name: column.name,
    columns: [column.name],
    kind: 'index',
    unique: false,
    nullable: true,
    integer: column.integer,
    scattered: false,
    refused: await refusedKey(client, enclosed, column, serverVersion),
  };
}

/** Without an order there are no ranges; with an order that an index may not have kept, ranges could lose rows. */
async function refusedKey(
  client: pg.Client,
  enclosed: string,
  column: QueryColumn,
  serverVersion: number,
): Promise<string | null> {
  const type = column.native.display;
  if (!column.builtin)
    return `${column.name} has the type ${type} of an extension, whose order is not PostgreSQL's own`;
  if (isRowValue(column)) return rowValueRefused(column.name);
  const stale = await staleCollations(client, [column.collation], serverVersion);
  const reason = stale.get(column.collation);
  if (reason !== undefined) return reason;
  await client.query('SAVEPOINT before_order');
  try {
    await describeStatement(client, `SELECT FROM ${enclosed} ORDER BY ${quoteName(column.name)}`);
    await client.query('RELEASE SAVEPOINT before_order');
    return null;
  } catch (error) {
    if ((error as { code?: unknown }).code !== '42883') throw error;
    await client.query('ROLLBACK TO SAVEPOINT before_order');
    return `${column.name} has the type ${type}, which has no order`;
  }
}

/** What a server says of a statement that it cannot analyse; a missing right (42501) keeps its own code. */
const OF_THE_TEXT = /^(?!42501)(42|0A|22|2F|54|3F)/;

/** The server's words as QUERY_REFUSED, with the place in the text that the person gave. */
async function refusalsNamed<T>(name: string, enclosed: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, position } = error as { readonly code?: unknown; readonly position?: string };
    if (error instanceof SqlextractError || typeof code !== 'string' || !OF_THE_TEXT.test(code)) throw error;
    const at = position === undefined ? 0 : Number(position) - PREFIX.length - 1;
    const place = at >= 1 && at < enclosed.length ? ` (at character ${at})` : '';
    throw new SqlextractError(
      {
        code: 'QUERY_REFUSED',
        message: `the server does not take the query ${name}: ${(error as Error).message}${place}`,
        hint: 'try the text in psql; names without a schema are looked up by the search_path of this user',
        fault: 'usage',
      },
      error,
    );
  }
}
