/**
 * How a server tells quotes and comments from the rest of a statement. What a text may do inside parentheses hangs on it: a `)` that the
 * server sees and we take for the inside of a text would close them. A source gives the rules of its own sessions, as pinned.
 */
export interface LexicalRules {
  /** A backslash takes the next character in '…', and in "…" where that is a text (MySQL without NO_BACKSLASH_ESCAPES). */
  readonly backslashEscapes: boolean;
  /** What "…" is. A quote is doubled in both. */
  readonly doubleQuotes: 'name' | 'text';
  /** A name in backticks, doubled inside; or not known. */
  readonly backticks: 'name' | 'refused';
  /** `[name]`: `]` cannot be in it (SQLite), or is doubled (SQL Server); operator: no quote at all (PostgreSQL's arrays). */
  readonly brackets: 'operator' | 'name' | 'doubled name';
  /** `#` begins a comment to the end of the line. */
  readonly hashComments: boolean;
  /** `--` is a comment only before a blank, a control character or the end of the line (MySQL). */
  readonly dashesNeedBlank: boolean;
  /** A comment inside a comment: refused, or it has an end of its own. */
  readonly nestedComments: 'refused' | 'nested';
  /** Comments that begin with `/*!` or `/*M!`, whose inside MySQL and MariaDB execute. */
  readonly executableComments: 'comment' | 'refused';
  /** `$tag$ … $tag$`; character: `$` is one like any other; refused: begins a parameter that nobody gives (SQLite). */
  readonly dollars: 'quote' | 'character' | 'refused';
  /** `E'…'`, in which a backslash takes the next character. */
  readonly escapeTexts: boolean;
}

/** Standard SQL with what PostgreSQL adds; what the servers read differently is refused. */
export const ANSI_RULES: LexicalRules = {
  backslashEscapes: false,
  doubleQuotes: 'name',
  backticks: 'refused',
  brackets: 'operator',
  hashComments: false,
  dashesNeedBlank: false,
  nestedComments: 'refused',
  executableComments: 'comment',
  dollars: 'quote',
  escapeTexts: true,
};

export interface SqlToken {
  /** word: a name or key word without quotes, or a number; mark: one character of anything else. */
  readonly kind: 'blank' | 'comment' | 'text' | 'name' | 'word' | 'mark';
  readonly start: number;
  readonly end: number;
}

/** Tokens that cover the text, or why the text cannot be cut into tokens for certain: "it has an unterminated comment". */
export type SqlTokens = { readonly tokens: readonly SqlToken[]; readonly refused: null } | { readonly refused: string };

const BLANKS = /[ \t\n\r\f\v]+/y;
const WORD = /[\w\u0080-\uffff][\w$\u0080-\uffff]*/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const LINE = /[^\r\n]*/y;

export function tokenizeSql(text: string, rules: LexicalRules = ANSI_RULES): SqlTokens {
  if (text.includes('\0')) return { refused: 'it holds a NUL character' };
  const tokens: SqlToken[] = [];
  for (let at = 0; at < text.length; ) {
    const found = tokenAt(text, at, rules, tokens);
    if (typeof found === 'string') return { refused: found };
    tokens.push(found);
    at = found.end;
  }
  return { tokens, refused: null };
}

/** The tokens that mean something: no blanks, no comments. */
export function significant(tokens: readonly SqlToken[]): readonly SqlToken[] {
  return tokens.filter(({ kind }) => kind !== 'blank' && kind !== 'comment');
}

/** Why these tokens cannot stand between parentheses without closing them, as a sentence about "it"; null when they can. */
export function refusedInParentheses(text: string, tokens: readonly SqlToken[]): string | null {
  let depth = 0;
  for (const { kind, start } of tokens) {
    if (kind !== 'mark') continue;
    if (text[start] === ';') return 'it holds a semicolon outside of quotes';
    if (text[start] === '(') depth++;
    if (text[start] === ')' && --depth < 0) return 'it closes a parenthesis that it did not open';
  }
  return depth === 0 ? null : 'it opens a parenthesis that it does not close';
}

type Found = SqlToken | string;

function tokenAt(text: string, at: number, rules: LexicalRules, before: readonly SqlToken[]): Found {
  const blanks = endOf(BLANKS, text, at);
  if (blanks > at) return { kind: 'blank', start: at, end: blanks };
  const word = endOf(WORD, text, at);
  if (word > at) return { kind: 'word', start: at, end: word };
  if (beginsLineComment(text, at, rules)) return lineComment(text, at);
  if (text.startsWith('/*', at)) return comment(text, at, rules);
  return quotedAt(text, at, rules, before) ?? { kind: 'mark', start: at, end: at + 1 };
}

