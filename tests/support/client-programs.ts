import { execFileSync, spawnSync } from 'node:child_process';
import { canInstall } from './postgres-binaries.ts';

/** What people run the generated scripts with, and Debian's package of each. */
const CLIENTS = [
  { program: 'psql', package: 'postgresql-client' },
  { program: 'mariadb', package: 'mariadb-client-core' },
  { program: 'sqlite3', package: 'sqlite3' },
];

/**
 * The clients are there: on PATH, else from Debian's packages when this process may install them. Once, before all tests, since apt-get
 * lets only one in. Throws a plain Error that says what to do.
 */
export function provideClients(): void {
  const missing = CLIENTS.filter(({ program }) => !answers(program));
  if (missing.length === 0) return;
  if (canInstall()) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const stdio = ['ignore', 'ignore', 'pipe'] as const;
    execFileSync('apt-get', ['update'], { env, stdio: [...stdio] });
    const names = missing.map((each) => each.package);
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', ...names], { env, stdio: [...stdio] });
  }
  const lacking = missing.filter(({ program }) => !answers(program));
  if (lacking.length === 0) return;
  throw new Error(
    `the tests run scripts with ${lacking.map(({ program }) => program).join(', ')}: install it ` +
      `(Debian: apt-get install ${lacking.map((each) => each.package).join(' ')})`,
  );
}

function answers(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}
