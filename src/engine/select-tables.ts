import { SqlextractError } from '../model/problem.ts';
import type { TableName, TableRef } from '../model/table.ts';
import { displayName } from '../model/table.ts';
import type { TablePatterns } from './request.ts';

/**
 * The tables that the patterns mean, in the order of the patterns, each once. A name without `*` or `?` is taken as it is (the
 * source resolves it and knows the nearest names); a glob must match something. Throws TABLE_NOT_MATCHED, NO_TABLE_LEFT.
 */
export async function selectTables(
  patterns: TablePatterns,
  listTables: () => Promise<readonly TableRef[]>,
): Promise<readonly TableName[]> {
  const needsList = [...patterns.include, ...patterns.exclude].some(isGlob);
  const listed = needsList ? await listTables() : [];
  const wanted = patterns.include.flatMap((pattern) =>
    isGlob(pattern) ? matching(pattern, listed) : [splitName(pattern)],
  );
  const left = wanted.filter((table) => !patterns.exclude.some((pattern) => matchesTable(pattern, table)));
  if (left.length === 0) throw noTableLeft(patterns);
  const seen = new Map(left.map((table) => [JSON.stringify([table.schema, table.name]), table]));
  return [...seen.values()];
}

/**
 * `a.b` is schema a, table b; `"a.b".c` keeps the dot in quotes. A name without a dot leaves the schema to the source. What would leave a
 * table without a name is one of dots: `a..` is schema a, table `.`.
 */
export function splitName(text: string): TableName {
  const dots = /^(?:"((?:[^"]|"")+)"|([^".]*))\.(\.+)$/.exec(text);
  if (dots !== null) {
    const schema = dots[1]?.replaceAll('""', '"') ?? dots[2] ?? '';
    return schema === '' ? { schema, name: text } : { schema, name: dots[3] as string };
  }
  const parts = [...text.matchAll(/(?:^|\.)(?:"((?:[^"]|"")*)"|([^.]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
  if (parts.length <= 1) return { schema: '', name: parts[0] ?? text };
  return { schema: parts.slice(0, -1).join('.'), name: parts.at(-1) ?? '' };
}

function isGlob(pattern: string): boolean {
  return !pattern.includes('"') && /[*?]/.test(pattern);
}

function matching(pattern: string, tables: readonly TableRef[]): readonly TableName[] {
  const found = tables.filter((table) => matchesTable(pattern, table)).map(({ schema, name }) => ({ schema, name }));
  if (found.length > 0) return found;
  throw new SqlextractError({
    code: 'TABLE_NOT_MATCHED',
    message: `no table matches ${pattern}`,
    hint: 'type `sqlextract inspect` to see the tables there are',
    fault: 'usage',
  });
}

/** A pattern without schema matches the bare name in any schema; `main.` is what SQLite calls the one that its tables do not have here. */
export function matchesTable(pattern: string, table: TableName): boolean {
  const typed = pattern.includes('"') ? displayName(splitName(pattern)) : pattern;
  const literal = table.schema === '' ? typed.replace(/^main\./iu, '') : typed;
  const expression = new RegExp(
    `^${literal
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'iu',
  );
  return expression.test(displayName(table)) || expression.test(table.name);
}

function noTableLeft(patterns: TablePatterns): SqlextractError {
  const asked = patterns.include.length === 0 ? 'no table was named' : 'every table is excluded';
  return new SqlextractError({
    code: 'NO_TABLE_LEFT',
    message: `${asked}: nothing to extract`,
    hint: "name a table, as in `sqlextract extract --table users`, or all with --table '*'",
    fault: 'usage',
  });
}
