/** A quoted name, a text, a comment to the end of its line, the end of a statement, or what is none of them. */
const PIECE = /`(?:[^`]|``)*`|'(?:[^']|'')*'|--[^\n]*|;|[^`';-]+|-/g;

/** The statements of a script of ours, one by one; comments are left out. Texts in it have no backslash (quoteLiteral). */
export function splitStatements(script: string): readonly string[] {
  const statements: string[] = [];
  let statement = '';
  for (const [piece] of script.matchAll(PIECE)) {
    if (piece === ';') {
      statements.push(statement.trim());
      statement = '';
    } else if (!piece.startsWith('--')) statement += piece;
  }
  if (statement.trim() !== '') throw new Error('a script of ours ends inside of a statement');
  return statements;
}
