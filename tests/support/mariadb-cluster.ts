import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import type { MariadbBinaries } from './mariadb-binaries.ts';
import type { MariadbServer } from './mariadb-server.ts';
import { whenThisProcessEnds } from './watchdog.ts';

const USER = 'sqlextract';
const START_ATTEMPTS = 3;
const START_TIMEOUT_MS = 60_000;

/** The data live as long as the tests: durability would only cost time. The binlog is what aligned snapshots are proven with. */
const SETTINGS: Readonly<Record<string, string>> = {
  'bind-address': '127.0.0.1',
  'skip-name-resolve': 'ON',
  'log-bin': 'binlog',
  'server-id': '1',
  'binlog-format': 'ROW',
  'sync-binlog': '0',
  'innodb-flush-log-at-trx-commit': '0',
  'innodb-doublewrite': '0',
  'innodb-buffer-pool-size': '128M',
  'performance-schema': 'OFF',
  'max-connections': '300',
  'max-allowed-packet': '64M',
  'character-set-server': 'utf8mb4',
  'collation-server': 'utf8mb4_general_ci',
};

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

interface Place {
  readonly binaries: MariadbBinaries;
  readonly account: Account;
  readonly folder: string;
  readonly password: string;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * A new server on a data folder of its own in the temporary folder, on a free port.
 *
 * @param extra settings on top of the tests' own, or instead of them: `{ 'ssl-cert': … }`; files must be readable by its account
 */
export async function startMariadbCluster(
  binaries: MariadbBinaries,
  extra: Readonly<Record<string, string>> = {},
): Promise<MariadbServer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sqlextract-my-'));
  const password = randomBytes(12).toString('hex');
  const place: Place = { binaries, account: serverAccount(), folder, password, settings: settingsFor(binaries, extra) };
  try {
    initialise(place);
    for (let attempt = 1; ; attempt += 1) {
      const server = await launch(place);
      if (server !== null) return server;
      if (attempt === START_ATTEMPTS) {
        throw new Error(`${binaries.flavour} did not start; its log ends:\n${logTail(folder)}`);
      }
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function settingsFor({ flavour }: MariadbBinaries, extra: Readonly<Record<string, string>>): Place['settings'] {
  // Its own protocol listens on one port for all servers of a machine.
  return { ...SETTINGS, ...(flavour === 'MySQL' ? { mysqlx: 'OFF' } : {}), ...extra };
}

/** As root the server is run as `mysql`, or as `nobody` where that does not exist; else as who runs the tests. */
export function serverAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const entry = ['mysql', 'nobody'].map((name) => lines.find((line) => line.startsWith(`${name}:`))).find(Boolean);
  const [, , uid, gid] = entry?.split(':') ?? [];
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) };
}

function initialise({ binaries, account, folder, password }: Place): void {
  const start = path.join(folder, 'start.sql');
  // The server runs it at every start, before it listens; the password is in no argv.
  const statements = [
    `CREATE USER IF NOT EXISTS '${USER}'@'%' IDENTIFIED BY '${password}'`,
    `GRANT ALL PRIVILEGES ON *.* TO '${USER}'@'%' WITH GRANT OPTION`,
  ];
  writeFileSync(start, `${statements.join(';\n')};\n`, { mode: 0o600 });
  if (account.uid !== undefined && account.gid !== undefined) {
    chownSync(folder, account.uid, account.gid);
    chownSync(start, account.uid, account.gid);
  }
  const data = `--datadir=${path.join(folder, 'data')}`;
  // A starting server removes the temporary tables of all others in its folder for them.
  const temporary = `--tmpdir=${folder}`;
  const [program, args] =
    binaries.installDb === null
      ? [binaries.server, ['--no-defaults', '--initialize-insecure', data, temporary]]
      : [
          binaries.installDb,
          [
            '--no-defaults',
            data,
            temporary,
            '--auth-root-authentication-method=normal',
            '--skip-test-db',
            '--skip-name-resolve',
          ],
        ];
  execFileSync(program, args, { ...account, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Null when the server ended at once, as it does when someone else took the port. */
async function launch({ binaries, account, folder, password, settings }: Place): Promise<MariadbServer | null> {
  const port = await freePort();
  const own = {
    datadir: path.join(folder, 'data'),
    tmpdir: folder,
    socket: path.join(folder, 's.sock'),
    'pid-file': path.join(folder, 'pid'),
    'init-file': path.join(folder, 'start.sql'),
    port: String(port),
  };
  const args = Object.entries({ ...settings, ...own }).map(([name, value]) => `--${name}=${value}`);
  const log = openSync(path.join(folder, 'server.log'), 'a');
  // Detached: Ctrl-C in a terminal must reach the tests, which may still need the server while they end.
  const child = spawn(binaries.server, ['--no-defaults', ...args], {
    ...account,
    cwd: folder,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  if (child.pid === undefined) throw new Error(`${binaries.server} cannot be started`);
  const watchdog = whenThisProcessEnds(
    'kill -KILL "$1"; n=0; while kill -0 "$1" 2>/dev/null && [ $n -lt 50 ]; do sleep 0.1; n=$((n+1)); done; rm -rf "$2"',
    [String(child.pid), folder],
  );
  const url = `mysql://${USER}:${password}@127.0.0.1:${port}/`;
  if (!(await answers(url, child))) {
    await end(child);
    watchdog.disarm();
    return null;
  }
  const stop = async () => {
    await end(child);
    watchdog.disarm();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, port, pid: child.pid, origin: `${binaries.flavour} ${binaries.version} (${binaries.server})`, stop };
}

async function answers(url: string, child: ChildProcess): Promise<boolean> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
    if (await canConnectMariadb(url)) return true;
    await delay(50);
  }
  return false;
}

/** True when a client with the password gets in. */
export async function canConnectMariadb(url: string): Promise<boolean> {
  try {
    const client = await mysql.createConnection({ uri: url, connectTimeout: 5000 });
    await client.end();
    return true;
  } catch {
    return false;
  }
}

/** Killed: nobody wants its data any more. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.ref();
  child.kill('SIGKILL');
  await exited;
}

async function freePort(): Promise<number> {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as net.AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function logTail(folder: string): string {
  return readFileSync(path.join(folder, 'server.log'), 'utf8').split('\n').slice(-20).join('\n');
}
