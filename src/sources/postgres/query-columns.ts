import type pg from 'pg';
import { SqlextractError } from '../../model/problem.ts';
import type { NativeColumn } from './columns.ts';
import { describeStatement, type ResultField } from './describe-statement.ts';
import { enclosedQuery } from './from-clause.ts';

/** A result column, and what a key over it would be. */
export interface QueryColumn extends NativeColumn {
  readonly integer: boolean;
  /** Operators of its type are found without a search path. */
  readonly builtin: boolean;
  /** Oid of the collation that it is compared under as far as it can be told: the table column's, else its type's; 0 for none. */
  readonly collation: string;
}

/** `ROW(…)` with or without a type, whole rows of a table, and arrays of rows without a type. */
export function isRowValue({ native }: QueryColumn): boolean {
  const named = native.schema === 'pg_catalog' && ['record', '_record'].includes(native.name);
  return native.typtype === 'c' || named;
}

/**
 * The columns of a query as the server tells them without running it, in its own order. To be called under the query's search path. Throws
 * QUERY_REFUSED, QUERY_UNNAMED_COLUMN, QUERY_DUPLICATE_COLUMN, and the server's error.
 */
export async function queryColumns(client: pg.Client, name: string, sql: string): Promise<readonly QueryColumn[]> {
  const fields = await describeStatement(client, `${PREFIX}${enclosedQuery(name, sql)}`);
  checkNames(name, fields);
  return nativeColumns(client, fields);
}

/** What stands before the query in the statement that is described; errors of the server count from its start. */
export const PREFIX = 'SELECT * FROM ';

/** https://www.postgresql.org/docs/current/queries-select-lists.html#QUERIES-COLUMN-LABELS */
const UNNAMED = '?column?';

function checkNames(query: string, fields: readonly ResultField[]): void {
  const unnamed = fields.findIndex((field) => field.name === UNNAMED);
  if (unnamed >= 0) {
    throw new SqlextractError({
      code: 'QUERY_UNNAMED_COLUMN',
      message: `column ${unnamed + 1} of the query ${query} has no name`,
      hint: 'give it one with AS, for example: price * 2 AS doubled',
      fault: 'usage',
    });
  }
  const names = fields.map((field) => field.name);
  const twice = names.find((each, index) => names.indexOf(each) < index);
  if (twice === undefined) return;
  const places = names.flatMap((each, index) => (each === twice ? [index + 1] : []));
  throw new SqlextractError({
    code: 'QUERY_DUPLICATE_COLUMN',
    message: `the query ${query} has ${places.length} columns named ${twice} (columns ${places.join(', ')})`,
    hint: `list the columns, and rename one with AS: ${twice} AS other_name`,
    fault: 'usage',
  });
}

/** RowDescription has base types already: https://www.postgresql.org/docs/current/protocol-message-formats.html */
const TYPES = `
  SELECT pg_catalog.format_type(f.oid, f.typmod) AS display, n.nspname, t.typname, t.typtype, f.typmod,
    t.typname IN ('int2', 'int4', 'int8') AND n.nspname = 'pg_catalog' AS is_integer,
    n.nspname = 'pg_catalog' OR t.typtype IN ('e', 'c', 'r', 'm') OR t.typcategory = 'A' AS builtin,
    coalesce(a.attcollation, t.typcollation) AS collation
  FROM unnest($1::pg_catalog.oid[], $2::pg_catalog.int4[], $3::pg_catalog.oid[], $4::pg_catalog.int2[])
    WITH ORDINALITY AS f(oid, typmod, relation, attnum, place)
  JOIN pg_catalog.pg_type t ON t.oid = f.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = f.relation AND a.attnum = f.attnum AND f.attnum <> 0
  ORDER BY f.place`;

async function nativeColumns(client: pg.Client, fields: readonly ResultField[]): Promise<readonly QueryColumn[]> {
  const list = (of: (field: ResultField) => number) => `{${fields.map(of).join(',')}}`;
  const { rows } = await client.query<Record<string, string>>({
    text: TYPES,
    values: [
      list((field) => field.typeOid),
      list((field) => field.typmod),
      list((field) => field.tableOid),
      list((field) => field.attnum),
    ],
  });
  if (rows.length !== fields.length) throw new Error('the catalog does not know a type of the query');
  return rows.map((row, index) => ({
    name: fields[index]?.name ?? '',
    notNull: false,
    readable: true,
    native: {
      display: row['display'] as string,
      schema: row['nspname'] as string,
      name: row['typname'] as string,
      typtype: row['typtype'] as string,
      typmod: Number(row['typmod']),
    },
    integer: row['is_integer'] === 't',
    builtin: row['builtin'] === 't',
    collation: row['collation'] as string,
  }));
}