function quotedAt(text: string, at: number, rules: LexicalRules, before: readonly SqlToken[]): Found | null {
  const character = text[at];
  if (character === "'") return constant(text, at, rules, before);
  if (character === '"') {
    if (rules.doubleQuotes === 'text') return quoted(text, at, '"', 'text', rules.backslashEscapes);
    return quoted(text, at, '"', 'name', false);
  }
  if (character === '`') {
    return rules.backticks === 'name'
      ? quoted(text, at, '`', 'name', false)
      : 'it holds a backtick: write names in double quotes';
  }
  if (character === '[' && rules.brackets !== 'operator') return bracketed(text, at, rules.brackets);
  if (character !== '$' || rules.dollars === 'character') return null;
  if (rules.dollars === 'refused') return 'it holds a $ outside of quotes: there are no parameters';
  return dollarQuoted(text, at);
}

function endOf(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at;
  return expression.test(text) ? expression.lastIndex : at;
}

/**
 * `'…'`. An `E'…'` that goes on in quotes on the next line keeps its backslashes there, without a second E: refused, as is any text that
 * follows one.
 */
function constant(text: string, at: number, rules: LexicalRules, before: readonly SqlToken[]): Found {
  const escapes = rules.escapeTexts && isWordE(text, before.at(-1));
  if (rules.escapeTexts && !escapes) {
    const last = before.findLastIndex(({ kind }) => kind !== 'blank' && kind !== 'comment');
    const follows = last > 0 && before[last]?.kind === 'text' && text[before[last].start] === "'";
    if (follows && last < before.length - 1 && isWordE(text, before[last - 1])) {
      return "it has an E'…' text that goes on in other quotes: write it as one";
    }
  }
  return quoted(text, at, "'", 'text', escapes || rules.backslashEscapes);
}

/** The E is a word of its own, right before the quote. */
function isWordE(text: string, token: SqlToken | undefined): boolean {
  return token?.kind === 'word' && /^e$/i.test(text.slice(token.start, token.end)) && text[token.end] === "'";
}

/** A doubled quote stands for one. */
function quoted(text: string, start: number, quote: string, kind: 'text' | 'name', backslash: boolean): Found {
  for (let at = start + 1; at < text.length; at++) {
    if (backslash && text[at] === '\\') at++;
    else if (text[at] === quote) {
      if (text[at + 1] !== quote) return { kind, start, end: at + 1 };
      at++;
    }
  }
  return `it has an unterminated ${kind === 'text' ? 'text constant' : 'quoted name'}`;
}

function bracketed(text: string, start: number, rule: 'name' | 'doubled name'): Found {
  if (rule === 'doubled name') return quoted(text, start, ']', 'name', false);
  const end = text.indexOf(']', start);
  return end < 0 ? 'it has an unterminated quoted name' : { kind: 'name', start, end: end + 1 };
}

function beginsLineComment(text: string, at: number, rules: LexicalRules): boolean {
  if (text[at] === '#') return rules.hashComments;
  if (!text.startsWith('--', at)) return false;
  const next = text.charCodeAt(at + 2);
  return !rules.dashesNeedBlank || Number.isNaN(next) || next <= 0x20 || next === 0x7f;
}

/** A carriage return alone ends such a comment on some servers and not on others. */
function lineComment(text: string, start: number): Found {
  const end = endOf(LINE, text, start);
  if (text[end] === '\r' && text[end + 1] !== '\n') return 'it has a carriage return inside a comment';
  return { kind: 'comment', start, end };
}

function comment(text: string, start: number, rules: LexicalRules): Found {
  if (rules.executableComments === 'refused' && /^\/\*M?!/.test(text.slice(start, start + 4))) {
    return 'it has a comment that the server would execute (/*! … */)';
  }
  let depth = 1;
  const bounds = /\/\*|\*\//g;
  bounds.lastIndex = start + 2;
  for (let bound = bounds.exec(text); bound !== null; bound = bounds.exec(text)) {
    depth += bound[0] === '*/' ? -1 : 1;
    if (depth === 0) return { kind: 'comment', start, end: bounds.lastIndex };
    if (depth > 1 && rules.nestedComments === 'refused') return 'it has a comment within a comment';
  }
  return 'it has an unterminated comment';
}

/** `$tag$ … $tag$`; a lone `$` is none. */
function dollarQuoted(text: string, start: number): Found | null {
  const tagEnd = endOf(DOLLAR_TAG, text, start);
  if (tagEnd === start) return null;
  const tag = text.slice(start, tagEnd);
  const end = text.indexOf(tag, tagEnd);
  return end < 0 ? 'it has an unterminated dollar-quoted text' : { kind: 'text', start, end: end + tag.length };
}
