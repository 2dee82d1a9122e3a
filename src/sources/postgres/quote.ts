/** A name in double quotes. PostgreSQL names hold no NUL. */
export function quoteName(name: string): string {
  if (name.includes('\0')) throw new RangeError('a name holds a NUL');
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"schema"."name"`. */
export function quoteTable(table: { readonly schema: string; readonly name: string }): string {
  return `${quoteName(table.schema)}.${quoteName(table.name)}`;
}

/** A text constant, read the same under either setting of standard_conforming_strings (as `quote_literal` writes it). */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? ` E${quoted}` : quoted;
}
