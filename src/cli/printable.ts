/**
 * Text for a terminal or a log: control characters, line ends and direction overrides of names and values are shown as
 * escapes, so that a table called `x\x1b[2J` can neither clear the screen nor forge a line.
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, escapeOf);
}

/** The same for texts of several lines, whose line ends are ours: a help text, a stack. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** C0 and C1 controls, DEL, line and paragraph separators, direction marks, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeOf(character: string): string {
  const code = character.charCodeAt(0);
  return SHORT[character] ?? (code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`);
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
