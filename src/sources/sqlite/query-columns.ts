import { SqlextractError } from '../../model/problem.ts';
import { tokenizeSql } from '../../model/sql-lexis.ts';
import type { CatalogColumn } from './catalog.ts';
import { SQLITE_RULES } from './lexis.ts';
import { prepare } from './query.ts';
import type { Connection } from './query.ts';

/** The columns of a query as SQLite names them when it is prepared, which runs nothing. `declared` is '' for an expression. */
export function queryColumns(
  connection: Connection,
  name: string,
  sql: string,
  from: string,
): readonly CatalogColumn[] {
  const columns = prepare(connection, sql).columns();
  const unnamed = columns.findIndex((column) => column.column === null && isSourceText(column.name, sql));
  if (unnamed >= 0) throw unnamedColumn(name, unnamed + 1, columns[unnamed]?.name ?? '');
  requireDistinct(
    name,
    columns.map((column) => column.name),
  );
  const inside = prepare(connection, `SELECT * FROM ${from}`).columns();
  if (inside.some((column, index) => column.name !== columns[index]?.name)) {
    throw new Error(`SQLite names the columns of the query ${name} in another way inside parentheses`);
  }
  return columns.map((column) => ({
    name: column.name,
    declared: column.type ?? '',
    notNull: false,
    primaryKeyPlace: 0,
  }));
}

/**
 * SQLite calls an expression without AS by its own text (`count(*)`), and says that this may change
 * (https://www.sqlite.org/c3ref/column_name.html). A name that a person gave is an identifier, or stands in quotes somewhere in the text.
 */
function isSourceText(name: string, sql: string): boolean {
  if (/^[\p{L}_][\p{L}\p{N}_$]*$/u.test(name) || !sql.includes(name)) return false;
  const found = tokenizeSql(sql, SQLITE_RULES);
  const quoted = found.refused === null ? found.tokens.filter(({ kind }) => kind === 'name' || kind === 'text') : [];
  return !quoted.some(({ start, end }) => unquoted(sql.slice(start, end)) === name);
}

function unquoted(token: string): string {
  const quote = token.charAt(0);
  const inside = token.slice(1, -1);
  return quote === '[' ? inside : inside.replaceAll(quote + quote, quote);
}

/** SQLite takes names that differ in the case of ASCII letters only for the same. */
function requireDistinct(query: string, names: readonly string[]): void {
  const folded = names.map((name) => name.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()));
  const second = folded.findIndex((name, index) => folded.indexOf(name) < index);
  if (second < 0) return;
  const places = folded.flatMap((name, index) => (name === folded[second] ? [index + 1] : []));
  throw new SqlextractError({
    code: 'QUERY_DUPLICATE_COLUMN',
    message: `the query ${query} has ${places.length} columns named ${names[second]} (columns ${places.join(', ')})`,
    hint: `list the columns, and rename one with AS: ${names[second]} AS other_name`,
    fault: 'usage',
  });
}

function unnamedColumn(query: string, place: number, text: string): SqlextractError {
  return new SqlextractError({
    code: 'QUERY_UNNAMED_COLUMN',
    message: `column ${place} of the query ${query} has no name: ${text.slice(0, 60)}`,
    hint: 'give it one with AS, for example: count(*) AS orders',
    fault: 'usage',
  });
}
