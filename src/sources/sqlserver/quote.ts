/**
 * A name in brackets, which work whatever QUOTED_IDENTIFIER says; one that holds a bracket in double quotes, which pin-session.ts makes
 * sure of: Babelfish does not take a doubled bracket.
 */
export function quoteName(name: string): string {
  if (name.includes('\0')) throw new RangeError('a name holds a NUL');
  return name.includes(']') ? `"${name.replaceAll('"', '""')}"` : `[${name}]`;
}

/** `[schema].[name]`. */
export function quoteTable(table: { readonly schema: string; readonly name: string }): string {
  return `${quoteName(table.schema)}.${quoteName(table.name)}`;
}

/**
 * An nvarchar constant; an expression in parentheses when it takes more than one. A backslash before a line break is the server's sign that the
 * constant goes on in the next line, and would vanish with the break: such a text is put together from two constants.
 * https://learn.microsoft.com/sql/t-sql/language-elements/sql-server-utilities-statements-backslash
 */
export function quoteText(text: string): string {
  const parts = text.split(/(?<=\\)(?=\r?\n)/);
  const constants = parts.map((part) => `N'${part.replaceAll("'", "''")}'`);
  if (constants.length === 1) return constants[0] as string;
  // Of max length, or the sum of short constants would be cut at 4000 characters.
  return `(CONVERT(nvarchar(max), ${constants[0]}) + ${constants.slice(1).join(' + ')})`;
}
