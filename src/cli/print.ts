import { printableLines } from './printable.ts';

/** Results, on stdout. Names in the text are printable by `alignColumns` or `printable`; line ends are the caller's. */
export function printLine(text = ''): void {
  process.stdout.write(`${printableLines(text)}\n`);
}

/** The one document of `--json`; nothing else may go to stdout then. BigInts are written as texts of digits. */
export function printJson(document: unknown): void {
  const text = JSON.stringify(
    document,
    (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
    2,
  );
  process.stdout.write(`${text}\n`);
}

/** What a person should know while it runs, on stderr. */
export function printNote(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`);
}

export function printWarning(text: string): void {
  printNote(`Warning: ${text}`);
}
