import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What the `[client]` section says of a connection; null where it says nothing. */
export interface ClientSection {
  readonly user: string | null;
  readonly password: string | null;
  readonly host: string | null;
  readonly port: string | null;
  readonly socket: string | null;
}

const NOTHING: ClientSection = { user: null, password: null, host: null, port: null, socket: null };

/**
 * `[client]` (and MariaDB's `[client-mariadb]`) of ~/.my.cnf; a later line wins. A file that others may read is not used, as with ~/.pgpass.
 * `!include` lines are not followed. https://dev.mysql.com/doc/refman/8.4/en/option-files.html
 */
export function readOptionFile(environment: Readonly<Record<string, string | undefined>>): ClientSection {
  const home = environment['HOME'];
  const text = home === undefined || home === '' ? null : readPrivateFile(join(home, '.my.cnf'));
  if (text === null) return NOTHING;
  const found = new Map<string, string>();
  let inside = false;
  for (const line of text.split(/\r?\n/).map((one) => one.trim())) {
    const section = /^\[(.*)\]/.exec(line)?.[1]?.trim();
    if (section !== undefined) inside = section === 'client' || section === 'client-mariadb';
    const option = /^([a-z_-]+)\s*=\s*(.*)$/i.exec(line);
    if (inside && option !== null) found.set((option[1] as string).toLowerCase(), unquote(option[2] as string));
  }
  const value = (name: string): string | null => found.get(name) || null;
  const [user, password] = [value('user'), value('password')];
  return { user, password, host: value('host'), port: value('port'), socket: value('socket') };
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', r: '\r', s: ' ' };

/** Quotes around the value are not part of it; a comment begins at a `#` after a blank, outside of quotes. */
function unquote(raw: string): string {
  const quoted = /^(["'])(.*?)\1\s*(?:#.*)?$/.exec(raw);
  const text = quoted === null ? raw.replace(/\s+#.*$/, '') : (quoted[2] as string);
  return text.replaceAll(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? (letter === '\\' ? '\\' : `\\${letter}`));
}

function readPrivateFile(path: string): string | null {
  try {
    const { mode } = statSync(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) return null;
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
