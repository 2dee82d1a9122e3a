/**
 * A small lexer of SQL, written without a look at what quotes the names and values in src: what it says is one token, a server reads as
 * one token. Throws a plain Error for what never ends.
 */
export interface Dialect {
  readonly identifierQuote: '"' | '`';
  /** How the quote stands inside an identifier: twice, or after a backslash, which then begins sequences too. */
  readonly identifierEscape: 'doubled' | 'backslash';
  /** A backslash begins a sequence inside a text. */
  readonly backslash: boolean;
  /** Texts may stand in double quotes too. */
  readonly doubleQuotedTexts: boolean;
  /** `$$ … $$`. */
  readonly dollars: boolean;
}

export const SNOWFLAKE: Dialect = {
  identifierQuote: '"',
  identifierEscape: 'doubled',
  backslash: true,
  doubleQuotedTexts: false,
  dollars: true,
};
export const BIGQUERY: Dialect = {
  identifierQuote: '`',
  identifierEscape: 'backslash',
  backslash: true,
  doubleQuotedTexts: true,
  dollars: false,
};
export const DATABRICKS: Dialect = { ...BIGQUERY, identifierEscape: 'doubled' };
export const REDSHIFT: Dialect = { ...SNOWFLAKE };

export interface Token {
  readonly kind: 'word' | 'text' | 'identifier' | 'block' | 'symbol' | 'comment';
  /** As it is meant: without quotes, sequences read. */
  readonly value: string;
}

const SEQUENCES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', '0': '\0' };

export function lexSql(sql: string, dialect: Dialect): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    const blank = /^\s+/.exec(sql.slice(at, at + 4096));
    if (blank !== null) {
      at += blank[0].length;
      continue;
    }
    const [token, end] = next(sql, at, dialect);
    tokens.push(token);
    at = end;
  }
  return tokens;
}

function next(sql: string, at: number, dialect: Dialect): readonly [Token, number] {
  const two = sql.slice(at, at + 2);
  if (two === '--') return upTo(sql, at, '\n', 'comment', 2);
  if (two === '/*') return upTo(sql, at, '*/', 'comment', 2);
  if (two === '$$' && dialect.dollars) return upTo(sql, at, '$$', 'block', 2);
  const one = sql[at] ?? '';
  if (one === dialect.identifierQuote) {
    const isBackslash = dialect.identifierEscape === 'backslash';
    return quoted(sql, at, 'identifier', isBackslash, !isBackslash);
  }
  if (one === "'" || (one === '"' && dialect.doubleQuotedTexts)) {
    return quoted(sql, at, 'text', dialect.backslash, !dialect.doubleQuotedTexts);
  }
  const word = /^[\p{L}\p{N}_$@]+/u.exec(sql.slice(at, at + 400))?.[0];
  return word === undefined
    ? [{ kind: 'symbol', value: one }, at + 1]
    : [{ kind: 'word', value: word }, at + word.length];
}

function upTo(sql: string, at: number, end: string, kind: Token['kind'], begin: number): readonly [Token, number] {
  const found = sql.indexOf(end, at + begin);
  if (found < 0 && end !== '\n') throw new Error(`${end} is missing after ${sql.slice(at, at + 40)}`);
  const stop = found < 0 ? sql.length : found;
  return [{ kind, value: sql.slice(at + begin, stop) }, stop + (found < 0 ? 0 : end.length)];
}

function quoted(
  sql: string,
  at: number,
  kind: Token['kind'],
  isBackslash: boolean,
  isDoubled: boolean,
): readonly [Token, number] {
  const quote = sql[at] ?? '';
  let value = '';
  for (let place = at + 1; place < sql.length; place += 1) {
    const one = sql[place] ?? '';
    if (one === '\\' && isBackslash) {
      const [read, length] = sequence(sql, place);
      value += read;
      place += length - 1;
    } else if (one !== quote) {
      value += one;
    } else if (isDoubled && sql[place + 1] === quote) {
      value += quote;
      place += 1;
    } else {
      return [{ kind, value }, place + 1];
    }
  }
  throw new Error(`${quote} is missing after ${sql.slice(at, at + 40)}`);
}

function sequence(sql: string, at: number): readonly [string, number] {
  const code = /^\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))/i.exec(sql.slice(at, at + 10));
  if (code !== null) {
    const digits = code[1] ?? code[2] ?? code[3] ?? '';
    return [String.fromCodePoint(Number.parseInt(digits, 16)), code[0].length];
  }
  const letter = sql[at + 1] ?? '';
  return [SEQUENCES[letter] ?? letter, 2];
}

/** Reads the one token that a text is. Throws a plain Error when it is none, or more than one. */
export function onlyToken(kind: Token['kind'], dialect: Dialect): (sql: string) => string {
  return (sql) => {
    const [token, ...more] = lexSql(sql, dialect);
    if (token?.kind === kind && more.length === 0) return token.value;
    throw new Error(`not one ${kind}: ${sql}`);
  };
}
