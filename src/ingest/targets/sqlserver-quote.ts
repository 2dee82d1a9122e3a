import { Quoted, sql } from '../quoted.ts';

/**
 * A name in brackets; one that holds a bracket in double quotes, which settings.sql and `sqlcmd -I` make sure of: Babelfish takes no doubled
 * bracket. Database identifiers, learn.microsoft.com/sql/relational-databases/databases/database-identifiers.
 */
export function quoteIdentifier(name: string): Quoted {
  return new Quoted(name.includes(']') ? `"${name.replaceAll('"', '""')}"` : `[${name}]`);
}

export function qualify(schema: string | null, name: string): Quoted {
  return schema === null ? quoteIdentifier(name) : sql`${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/**
 * An nvarchar constant without line ends in it, which are put beside as NCHAR(10): a backslash before a line end would join two lines
 * (learn.microsoft.com/sql/t-sql/language-elements/sql-server-utilities-statements-backslash), and sqlcmd takes a line for its own that
 * begins with its words. Of max length where it takes several constants, or their sum would be cut at 4000 characters.
 */
export function quoteLiteral(text: string): Quoted {
  const sum = partsOf(text, /([\r\n\0])/).join(' + ');
  return new Quoted(/[\r\n\0]/.test(text) ? `(CONVERT(nvarchar(max), ${sum}))` : sum);
}

/**
 * Statements as a batch for sqlcmd. It reads lines (GO, :r, !!, exit) before the server reads quotes, and a file in the code page of the machine; so
 * when a name holds a line end or anything but ASCII, the batch is put together from constants of ASCII and executed.
 */
export function sqlcmdBatch(statements: string, names: readonly string[]): string {
  if (!names.some((name) => /[\r\n]|[^ -~]/.test(name)) && /^[\n -~]*$/.test(statements)) return statements;
  const lines = statements
    .split('\n')
    .map((line) => `SET @script += ${partsOf(line, /([^ -~])/).join(' + ')} + NCHAR(10);`);
  return `DECLARE @script nvarchar(max) = N'';\n${lines.join('\n')}\nEXEC (@script);\n`;
}

/** The first part is a constant, so that the sum is of max length: `CONVERT(nvarchar(max), N'') + …` is left to whoever adds them. */
function partsOf(text: string, apart: RegExp): readonly string[] {
  const parts = text.split(apart).flatMap((part, index) => {
    if (index % 2 === 0) return part === '' ? [] : [`N'${part.replaceAll("'", "''")}'`];
    return [...Array(part.length).keys()].map((at) => `NCHAR(${part.charCodeAt(at)})`);
  });
  return parts.length === 0 ? ["N''"] : parts;
}

/** The table's number, or NULL: by the catalog, since OBJECT_ID reads a name's quotes by rules of its own. */
export function objectId(schema: string | null, name: string): Quoted {
  const inSchema = sql`SCHEMA_ID(${quoteLiteral(schema ?? 'dbo')})`;
  return sql`(SELECT o.object_id FROM sys.objects AS o WHERE o.[name] = ${quoteLiteral(name)} AND o.[schema_id] = ${inSchema} AND o.[type] = N'U')`;
}
