import { SqlextractError } from '../../model/problem.ts';
import { Quoted, sql } from '../quoted.ts';

/**
 * What no name of a column has: cloud.google.com/bigquery/docs/schemas, "Flexible column names" and the prefixes below it. `targetName`
 * asks this of tables and datasets too, which may have still less: `qualifyTable`.
 */
export const FORBIDDEN =
  /[^\p{L}\p{M}\p{N}\p{Pc}\p{Pd}&%=+:'<>#|\t ]|^(?:_TABLE_|_FILE_|_PARTITION|_ROW_TIMESTAMP|__ROOT__|_COLIDENTIFIER|_CHANGE_)/iu;

/** Lexical structure, "Quoted identifiers": the same sequences as in texts. */
export function quoteIdentifier(name: string): Quoted {
  return new Quoted(`\`${escaped(name).replaceAll('`', '\\`')}\``);
}

/** Lexical structure, "String and bytes literals". */
export function quoteLiteral(text: string): Quoted {
  return new Quoted(`'${escaped(text).replaceAll("'", "\\'")}'`);
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll(/[\p{Cc}\u2028\u2029]/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Names of datasets: letters, digits and `_`; of tables: also marks, connectors, dashes and blanks. Throws INGEST_NAME. */
export function qualifyTable(project: string | null, dataset: string | null, table: string): Quoted {
  if (dataset !== null && !/^[A-Za-z0-9_]{1,1024}$/.test(dataset))
    throw refused('dataset', dataset, '--schema my_dataset');
  if (!/^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd}\p{Zs}]+$/u.test(table))
    throw refused('table', table, 'rename it in the source, or load a query of it');
  if (dataset === null) return quoteIdentifier(table);
  const name = sql`${quoteIdentifier(dataset)}.${quoteIdentifier(table)}`;
  return project === null ? name : sql`${quoteIdentifier(project)}.${name}`;
}

function refused(what: string, name: string, hint: string): SqlextractError {
  return new SqlextractError({
    code: 'INGEST_NAME',
    message: `BigQuery cannot have a ${what} of the name ${JSON.stringify(name)}`,
    hint,
    fault: 'data',
  });
}
