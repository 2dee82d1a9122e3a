import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface SqliteShell {
  readonly version: string;
  /** 3.41 and newer. */
  readonly hasUnhex: boolean;
}

let found: SqliteShell | null = null;

/** The sqlite3 shell: on PATH, else Debian's package when this process may install it. Throws a plain Error that says what to do. */
export function sqliteShell(): SqliteShell {
  found ??= installed() ?? fromDebian();
  if (found !== null) return found;
  throw new Error(
    'there is no sqlite3 shell: install the package sqlite3 (Debian, Ubuntu), or put one of 3.37 or newer on PATH',
  );
}

function installed(): SqliteShell | null {
  const run = spawnSync('sqlite3', ['--version'], { encoding: 'utf8' });
  const version = /^(\d+\.\d+\.\d+)/.exec(run.stdout ?? '')?.[1];
  if (version === undefined) return null;
  const [, minor = '0'] = version.split('.');
  return { version, hasUnhex: Number(minor) >= 41 };
}

function fromDebian(): SqliteShell | null {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get') || !existsSync('/etc/debian_version')) return null;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['update'], { stdio: ['ignore', 'ignore', 'pipe'], env });
  execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'sqlite3'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env,
  });
  return installed();
}
