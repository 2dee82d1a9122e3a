import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { canConnect } from './postgres-cluster.ts';
import type { PostgresServer } from './postgres-server.ts';
import { whenThisProcessEnds } from './watchdog.ts';

const IMAGE = 'postgres:16';
const START_TIMEOUT_MS = 120_000;
const SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200', 'timezone=UTC'];

export function dockerWorks(): boolean {
  try {
    execFileSync('docker', ['info'], { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

/** The official image, its data in memory, a free port of the loopback interface. */
export async function startContainer(): Promise<PostgresServer> {
  const name = `sqlextract-test-${randomBytes(4).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  const variables = {
    POSTGRES_USER: 'sqlextract',
    POSTGRES_PASSWORD: password,
    POSTGRES_DB: 'postgres',
    POSTGRES_INITDB_ARGS: '--encoding=UTF8 --locale=C.UTF-8',
  };
  execFileSync(
    'docker',
    [
      'run',
      '--detach',
      '--rm',
      `--name=${name}`,
      '--publish=127.0.0.1::5432',
      '--tmpfs=/var/lib/postgresql/data',
      '--shm-size=256m',
      // Without a value: docker takes it from its environment, and the password is in no argv.
      ...Object.keys(variables).flatMap((variable) => ['--env', variable]),
      IMAGE,
      ...[...SETTINGS, 'max_prepared_transactions=5'].flatMap((setting) => ['-c', setting]),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...variables } },
  );
  const watchdog = whenThisProcessEnds('docker rm --force --volumes "$1"', [name]);
  const remove = () => {
    execFileSync('docker', ['rm', '--force', '--volumes', name], { stdio: 'ignore' });
    watchdog.disarm();
  };
  const published = execFileSync('docker', ['port', name, '5432/tcp'], { encoding: 'utf8' });
  const port = Number(/:(\d+)\s*$/m.exec(published)?.[1]);
  const url = `postgres://sqlextract:${password}@127.0.0.1:${port}/postgres`;
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await canConnect(url))) {
    if (Date.now() > deadline) {
      const log = execFileSync('docker', ['logs', '--tail', '20', name], { encoding: 'utf8' });
      remove();
      throw new Error(`${IMAGE} did not start; its log ends:\n${log}`);
    }
    await delay(200);
  }
  return { url, port, pid: null, origin: `Docker ${IMAGE}`, stop: async () => remove() };
}
