import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunReport } from '../../src/engine/report.ts';
import { findBinaries } from '../support/postgres-binaries.ts';
import { startCluster, startStandby } from '../support/postgres-cluster.ts';
import type { PostgresServer } from '../support/postgres-server.ts';
import { runCli } from '../support/run-cli.ts';

/** Only where the server's programs are on this machine: a standby needs a primary of its own. */
const binaries = findBinaries();
const servers: PostgresServer[] = [];
const clients: pg.Client[] = [];
let folder: string;
let primary: pg.Client;
let standby: pg.Client;

beforeAll(async () => {
  if (binaries === null) return;
  folder = await mkdtemp(join(tmpdir(), 'incremental-'));
  const first = await startCluster(binaries);
  servers.push(first);
  primary = await connected(first.url);
  await primary.query(`
    CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
    INSERT INTO orders (at) SELECT now() - i * interval '1 minute' FROM generate_series(20, 320) AS i`);
  const second = await startStandby(binaries, first.url, { recovery_min_apply_delay: '1h' });
  servers.push(second);
  standby = await connected(second.url);
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  for (const server of servers.toReversed()) await server.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  // The servers are stopped under them.
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

interface Said {
  readonly rows: number;
  readonly all: string;
}

async function extract(by: string, args: readonly string[] = []): Promise<Said> {
  const job = ['--table', 'orders', '--incremental-by', by, '--state-dir', `state-${by}`, '--out', `out-${by}`];
  const env = { SQLEXTRACT_SOURCE: servers[1]?.url ?? '' };
  const { code, stdout, stderr } = await runCli(['extract', ...job, '--json', ...args], { cwd: folder, env });
  expect({ code, stderr: code === 0 ? '' : stderr + stdout }).toEqual({ code: 0, stderr: '' });
  return { rows: (JSON.parse(stdout) as RunReport).rows, all: stdout + stderr };
}

/** What the primary has committed by now is there. */
async function replayed(): Promise<void> {
  const wal = (await primary.query<{ at: string }>('SELECT pg_current_wal_lsn()::text AS at')).rows[0]?.at;
  const come = async () =>
    (await standby.query<{ yes: boolean }>('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS yes', [wal])).rows[0]?.yes;
  await expect.poll(come, { timeout: 20_000 }).toBe(true);
}

// A server that is given by URL or by Docker has no programs here to make a second one of.
describe.skipIf(binaries === null)('a standby (where the programs of PostgreSQL are on this machine)', () => {
  test('that has replayed nothing since it started has come as far as its checkpoint, not to its own clock', async () => {
    const { all } = await extract('at', ['--cursor-lag', '0s', '--job', 'early']);
    expect(all).toContain('of a standby that has replayed what was committed until it started');
    const end = /\(the beginning, ([^)]+)\)/.exec(all)?.[1];
    const covered = 'SELECT checkpoint_time >= $1::timestamptz AS yes FROM pg_control_checkpoint()';
    expect((await standby.query(covered, [end])).rows).toEqual([{ yes: true }]);
    await standby.query('ALTER SYSTEM RESET recovery_min_apply_delay');
    await standby.query('SELECT pg_reload_conf()');
  });

  test('misses nothing of a transaction that its primary commits late, nor once it is promoted itself', async () => {
    const other = await connected(servers[0]?.url ?? '');
    await other.query("BEGIN; INSERT INTO orders (at) VALUES (now() - interval '5 minutes')");
    await primary.query('INSERT INTO orders DEFAULT VALUES');
    await replayed();
    expect(await extract('at')).toMatchObject({
      rows: 301,
      all: expect.stringContaining('the window ends 600 s before'),
    });
    expect((await extract('xmin')).rows).toBe(302);
    await other.query('COMMIT');
    await replayed();
    // Its own row, and the one that was committed while it was open.
    expect((await extract('xmin')).rows).toBe(2);
    expect((await extract('at', ['--cursor-lag', '0s'])).rows).toBe(2);
    await standby.query('SELECT pg_promote()');
    await standby.query('INSERT INTO orders DEFAULT VALUES');
    expect(await extract('xmin')).toMatchObject({ rows: 1, all: expect.not.stringContaining('standby') });
  });
});
