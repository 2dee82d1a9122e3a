import { type ExecFileSyncOptions, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const OLDEST = 13;
const NEWEST = 18;

/** A folder that holds both `postgres` and `initdb` of one supported major version. */
export interface PostgresBinaries {
  readonly folder: string;
  readonly major: number;
}

/** What is installed: on PATH first, then the folders of the known packagings, newest version first. Null: nothing usable. */
export function findBinaries(): PostgresBinaries | null {
  const onPath = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const found = [...onPath.map(resolvedFolder), ...packagedFolders()].flatMap((folder) => {
    const major = folder === null ? null : majorVersion(folder);
    return folder === null || major === null ? [] : [{ folder, major }];
  });
  const fromPath = found.find((binaries) => onPath.map(resolvedFolder).includes(binaries.folder));
  return fromPath ?? found.toSorted((a, b) => b.major - a.major)[0] ?? null;
}

/** True when Debian's package can be installed by this process. */
export function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get') && existsSync('/etc/debian_version');
}

/** Debian's `postgresql`, without the cluster "main" that the package otherwise makes and starts. */
export function installDebianPackage(): void {
  const options: ExecFileSyncOptions = {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  const install = ['install', '-y', '--no-install-recommends'];
  execFileSync('apt-get', ['update'], options);
  // In two steps, because the setting's file comes with postgresql-common and must be changed before a server is configured.
  execFileSync('apt-get', [...install, 'postgresql-common'], options);
  const settings = '/etc/postgresql-common/createcluster.conf';
  const text = existsSync(settings) ? readFileSync(settings, 'utf8') : '';
  const others = text.split('\n').filter((line) => !/^\s*create_main_cluster\b/.test(line));
  writeFileSync(settings, [...others, 'create_main_cluster = false', ''].join('\n'));
  execFileSync('apt-get', [...install, 'postgresql'], options);
}

/** The links in /usr/bin or /usr/local/bin may be of one program only; its real folder has all of them. */
function resolvedFolder(folder: string): string | null {
  const program = path.join(folder, 'postgres');
  return existsSync(program) ? path.dirname(realpathSync(program)) : null;
}

function packagedFolders(): readonly string[] {
  const debian = versionFolders('/usr/lib/postgresql', /^\d+$/);
  const redHat = versionFolders('/usr', /^pgsql-\d+$/);
  const homebrew = versionFolders('/opt/homebrew/opt', /^postgresql@\d+$/);
  return [...debian, ...redHat, ...homebrew].map((folder) => path.join(folder, 'bin'));
}

function versionFolders(parent: string, name: RegExp): readonly string[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .filter((entry) => name.test(entry))
    .map((entry) => path.join(parent, entry));
}

function majorVersion(folder: string): number | null {
  const program = path.join(folder, 'postgres');
  if (!existsSync(program) || !existsSync(path.join(folder, 'initdb'))) return null;
  const major = Number(/(\d+)/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[1]);
  return major >= OLDEST && major <= NEWEST ? major : null;
}
