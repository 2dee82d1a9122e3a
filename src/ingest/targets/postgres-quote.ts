import { Quoted, sql } from '../quoted.ts';

/** 4.1.1, Identifiers and Key Words: a quote inside is doubled. */
export function quoteIdentifier(name: string): Quoted {
  return new Quoted(`"${name.replaceAll('"', '""')}"`);
}

export function qualify(schema: string | null, name: string): Quoted {
  return schema === null ? quoteIdentifier(name) : sql`${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** 4.1.2.2: where a backslash stands, the escape form, which means the same under every standard_conforming_strings. */
export function quoteLiteral(text: string): Quoted {
  const doubled = text.replaceAll("'", "''");
  return new Quoted(doubled.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`);
}
