import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** One line of the password file is picked by these four. */
export interface PasswordFor {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/**
 * The password of the first matching line of PGPASSFILE or ~/.pgpass, null when there is none. As in libpq, a file that others may
 * read is not used, and a Unix socket matches `localhost` (https://www.postgresql.org/docs/current/libpq-pgpass.html).
 */
export function passwordFromFile(
  target: PasswordFor,
  environment: Readonly<Record<string, string | undefined>>,
): string | null {
  const path = environment['PGPASSFILE'] ?? (environment['HOME'] ? join(environment['HOME'], '.pgpass') : null);
  const text = path === null ? null : readPrivateFile(path);
  if (text === null) return null;
  const host = target.host.startsWith('/') ? 'localhost' : target.host;
  const wanted = [host, String(target.port), target.database, target.user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = splitFields(line);
    if (fields.length < 5) continue;
    if (wanted.every((value, index) => fields[index] === '*' || fields[index] === value)) return fields[4] ?? null;
  }
  return null;
}

function readPrivateFile(path: string): string | null {
  try {
    const mode = statSync(path).mode;
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) return null;
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** Fields end at `:`; a backslash takes the next character as it is. */
function splitFields(line: string): string[] {
  const fields = [''];
  for (let i = 0; i < line.length; i++) {
    const character = line[i] ?? '';
    if (character === ':' && fields.length < 5) fields.push('');
    else fields[fields.length - 1] += character === '\\' ? (line[++i] ?? '') : character;
  }
  return fields;
}
