/** Words that may stand before a parenthesis without being a function's name. */
const BEFORE_PARENTHESIS = new Set('and or not in between like ilike is any all'.split(' '));
/** Words that stand for a value of the moment or the session, and what reads other tables. */
const NOT_TIMELESS = new Set(
  'select table values with current_date current_time current_timestamp localtime localtimestamp current_user session_user user current_role current_catalog current_schema system_user'.split(
    ' ',
  ),
);
/** Texts that the server reads as a moment: https://www.postgresql.org/docs/current/datatype-datetime.html */
const MOMENTS = /^\s*(now|today|tomorrow|yesterday|allballs)\b/i;

const WORD = /^[\p{L}\p{N}_$"]/u;
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[\p{L}\p{N}_$]+|\s+|./gsu;

/**
 * Whether a condition certainly picks the same rows tomorrow when no row has changed. Only columns, plain literals, operators and the words of
 * boolean logic are certain: a function, a subquery or a clock may answer otherwise, and any of them makes this false.
 */
export function isTimeless(where: string | null): boolean {
  if (where === null) return true;
  const tokens = (where.match(TOKEN) ?? []).filter((token) => token.trim() !== '');
  return tokens.every((token, place) => {
    if (token.startsWith("'")) return !MOMENTS.test(token.slice(1, -1));
    const next = tokens[place + 1] ?? '';
    // Dollar quotes, escape strings, comments and statements are legal or not, but rare: not worth being wrong about.
    if (['\\', ';'].includes(token) || token.includes('$')) return false;
    if (/^[euxbn]$/i.test(token) && /^['&]/.test(next)) return false;
    if (`${token}${next}` === '--' || `${token}${next}` === '/*') return false;
    // `row.name` may call a function of that name.
    if (token === '.' && !/^\d+$/.test(tokens[place - 1] ?? '')) return false;
    if (!WORD.test(token)) return true;
    const word = token.toLowerCase();
    return !NOT_TIMELESS.has(word) && (next !== '(' || BEFORE_PARENTHESIS.has(word));
  });
}
