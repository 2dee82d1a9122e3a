/**
 * The statements of a text, which end with a semicolon outside of quotes and comments; HTTP takes one at a time. Knows ClickHouse's quotes:
 * '…', "…" and `…`, in each of which a backslash escapes and a doubled quote is a quote (clickhouse.com/docs/sql-reference/syntax).
 */
export function statementsOf(text: string): readonly string[] {
  const statements: string[] = [];
  let begin = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "'" || character === '"' || character === '`') at = closingQuote(text, at);
    else if (character === '-' && text.charAt(at + 1) === '-') at = endOfLine(text, at);
    else if (character === ';') {
      statements.push(text.slice(begin, at).trim());
      begin = at + 1;
    }
  }
  const rest = text.slice(begin).trim();
  return [...statements, rest].filter((statement) => statement !== '');
}

/** A doubled quote closes and opens again, so it needs no rule of its own. */
function closingQuote(text: string, from: number): number {
  const quote = text.charAt(from);
  for (let at = from + 1; at < text.length; at += 1) {
    if (text.charAt(at) === '\\') at += 1;
    else if (text.charAt(at) === quote) return at;
  }
  return text.length;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}
