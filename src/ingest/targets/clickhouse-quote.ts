import { Quoted, sql } from '../quoted.ts';

/** Syntax, Identifiers, clickhouse.com/docs/sql-reference/syntax: in backticks a backslash escapes, so both are doubled. */
export function quoteIdentifier(name: string): Quoted {
  return new Quoted(`\`${name.replaceAll('\\', '\\\\').replaceAll('`', '``')}\``);
}

export function qualify(schema: string | null, name: string): Quoted {
  return schema === null ? quoteIdentifier(name) : sql`${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

export function quoteLiteral(text: string): Quoted {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\0', '\\0');
  return new Quoted(`'${escaped}'`);
}
