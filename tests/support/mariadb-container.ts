import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { canConnectMariadb } from './mariadb-cluster.ts';
import type { MariadbServer } from './mariadb-server.ts';
import { whenThisProcessEnds } from './watchdog.ts';

const IMAGE = 'mariadb:10.11';
const START_TIMEOUT_MS = 120_000;
const SETTINGS = [
  ...['log-bin=binlog', 'server-id=1', 'binlog-format=ROW', 'sync-binlog=0', 'innodb-flush-log-at-trx-commit=0'],
  ...['max-connections=300', 'max-allowed-packet=64M', 'collation-server=utf8mb4_general_ci', 'skip-name-resolve=ON'],
];

/** The official image, its data in memory, a free port of the loopback interface. */
export async function startMariadbContainer(extra: Readonly<Record<string, string>> = {}): Promise<MariadbServer> {
  const name = `sqlextract-test-${randomBytes(4).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  execFileSync(
    'docker',
    [
      ...['run', '--detach', '--rm', `--name=${name}`, '--publish=127.0.0.1::3306', '--tmpfs=/var/lib/mysql'],
      // Without a value: docker takes it from its environment, and the password is in no argv.
      ...['--env', 'MARIADB_ROOT_PASSWORD', IMAGE],
      ...SETTINGS.map((setting) => `--${setting}`),
      ...Object.entries(extra).map(([name, value]) => `--${name}=${value}`),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, MARIADB_ROOT_PASSWORD: password } },
  );
  const watchdog = whenThisProcessEnds('docker rm --force --volumes "$1"', [name]);
  const remove = () => {
    execFileSync('docker', ['rm', '--force', '--volumes', name], { stdio: 'ignore' });
    watchdog.disarm();
  };
  const published = execFileSync('docker', ['port', name, '3306/tcp'], { encoding: 'utf8' });
  const port = Number(/:(\d+)\s*$/m.exec(published)?.[1]);
  const url = `mysql://root:${password}@127.0.0.1:${port}/`;
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await canConnectMariadb(url))) {
    if (Date.now() > deadline) {
      const log = execFileSync('docker', ['logs', '--tail', '20', name], { encoding: 'utf8' });
      remove();
      throw new Error(`${IMAGE} did not start; its log ends:\n${log}`);
    }
    await delay(200);
  }
  return { url, port, pid: null, origin: `Docker ${IMAGE}`, stop: async () => remove() };
}
