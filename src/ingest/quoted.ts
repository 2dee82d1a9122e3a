/**
 * Text that may stand in a script as it is. Templates are given these, numbers and booleans, and nothing else (`render` refuses a
 * plain string), so that whoever writes a template cannot forget to quote a name or a value.
 *
 * Made in three ways: by a target's `quoteIdentifier` and `quoteLiteral`, by `shellWord` and `commentText`, and by `word` from
 * texts of this repository (type names, options).
 */
export class Quoted {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** Words of ours: a type, a keyword, an expression over texts that were quoted before. Never a name or a value of somebody's data. */
export function word(text: string): Quoted {
  return new Quoted(text);
}

/** Texts of ours with quoted parts between them: sql`unhex(${column})`. */
export function sql(words: TemplateStringsArray, ...parts: readonly (Quoted | number)[]): Quoted {
  return new Quoted(words.reduce((text, each, index) => `${text}${String(parts[index - 1] ?? '')}${each}`));
}

/** The parts with a comma and a blank between them. */
export function commaList(parts: readonly Quoted[]): Quoted {
  return new Quoted(parts.join(', '));
}

/**
 * A word of a POSIX shell (sh, bash), in single quotes: nothing in it is expanded. POSIX.1-2024, Shell Command Language, 2.2.2. A NUL
 * cannot stand in a command line: throws a plain Error, since no file or name that we write has one.
 */
export function shellWord(text: string): Quoted {
  if (text.includes('\0')) throw new Error('a NUL cannot stand in a shell script');
  return new Quoted(/^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
}

/** Text inside a comment of one line (`-- …`, `# …`) or of several: no line end, no control character, and no end of a comment. */
export function commentText(text: string): Quoted {
  const shown = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '?');
  return new Quoted(shown.replaceAll('*/', '* /').replaceAll('/*', '/ *'));
}
