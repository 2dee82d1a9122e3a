import { createHash } from 'node:crypto';
import type { Connection } from 'mysql2';
import { SqlextractError } from '../../model/problem.ts';
import { normalizeQuery } from '../../model/query-text.ts';
import { tokenizeSql } from '../../model/sql-lexis.ts';
import type { CandidateKey, TableSchema } from '../../model/table.ts';
import type { QueryRequest } from '../source.ts';
import { resolveColumn } from '../resolve-column.ts';
import { type NativeColumn, readQueryColumns, selectColumns } from './columns.ts';
import { serverErrorNumber } from './errors.ts';
import { isInteger, refusedAsKey } from './key-literal.ts';
import { enginesOfQuery, outsideSnapshot } from './query-engines.ts';
import { enclosedQuery, MYSQL_RULES } from './ranges.ts';

/** See SourceSession.describeQuery. The server prepares the statement and runs nothing. */
export async function describeQuery(
  connection: Connection,
  request: QueryRequest,
  database: string,
): Promise<TableSchema> {
  const { name, selection } = request;
  const query = normalizeQuery(request.sql, MYSQL_RULES);
  const enclosed = enclosedQuery(name, query);
  const columns = await refusalsNamed(name, async () => {
    const found = await readQueryColumns(connection, query, null);
    checkNames(name, query, found);
    // As it will be read; the server refuses here what it refuses inside parentheses.
    await readQueryColumns(connection, `SELECT * FROM ${enclosed}`, null);
    return readQueryColumns(connection, query, enclosed);
  });
  const key = keyOf(request, columns);
  const outside = outsideSnapshot(await enginesOfQuery(connection, query, database));
  return {
    schema: '',
    name,
    query,
    kind: 'query',
    estimatedRows: null,
    estimatedBytes: null,
    objectId: `query:${createHash('sha256')
      .update(JSON.stringify([query, database]))
      .digest('hex')
      .slice(0, 16)}`,
    // What the server says of NULL in a result is not to be relied upon.
    columns: selectColumns({ schema: '', name }, columns, selection).map((column) => ({ ...column, nullable: true })),
    primaryKey: [],
    candidateKeys: key === null ? [] : [key],
    physicalParts: [],
    ...(outside === null ? {} : { outsideSnapshot: outside }),
    remarks: [...(key === null ? [] : [SAME_ROWS]), ...(outside === null ? [] : [outside])],
  };
}

const SAME_ROWS =
  'the query runs once for every range and must give the same rows each time: no RAND(), no LIMIT without a complete ORDER BY';

function keyOf({ name, splitBy }: QueryRequest, columns: readonly NativeColumn[]): CandidateKey | null {
  if (splitBy === null) return null;
  const column = resolveColumn({ schema: '', name }, columns, splitBy);
  return {
    name: column.name,
    columns: [column.name],
    kind: 'index',
    unique: false,
    nullable: true,
    integer: isInteger(column.native),
    scattered: false,
    refused: refusedAsKey(column.name, column.native),
  };
}

/** Names that differ by case only are one name to the server. */
function checkNames(query: string, sql: string, columns: readonly NativeColumn[]): void {
  const names = columns.map((column) => column.name.toLowerCase());
  const given = quotedNames(sql);
  const unnamed = columns.findIndex(({ name }) => !isWord(name) && !given.has(name));
  if (unnamed >= 0) {
    throw new SqlextractError({
      code: 'QUERY_UNNAMED_COLUMN',
      message: `column ${unnamed + 1} of the query ${query} has no name`,
      hint: 'give it one with AS, for example: price * 2 AS doubled',
      fault: 'usage',
    });
  }
  const twice = names.findIndex((each, index) => names.indexOf(each) < index);
  if (twice < 0) return;
  const name = columns[twice]?.name ?? '';
  const places = names.flatMap((each, index) => (each === names[twice] ? [index + 1] : []));
  throw new SqlextractError({
    code: 'QUERY_DUPLICATE_COLUMN',
    message: `the query ${query} has ${places.length} columns named ${name} (columns ${places.join(', ')})`,
    hint: `list the columns, and rename one with AS: ${name} AS other_name`,
    fault: 'usage',
  });
}

/** An expression without AS has its own text as its name: `id + 1`. A name like that which was given stands in quotes. */
function isWord(name: string): boolean {
  return /^[\w$\u0080-\uffff]*[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*$/.test(name);
}

function quotedNames(sql: string): ReadonlySet<string> {
  const found = tokenizeSql(sql, MYSQL_RULES);
  if (found.refused !== null) return new Set();
  const quoted = found.tokens.filter(({ kind }) => kind === 'name' || kind === 'text');
  return new Set(quoted.map(({ start, end }) => unquoted(sql.slice(start, end))));
}

function unquoted(token: string): string {
  const quote = token[0] as string;
  const inside = token.slice(1, -1).replaceAll(quote + quote, quote);
  return quote === '`' ? inside : inside.replaceAll(/\\(.)/g, '$1');
}

/** What a server says of a statement that it cannot prepare as QUERY_REFUSED; a missing right keeps its own code. */
async function refusalsNamed<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { sqlState } = error as { readonly sqlState?: unknown };
    const number = serverErrorNumber(error);
    const ofTheText = typeof sqlState === 'string' && /^(42|21|22|3D|HY)/.test(sqlState);
    if (error instanceof SqlextractError || number === null || !ofTheText || RIGHTS.has(number)) throw error;
    throw new SqlextractError(
      {
        code: 'QUERY_REFUSED',
        message: `the server does not take the query ${name}: ${(error as Error).message}`,
        hint: 'try the text in the mysql client; names without a database are those of the database in the source URL',
        fault: 'usage',
      },
      error,
    );
  }
}

const RIGHTS = new Set([1044, 1045, 1142, 1143, 1227, 1370, 1205, 1317, 1969, 3024]);
