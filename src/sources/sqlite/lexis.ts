import { ANSI_RULES, type LexicalRules, tokenizeSql } from '../../model/sql-lexis.ts';

/** https://www.sqlite.org/lang_keywords.html and https://www.sqlite.org/lang_comment.html; `E'…'` and `$tag$` are PostgreSQL's. */
export const SQLITE_RULES: LexicalRules = {
  ...ANSI_RULES,
  backticks: 'name',
  brackets: 'name',
  dollars: 'refused',
  escapeTexts: false,
};

/** `?1`, `:name`, `@name`: nobody binds a value, so each would be NULL without an error. `$name` is refused by the rules. */
export function parameterRefusal(text: string): string | null {
  const found = tokenizeSql(text, SQLITE_RULES);
  const marks = found.refused === null ? found.tokens.filter(({ kind }) => kind === 'mark') : [];
  return marks.some(({ start }) => /[?:@#]/.test(text.charAt(start)))
    ? 'it has a parameter, which would be NULL'
    : null;
}
