import { SqlextractError } from '../../model/problem.ts';
import { Quoted, sql } from '../quoted.ts';

/** Control characters, and what Spark puts variables in the place of, also between backticks (spark.sql.variable.substitute). */
export const FORBIDDEN = /\p{Cc}|\$\{/u;

/** Names that Delta keeps only with column mapping: docs.databricks.com, "Rename and drop columns with Delta Lake column mapping". */
export const NEEDS_MAPPING = /[ ,;{}()=]/;

/** Identifiers, "Delimited identifiers": a backtick inside is doubled. */
export function quoteIdentifier(name: string): Quoted {
  return new Quoted(`\`${name.replaceAll('`', '``')}\``);
}

/** STRING type, "Syntax": two texts beside each other are one, so that a quote is written after a backslash; `$` for `${…}`. */
export function quoteLiteral(text: string): Quoted {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll(/[\p{Cc}$]/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return new Quoted(`'${escaped}'`);
}

/** Names of tables and schemas have no points, blanks or slashes: "Names". Throws INGEST_NAME. */
export function qualifyTable(catalog: string | null, schema: string | null, table: string): Quoted {
  for (const name of [schema, table]) {
    if (name !== null && /[./\s]/.test(name)) {
      throw new SqlextractError({
        code: 'INGEST_NAME',
        message: `Databricks cannot have a table or schema of the name ${JSON.stringify(name)}`,
        hint: name === schema ? '--schema my_schema' : 'rename it in the source, or load a query of it',
        fault: 'data',
      });
    }
  }
  if (schema === null) return quoteIdentifier(table);
  const name = sql`${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
  return catalog === null ? name : sql`${quoteIdentifier(catalog)}.${name}`;
}

/** Where the files lie: a folder of the load's own in a volume. Readers would take `*` and `{` for patterns. Throws INGEST_OPTION. */
export function volumeFolder(volume: string | null, tag: string): string {
  const place = volume?.replace(/\/+$/, '') ?? '';
  if (/^\/Volumes(?:\/[^/*?[\]{}\\\p{Cc}]+){3,}$/u.test(place)) return `${place}/${tag}`;
  throw new SqlextractError({
    code: 'INGEST_OPTION',
    message: `--volume: ${JSON.stringify(place)} is no /Volumes/catalog/schema/volume`,
    hint: '--volume /Volumes/main/default/landing',
    fault: 'usage',
  });
}
