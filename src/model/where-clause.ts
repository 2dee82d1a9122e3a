import { ANSI_RULES, type LexicalRules, refusedInParentheses, significant, tokenizeSql } from './sql-lexis.ts';

/**
 * Why a `--where` text is not one predicate that can stand inside parentheses; null when it is. It only looks at where quotes, comments and
 * parentheses begin and end, by the server's own rules; the rest is the server's to judge. A text that passes cannot close the
 * parentheses around it, start a second statement, or comment out what follows on the next line.
 */
export function checkWhereClause(text: string, rules: LexicalRules = ANSI_RULES): string | null {
  const found = tokenizeSql(text, rules);
  if (found.refused !== null) return found.refused;
  if (significant(found.tokens).length === 0) return 'it is empty';
  return refusedInParentheses(text, found.tokens);
}
