import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chownSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { PostgresBinaries } from './postgres-binaries.ts';
import type { PostgresServer } from './postgres-server.ts';
import { whenThisProcessEnds } from './watchdog.ts';

const USER = 'sqlextract';
const START_ATTEMPTS = 3;
const START_TIMEOUT_MS = 60_000;

/** The data live as long as the tests: durability would only cost time. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '128MB',
  max_connections: '200',
  max_prepared_transactions: '5',
  listen_addresses: '127.0.0.1',
  timezone: 'UTC',
  log_timezone: 'UTC',
} as const;

/** A new cluster in the temporary folder, with passwords asked, on a free port. */
export function startCluster(binaries: PostgresBinaries): Promise<PostgresServer> {
  const password = randomBytes(12).toString('hex');
  return startIn(binaries, password, (account, folder) => initialise(binaries, account, folder, password));
}

/** A hot standby that streams from a server of this machine. The settings are in its file, so that ALTER SYSTEM can change them. */
export function startStandby(
  binaries: PostgresBinaries,
  primaryUrl: string,
  settings: Readonly<Record<string, string>>,
): Promise<PostgresServer> {
  const copy = ['--write-recovery-conf', '--checkpoint=fast', '--no-sync', `--dbname=${primaryUrl}`];
  return startIn(binaries, new URL(primaryUrl).password, (account, folder) => {
    const data = path.join(folder, 'data');
    execFileSync(path.join(binaries.folder, 'pg_basebackup'), [...copy, `--pgdata=${data}`], {
      ...account,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
    appendFileSync(path.join(data, 'postgresql.auto.conf'), lines.join(''));
  });
}

/** @param fill makes `data` in the folder, which is the account's by then. */
async function startIn(
  binaries: PostgresBinaries,
  password: string,
  fill: (account: Account, folder: string) => void,
): Promise<PostgresServer> {
  const account = serverAccount();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sqlextract-pg-'));
  if (account.uid !== undefined && account.gid !== undefined) chownSync(folder, account.uid, account.gid);
  try {
    fill(account, folder);
    for (let attempt = 1; ; attempt += 1) {
      const server = await launch(binaries, account, folder, password);
      if (server !== null) return server;
      if (attempt === START_ATTEMPTS) throw new Error(`PostgreSQL did not start; its log ends:\n${logTail(folder)}`);
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** The server refuses to run as root: then it is `postgres`, or `nobody` where that does not exist. */
function serverAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const entry = ['postgres', 'nobody'].map((name) => lines.find((line) => line.startsWith(`${name}:`))).find(Boolean);
  const [, , uid, gid] = entry?.split(':') ?? [];
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) };
}

function initialise(binaries: PostgresBinaries, account: Account, folder: string, password: string): void {
  const passwordFile = path.join(folder, 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (account.uid !== undefined && account.gid !== undefined) {
    chownSync(passwordFile, account.uid, account.gid);
  }
  const locale = process.platform === 'linux' ? 'C.UTF-8' : 'C';
  execFileSync(
    path.join(binaries.folder, 'initdb'),
    [
      `--pgdata=${path.join(folder, 'data')}`,
      `--username=${USER}`,
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      `--locale=${locale}`,
      '--no-sync',
    ],
    { ...account, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  rmSync(passwordFile);
}

/** Null when the server ended at once, as it does when someone else took the port. */
async function launch(
  binaries: PostgresBinaries,
  account: Account,
  folder: string,
  password: string,
): Promise<PostgresServer | null> {
  const port = await freePort();
  const settings = { ...SETTINGS, port: String(port), unix_socket_directories: folder };
  const log = openSync(path.join(folder, 'server.log'), 'a');
  const child = spawn(
    path.join(binaries.folder, 'postgres'),
    [
      '-D',
      path.join(folder, 'data'),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    // Detached: Ctrl-C in a terminal must reach the tests, which may still need the server while they end.
    { ...account, cwd: folder, detached: true, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  child.unref();
  if (child.pid === undefined) throw new Error(`${binaries.folder}/postgres cannot be started`);
  const watchdog = whenThisProcessEnds(
    'kill -QUIT "$1"; n=0; while kill -0 "$1" 2>/dev/null && [ $n -lt 50 ]; do sleep 0.1; n=$((n+1)); done; rm -rf "$2"',
    [String(child.pid), folder],
  );
  const url = `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`;
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
  return { url, port, pid: child.pid, origin: `PostgreSQL ${binaries.major} of ${binaries.folder}`, stop };
}

async function answers(url: string, child: ChildProcess): Promise<boolean> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
    if (await canConnect(url)) return true;
    await delay(50);
  }
  return false;
}

/** True when a client with the password gets in. */
export async function canConnect(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.ref();
  child.kill('SIGQUIT');
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
