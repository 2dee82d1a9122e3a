import { SqlextractError } from '../../model/problem.ts';
import { checkWhereClause } from '../../model/where-clause.ts';

/** Quoted stretches and comments; what is left is looked through for SQLite's own marks. */
const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|--[^\n]*|\/\*.*?\*\//gs;

/** Throws WHERE_REFUSED for a condition that might close our parenthesis, and so drop the range from the statement. */
export function checkWhere(where: string | null): void {
  if (where === null) return;
  const refusal = checkWhereClause(where) ?? sqliteRefusal(where);
  if (refusal === null) return;
  throw new SqlextractError({
    code: 'WHERE_REFUSED',
    message: `the condition --where ${JSON.stringify(where)} is refused: ${refusal}`,
    hint: 'give one condition as it would stand after WHERE',
    fault: 'usage',
  });
}

/** What the shared check reads as PostgreSQL does, and SQLite in another way: `[a)b]` is a name, `$a$` a parameter. */
function sqliteRefusal(where: string): string | null {
  const open = where.replace(QUOTED, ' ');
  if (open.includes('[')) return 'it has a name in brackets (write it in double quotes)';
  return /[$?@#]|:\w/.test(open) ? 'it has a parameter, which would be NULL' : null;
}
