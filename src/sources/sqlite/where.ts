import { SqlextractError } from '../../model/problem.ts';
import { checkWhereClause } from '../../model/where-clause.ts';
import { parameterRefusal, SQLITE_RULES } from './lexis.ts';

/** Throws WHERE_REFUSED for a condition that might close our parenthesis, and so drop the range from the statement. */
export function checkWhere(where: string | null): void {
  if (where === null) return;
  const refusal = checkWhereClause(where, SQLITE_RULES) ?? parameterRefusal(where);
  if (refusal === null) return;
  throw new SqlextractError({
    code: 'WHERE_REFUSED',
    message: `the condition --where ${JSON.stringify(where)} is refused: ${refusal}`,
    hint: 'give one condition as it would stand after WHERE',
    fault: 'usage',
  });
}
