import { Quoted, sql } from '../quoted.ts';

/** Keywords and Identifiers, duckdb.org/docs/sql/dialect/keywords_and_identifiers: a quote inside is doubled. */
export function quoteIdentifier(name: string): Quoted {
  return new Quoted(`"${name.replaceAll('"', '""')}"`);
}

export function qualify(schema: string | null, name: string): Quoted {
  return schema === null ? quoteIdentifier(name) : sql`${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** A NUL cannot stand in SQL text. */
export function quoteLiteral(text: string): Quoted {
  const parts = text.split('\0').map((part) => `'${part.replaceAll("'", "''")}'`);
  return new Quoted(parts.length === 1 ? parts.join('') : `(${parts.join(' || chr(0) || ')})`);
}
