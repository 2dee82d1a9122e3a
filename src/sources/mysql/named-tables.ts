import { type SqlToken, significant, tokenizeSql } from '../../model/sql-lexis.ts';
import { MYSQL_RULES } from './ranges.ts';

/** A name in a statement that may be one of a table, or of a function; it may be one of a column as well. */
export interface PossibleName {
  /** Null: not qualified. */
  readonly schema: string | null;
  readonly name: string;
  /** A parenthesis follows. */
  readonly called: boolean;
  /** It stands where a table does: behind FROM or JOIN. */
  readonly joined: boolean;
}

/** All names of a statement that may be those of tables or functions; null when the text cannot be cut into words for certain. */
export function possibleNames(sql: string): readonly PossibleName[] | null {
  const found = tokenizeSql(sql, MYSQL_RULES);
  if (found.refused !== null) return null;
  const tokens = significant(found.tokens);
  const names: PossibleName[] = [];
  for (let at = 0; at < tokens.length; at++) {
    if (!isName(tokens[at]) || isDot(sql, tokens[at - 1])) continue;
    const qualified = isDot(sql, tokens[at + 1]) && isName(tokens[at + 2]);
    const last = qualified ? at + 2 : at;
    const first = wordOf(sql, tokens[at] as SqlToken);
    names.push({
      schema: qualified ? first : null,
      name: qualified ? wordOf(sql, tokens[last] as SqlToken) : first,
      called: markOf(sql, tokens[last + 1]) === '(',
      joined: isJoined(sql, tokens, at),
    });
  }
  return names;
}

function isJoined(sql: string, tokens: readonly SqlToken[], at: number): boolean {
  let before = at - 1;
  while (markOf(sql, tokens[before]) === '(') before--;
  const token = tokens[before];
  return token?.kind === 'word' && /^(?:from|join|straight_join)$/i.test(sql.slice(token.start, token.end));
}

function isName(token: SqlToken | undefined): boolean {
  return token?.kind === 'word' || token?.kind === 'name';
}

function isDot(sql: string, token: SqlToken | undefined): boolean {
  return markOf(sql, token) === '.';
}

function markOf(sql: string, token: SqlToken | undefined): string | null {
  return token?.kind === 'mark' ? sql.slice(token.start, token.end) : null;
}

function wordOf(sql: string, token: SqlToken): string {
  const text = sql.slice(token.start, token.end);
  return token.kind === 'name' ? text.slice(1, -1).replaceAll('``', '`') : text;
}
