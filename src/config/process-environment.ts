import { displayUrl, scrubSecrets } from './redact.ts';

/** What of the environment steers the program itself rather than a run. This folder alone reads process.env. */

/** See model/fault-point.ts; set by the crash tests only. */
export function faultSpec(): string | null {
  return process.env['SQLEXTRACT_FAULT'] ?? null;
}

const URL_FLAGS = ['--source', '-s', '--target', '--from'];

/** The command line as typed, without passwords; goes to the state's command log. */
export function displayCommandLine(argv: readonly string[], secrets: readonly string[]): string {
  const shown = argv.map((word, index) => {
    for (const flag of URL_FLAGS) {
      if (argv[index - 1] === flag) return displayUrl(word);
      if (word.startsWith(`${flag}=`)) return `${flag}=${displayUrl(word.slice(flag.length + 1))}`;
    }
    return word;
  });
  return scrubSecrets(['sqlextract', ...shown.map(shellWord)].join(' '), secrets);
}

/** As a POSIX shell reads it back. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./*?-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
