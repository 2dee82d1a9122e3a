/** A name in backticks, whatever sql_mode says. MySQL names hold no NUL. */
export function quoteName(name: string): string {
  if (name.includes('\0')) throw new RangeError('a name holds a NUL');
  return `\`${name.replaceAll('`', '``')}\``;
}

/** `` `database`.`table` ``, or the table alone when it has no database (an alias of a query). */
export function quoteTable(table: { readonly schema: string; readonly name: string }): string {
  return table.schema === '' ? quoteName(table.name) : `${quoteName(table.schema)}.${quoteName(table.name)}`;
}

/**
 * A text constant that is read the same under every sql_mode: what could be taken for an escape goes as hex digits with its character set
 * (https://dev.mysql.com/doc/refman/8.4/en/charset-introducer.html).
 */
export function quoteText(text: string): string {
  if (/^[\p{L}\p{N} _.,:;=+/@%*()<>-]*$/u.test(text)) return `'${text}'`;
  return `_utf8mb4 X'${Buffer.from(text, 'utf8').toString('hex')}'`;
}
