/**
 * Why a `--where` text is not one predicate that can stand inside parentheses; null when it is. It only looks at where quotes, comments and
 * parentheses begin and end, as PostgreSQL and SQLite do; the rest is the server's to judge. A text that passes cannot close the
 * parentheses around it, start a second statement, or comment out what follows on the next line.
 */
export function checkWhereClause(text: string): string | null {
  if (text.trim() === '') return 'it is empty';
  if (text.includes('\0')) return 'it holds a NUL character';
  let depth = 0;
  for (let at = 0; at < text.length; ) {
    const token = skipToken(text, at);
    if (token.unterminated !== undefined) return `it has an unterminated ${token.unterminated}`;
    if (token.end > at) {
      at = token.end;
      continue;
    }
    const character = text[at++];
    // A quote to SQLite, an operator to PostgreSQL.
    if (character === '`') return 'it holds a backtick: write names in double quotes';
    if (character === ';') return 'it holds a semicolon outside of quotes';
    if (character === '(') depth++;
    if (character === ')' && --depth < 0) return 'it closes a parenthesis that it did not open';
  }
  return depth === 0 ? null : 'it opens a parenthesis that it does not close';
}

interface Token {
  /** Where the quoted or commented stretch ends; `at` itself when none begins here. */
  readonly end: number;
  readonly unterminated?: string;
}

function skipToken(text: string, at: number): Token {
  const character = text[at];
  if (character === "'") return skipQuoted(text, at, "'", escapes(text, at), 'text constant');
  if (character === '"') return skipQuoted(text, at, '"', false, 'quoted name');
  if (text.startsWith('--', at)) {
    const end = text.slice(at).search(/[\r\n]/);
    return { end: end < 0 ? text.length : at + end };
  }
  if (text.startsWith('/*', at)) return skipComment(text, at);
  if (character === '$') return skipDollarQuoted(text, at);
  return { end: at };
}

/** `E'…'`, in which a backslash takes the next character. The E is a word of its own. */
function escapes(text: string, at: number): boolean {
  return /(^|[^\w$\u0080-\uffff])[eE]$/.test(text.slice(Math.max(0, at - 2), at));
}

/** A doubled quote stands for one. */
function skipQuoted(text: string, from: number, quote: string, backslash: boolean, what: string): Token {
  for (let at = from + 1; at < text.length; at++) {
    if (backslash && text[at] === '\\') at++;
    else if (text[at] === quote) {
      if (text[at + 1] !== quote) return { end: at + 1 };
      at++;
    }
  }
  return { end: text.length, unterminated: what };
}

/** PostgreSQL nests comments, SQLite does not: a comment within a comment is refused, so that both read the same. */
function skipComment(text: string, from: number): Token {
  const end = text.indexOf('*/', from + 2);
  const inner = text.indexOf('/*', from + 2);
  if (end < 0 || (inner >= 0 && inner < end)) return { end: text.length, unterminated: 'comment' };
  return { end: end + 2 };
}

/** `$tag$ … $tag$`; a lone `$` is none. */
function skipDollarQuoted(text: string, from: number): Token {
  const tag = /^\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/.exec(text.slice(from))?.[0];
  if (tag === undefined || /[\w$\u0080-\uffff]/.test(text[from - 1] ?? ' ')) return { end: from };
  const end = text.indexOf(tag, from + tag.length);
  return end < 0 ? { end: text.length, unterminated: 'dollar-quoted text' } : { end: end + tag.length };
}
