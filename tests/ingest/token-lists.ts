/**
 * Two more lexers, written from the manuals without a look at what quotes in src: T-SQL (brackets, doubled quotes, no backslash) and ClickHouse
 * (a backslash escapes in every quote, and a doubled quote is a quote).
 */
export interface Piece {
  readonly kind: 'name' | 'text' | 'word' | 'sign';
  readonly value: string;
}

const TSQL = /--[^\n]*|\[(?:\]\]|[^\]])*\]|"(?:""|[^"])*"|N?'(?:''|[^'])*'|[@#\w$]+|\s+|[^]/gu;
const CLICKHOUSE =
  /--[^\n]*|`(?:\\[^]|``|[^`\\])*`|"(?:\\[^]|""|[^"\\])*"|'(?:\\[^]|''|[^'\\])*'|[\p{L}\p{N}_]+|\s+|[^]/gu;

export function tsqlPieces(text: string): readonly Piece[] {
  return piecesOf(text, TSQL, (token) => {
    if (token.startsWith('[')) return { kind: 'name', value: token.slice(1, -1).replaceAll(']]', ']') };
    if (token.startsWith('"')) return { kind: 'name', value: token.slice(1, -1).replaceAll('""', '"') };
    return { kind: 'text', value: token.replace(/^N?'/, '').slice(0, -1).replaceAll("''", "'") };
  });
}

export function clickHousePieces(text: string): readonly Piece[] {
  return piecesOf(text, CLICKHOUSE, (token) => {
    const quote = token.charAt(0);
    const inside = token.slice(1, -1).replaceAll(/\\([^])|(["'`])\2/gu, (whole, escaped?: string, doubled?: string) => {
      if (doubled !== undefined) return doubled === quote ? doubled : whole;
      return escaped === '0' ? '\0' : (escaped ?? '');
    });
    return { kind: quote === "'" ? 'text' : 'name', value: inside };
  });
}

function piecesOf(text: string, lexer: RegExp, quoted: (token: string) => Piece): readonly Piece[] {
  return [...text.matchAll(lexer)].flatMap(([token]): readonly Piece[] => {
    if (/^(?:\s|--)/.test(token)) return [];
    if (token.length > 1 && /^(?:N?'|["`[])/.test(token)) return [quoted(token)];
    if (/^["'`[]$/.test(token)) throw new Error(`a quote that never closes: ${token}`);
    return [{ kind: /^[\p{L}\p{N}_@#$]/u.test(token) ? 'word' : 'sign', value: token }];
  });
}

/** What all pieces are, without what the quotes hold. */
export function shapeOf(pieces: readonly Piece[]): string {
  return pieces.map(({ kind, value }) => (kind === 'word' || kind === 'sign' ? value : kind)).join(' ');
}

/** The value of a sum of T-SQL constants: `(CONVERT(nvarchar(max), N'a' + NCHAR(10) + N'b'))`. Throws when it is anything else. */
export function tsqlConstant(expression: string): string {
  const sum = /^\(CONVERT\(nvarchar\(max\), ([^]*)\)\)$/.exec(expression)?.[1] ?? expression;
  const part = /N'((?:''|[^'])*)'|NCHAR\((\d+)\)/y;
  let text = '';
  for (let at = 0; at < sum.length; ) {
    part.lastIndex = at;
    const found = part.exec(sum);
    if (found === null) throw new Error(`no constant at ${at} of ${sum}`);
    text += found[2] === undefined ? (found[1] ?? '').replaceAll("''", "'") : String.fromCharCode(Number(found[2]));
    at = part.lastIndex;
    if (at < sum.length && !sum.startsWith(' + ', at)) throw new Error(`no sum at ${at} of ${sum}`);
    if (at < sum.length) at += 3;
  }
  return text;
}

/** What the server gets of a script for sqlcmd: the batch itself, or the one that it puts together. Throws for a line that sqlcmd would take. */
export function tsqlBatch(script: string): string {
  for (const line of script.split('\n')) {
    if (/^\s*(?::|!!|(?:go|exit|quit|reset|ed)\b)/i.test(line)) throw new Error(`a line that sqlcmd takes: ${line}`);
    if (/[^ -~]/.test(line)) throw new Error(`a line that is not ASCII: ${line}`);
  }
  const lines = [...script.matchAll(/^SET @script \+= (.*) \+ NCHAR\(10\);$/gm)].map(([, sum = '']) =>
    tsqlConstant(sum),
  );
  return lines.length === 0 ? script : lines.join('\n');
}
