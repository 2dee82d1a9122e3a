import {
  ANSI_RULES,
  type LexicalRules,
  refusedInParentheses,
  significant,
  type SqlToken,
  tokenizeSql,
} from './sql-lexis.ts';

const BEGINNINGS = ['SELECT', 'WITH', 'VALUES', 'TABLE'];
const CHANGES = ['INSERT', 'UPDATE', 'DELETE', 'MERGE'];

/**
 * Why a `--query` text is not one statement that gives rows and can stand inside parentheses; null when it is. What the statement does is
 * for the read-only transaction to judge; only what is cheap to see is named here (INTO, FOR UPDATE, a WITH that changes data).
 * A text that passes cannot close the parentheses around it, nor start a second statement; `normalizeQuery` gives the text to embed.
 */
export function checkQuery(text: string, rules: LexicalRules = ANSI_RULES): string | null {
  const found = tokenizeSql(text, rules);
  if (found.refused !== null) return found.refused;
  const tokens = statement(text, found.tokens);
  if (tokens.length === 0) return 'it is empty';
  return refusedInParentheses(text, tokens) ?? refusedBeginning(text, tokens) ?? refusedAction(text, tokens);
}

/** The statement without blanks, comments and semicolons at its end. Comments before and inside stay: they can be hints. */
export function normalizeQuery(text: string, rules: LexicalRules = ANSI_RULES): string {
  const found = tokenizeSql(text, rules);
  if (found.refused !== null) return text;
  const last = statement(text, found.tokens).at(-1);
  return last === undefined ? '' : text.slice(0, last.end).trimStart();
}

/** What means something, without the semicolons at its end. */
function statement(text: string, tokens: readonly SqlToken[]): readonly SqlToken[] {
  const all = significant(tokens);
  return all.slice(0, all.findLastIndex((token) => !isMark(text, token, ';')) + 1);
}

function refusedBeginning(text: string, tokens: readonly SqlToken[]): string | null {
  const first = tokens.find((token) => !isMark(text, token, '('));
  const word = first === undefined ? '' : wordOf(text, first);
  if (BEGINNINGS.includes(word)) return null;
  const shown = first === undefined ? '(' : text.slice(first.start, first.end).slice(0, 20);
  return `it begins with ${shown}, and only SELECT, WITH, VALUES or TABLE give rows`;
}

/** INTO is reserved everywhere; a lock clause and a change inside WITH are known by the words before or after them. */
function refusedAction(text: string, tokens: readonly SqlToken[]): string | null {
  const words = tokens.map((token) => wordOf(text, token));
  for (const [at, word] of words.entries()) {
    const next = words.slice(at + 1, at + 4).join(' ');
    if (CHANGES.includes(word) && followsAs(text, tokens, words, at)) return `it changes data (${word})`;
    if (word === 'INTO') return 'it writes its rows or other rows (INTO)';
    if (word === 'FOR' && /^(UPDATE|NO KEY UPDATE|SHARE|KEY SHARE)\b/.test(next)) return `it locks rows (FOR ${next})`;
    if (word === 'LOCK' && next === 'IN SHARE MODE') return 'it locks rows (LOCK IN SHARE MODE)';
  }
  return null;
}

/** `AS (DELETE`, also `AS NOT MATERIALIZED (DELETE`. */
function followsAs(text: string, tokens: readonly SqlToken[], words: readonly string[], at: number): boolean {
  const before = tokens[at - 1];
  return (
    before !== undefined &&
    isMark(text, before, '(') &&
    /\bAS( NOT)?( MATERIALIZED)?$/.test(words.slice(0, at - 1).join(' '))
  );
}

function wordOf(text: string, token: SqlToken): string {
  return token.kind === 'word' ? text.slice(token.start, token.end).toUpperCase() : '';
}

function isMark(text: string, token: SqlToken, mark: string): boolean {
  return token.kind === 'mark' && text[token.start] === mark;
}
