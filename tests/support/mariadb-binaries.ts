import { type ExecFileSyncOptions, execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** A server program of this machine, and how an empty data folder is made for it. */
export interface MariadbBinaries {
  readonly server: string;
  /** Null: the server does it itself (`--initialize-insecure`), as MySQL's does. */
  readonly installDb: string | null;
  readonly flavour: 'MariaDB' | 'MySQL';
  /** As the program says it: `10.11.19`. */
  readonly version: string;
}

/** MariaDB 10.6 and newer, MySQL 8 and newer. */
const OLDEST = { MariaDB: [10, 6], MySQL: [8, 0] } as const;

/** Names the server program that the tests start, instead of one that is found. */
export const SERVER_PROGRAM_VARIABLE = 'SQLEXTRACT_TEST_MYSQLD';

/** What the variable names, else what is installed: MariaDB before MySQL, PATH before the folders where packages keep servers. Null: nothing usable. */
export function findMariadb(): MariadbBinaries | null {
  const named = process.env[SERVER_PROGRAM_VARIABLE];
  if (named !== undefined && named !== '') {
    const found = binariesIn(path.dirname(named), path.basename(named));
    if (found === null) throw new Error(`${SERVER_PROGRAM_VARIABLE} names no MariaDB 10.6+ or MySQL 8+: ${named}`);
    return found;
  }
  const onPath = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const folders = [...onPath, '/usr/sbin', '/usr/libexec', '/usr/local/mysql/bin', ...homebrewFolders()];
  for (const program of ['mariadbd', 'mysqld']) {
    for (const folder of folders) {
      const found = binariesIn(folder, program);
      if (found !== null) return found;
    }
  }
  return null;
}

/** Debian's `mariadb-server-core`: the programs alone, without a service that starts. */
export function installMariadbPackage(): void {
  const options: ExecFileSyncOptions = {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  execFileSync('apt-get', ['update'], options);
  execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'mariadb-server-core'], options);
}

function binariesIn(folder: string, program: string): MariadbBinaries | null {
  const server = path.join(folder, program);
  if (!existsSync(server)) return null;
  const said = execFileSync(server, ['--no-defaults', '--version'], { encoding: 'utf8' });
  const version = /Ver (\d+\.\d+\.\d+)/.exec(said)?.[1];
  if (version === undefined) return null;
  const flavour = /mariadb/i.test(said) ? 'MariaDB' : 'MySQL';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = OLDEST[flavour];
  if (major < leastMajor || (major === leastMajor && minor < leastMinor)) return null;
  const installDb = flavour === 'MySQL' ? null : installProgram(folder);
  return flavour === 'MariaDB' && installDb === null ? null : { server, installDb, flavour, version };
}

/** The server is often in `sbin`, its installer in `bin`. */
function installProgram(folder: string): string | null {
  const folders = [folder, path.join(folder, '..', 'bin'), path.join(folder, '..', 'scripts'), '/usr/bin'];
  const candidates = folders.flatMap((each) => [
    path.join(each, 'mariadb-install-db'),
    path.join(each, 'mysql_install_db'),
  ]);
  return candidates.find((candidate) => existsSync(candidate)) ?? null;
}

function homebrewFolders(): readonly string[] {
  const parent = '/opt/homebrew/opt';
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .filter((entry) => /^(mariadb|mysql)(@|$)/.test(entry))
    .map((entry) => path.join(parent, entry, 'bin'));
}
