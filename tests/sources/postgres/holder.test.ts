import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { EpochFacts, SnapshotLease } from '../../../src/model/epoch.ts';
import { attend, peekHolder } from '../../../src/sources/postgres/holder-client.ts';
import { takeSnapshot } from '../../../src/sources/postgres/snapshot.ts';
import type { SnapshotRequest } from '../../../src/sources/source.ts';
import { eventually, holderBackends, isAlive, type SnapshotFixture, snapshotFixture } from './snapshot-fixture.ts';

const PROGRAM = fileURLToPath(new URL('./take-snapshot.ts', import.meta.url));

interface Taken {
  readonly child: ChildProcess;
  readonly lease: SnapshotLease;
  readonly facts: EpochFacts;
}

let fixture: SnapshotFixture;
beforeEach(async () => {
  fixture = await snapshotFixture('holder');
});
afterEach(() => fixture[Symbol.asyncDispose]());

/** In a process of its own, which can be killed. */
async function takeElsewhere(request: SnapshotRequest): Promise<Taken> {
  const job = JSON.stringify({ url: fixture.database.url, request });
  const child = spawn(process.execPath, [PROGRAM], {
    env: { PATH: process.env['PATH'], SNAPSHOT_JOB: job },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (lines.done === true) throw new Error('the program ended without a lease');
  const line = lines.value;
  return { child, ...(JSON.parse(line) as Pick<Taken, 'lease' | 'facts'>) };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function total(): Promise<string> {
  const { rows } = await fixture.client.query<{ sum: string }>('SELECT sum(id)::text AS sum FROM public.t');
  return rows[0]?.sum ?? '';
}

it('keeps the snapshot over a kill -9 of the run, and gives it to the next one', async () => {
  const { client, config, database } = fixture;
  const request = fixture.request([await fixture.table('t')]);
  const first = await takeElsewhere(request);
  await kill(first.child);
  await database.client.query('UPDATE t SET id = id + 100000 WHERE id > 500; DELETE FROM t WHERE id <= 500');

  const second = await takeSnapshot(client, config, { ...request, previous: first.lease });
  expect(second.resumed).toBe(true);
  expect(second.facts).toEqual(first.facts);
  expect(second.lease).toEqual(first.lease);
  expect(await total()).toBe('500500');
  await second.release();
  const releasedAt = performance.now();
  await eventually('the holder ends', () => !isAlive(Number(first.lease['pid'])));
  // And not by the hold time, which is 60 s.
  expect(performance.now() - releasedAt).toBeLessThan(10_000);
  expect(await total()).not.toBe('500500');
});

it('ends by itself after the hold time, and not before', async () => {
  const { database } = fixture;
  const { child, lease } = await takeElsewhere(fixture.request([await fixture.table('t')], { holdMs: 3000 }));
  await delay(3500);
  expect(await peekHolder(lease)).toMatchObject({ state: { kind: 'attended' } });
  const killedAt = performance.now();
  await kill(child);
  await eventually('orphaned', async () => (await peekHolder(lease))?.state.kind === 'orphaned');
  await eventually('the backend is gone', async () => (await holderBackends(database)) === 0);
  expect(performance.now() - killedAt).toBeGreaterThan(2900);
  expect(performance.now() - killedAt).toBeLessThan(20_000);
  await eventually('the process is gone', () => !isAlive(Number(lease['pid'])));
  expect(readdirSync(fixture.runtimeFolder)).toEqual([]);
});

it('ends at once when it is to hold nothing', async () => {
  const { child, lease } = await takeElsewhere(fixture.request([await fixture.table('t')], { holdMs: 0 }));
  await kill(child);
  await eventually('the backend is gone', async () => (await holderBackends(fixture.database)) === 0);
  await eventually('the process is gone', () => !isAlive(Number(lease['pid'])));
  expect(await peekHolder(lease)).toBeNull();
});

it('stops its clock when somebody comes back', async () => {
  const { client, config } = fixture;
  const request = fixture.request([await fixture.table('t')], { holdMs: 4000 });
  const { child, lease } = await takeElsewhere(request);
  await kill(child);
  const snapshot = await takeSnapshot(client, config, { ...request, previous: lease });
  await delay(4500);
  await expect(snapshot.check()).resolves.toBeUndefined();
  await snapshot.release();
});

it('killed itself, is an epoch lost, and the next one is new', async () => {
  const { client, config } = fixture;
  const request = fixture.request([await fixture.table('t')]);
  const first = await takeSnapshot(client, config, request);
  process.kill(Number(first.lease?.['pid']), 'SIGKILL');
  await expect(first.check()).rejects.toMatchObject({ problem: { code: 'SNAPSHOT_LOST', verdict: 'epoch-lost' } });
  await expect(first.check()).rejects.toMatchObject({ problem: { verdict: 'epoch-lost' } });

  const second = await takeSnapshot(client, config, { ...request, previous: first.lease });
  expect(second.resumed).toBe(false);
  expect(second.lease?.['id']).not.toBe(first.lease?.['id']);
  // The dead one's socket was removed.
  expect(readdirSync(fixture.runtimeFolder)).toEqual([path.basename(second.lease?.['socket'] ?? '')]);
  await second.release();
});

it('ends, and says so, when its connection to the server is cut', async () => {
  const { client, config, database } = fixture;
  const snapshot = await takeSnapshot(client, config, fixture.request([await fixture.table('t')]));
  await database.client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'sqlextract holder' AND datname = current_database()`,
  );
  await eventually('the process is gone', () => !isAlive(Number(snapshot.lease?.['pid'])));
  await expect(snapshot.check()).rejects.toMatchObject({ problem: { code: 'SNAPSHOT_LOST', verdict: 'epoch-lost' } });
  expect(readdirSync(fixture.runtimeFolder)).toEqual([]);
});

it('is not taken for another one, and does not answer strangers', async () => {
  const { client, config } = fixture;
  const snapshot = await takeSnapshot(client, config, fixture.request([await fixture.table('t')]));
  expect(await attend({ ...snapshot.lease, id: 'f'.repeat(32) }, [])).toBeNull();
  await snapshot.check();
  const { socket = '' } = snapshot.lease ?? {};
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  await snapshot.release();
});

it('locks a table that a later run adds, unless it was truncated since the snapshot', async () => {
  const { client, config, database } = fixture;
  await database.client.query(
    'CREATE TABLE calm AS SELECT 1 AS id; CREATE TABLE emptied AS SELECT 1 AS id; CREATE TABLE other AS SELECT 1 AS id',
  );
  const request = fixture.request([await fixture.table('t')]);
  const tables = { calm: await fixture.table('calm'), emptied: await fixture.table('emptied') };
  const first = await takeElsewhere(request);
  await kill(first.child);
  await database.client.query('TRUNCATE emptied; INSERT INTO emptied VALUES (2)');

  const more = { ...request, tables: [...request.tables, tables.calm], previous: first.lease };
  const second = await takeElsewhere(more);
  expect(second.lease).toEqual(first.lease);
  await database.client.query("SET lock_timeout = '200ms'");
  await expect(database.client.query('TRUNCATE calm')).rejects.toMatchObject({ code: '55P03' });
  await kill(second.child);

  const third = await takeSnapshot(client, config, { ...more, tables: [...more.tables, tables.emptied] });
  expect(third.resumed).toBe(false);
  await eventually('the old holder is gone', () => !isAlive(Number(first.lease['pid'])));
  await third.release();
});

it('has its socket elsewhere when the path would be too long', async () => {
  const { client, config } = fixture;
  const runtimeFolder = path.join(fixture.runtimeFolder, 'a'.repeat(90));
  const snapshot = await takeSnapshot(client, config, fixture.request([await fixture.table('t')], { runtimeFolder }));
  const folder = path.dirname(snapshot.lease?.['socket'] ?? '');
  expect(folder.startsWith(os.tmpdir())).toBe(true);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  await snapshot.release();
  await eventually('the folder is gone', () => !readdirSync(path.dirname(folder)).includes(path.basename(folder)));
});

it.runIf(process.platform === 'linux')('shows no password in its arguments, environment, files or lease', async () => {
  const { client, config, database } = fixture;
  const password = new URL(database.url).password;
  const snapshot = await takeSnapshot(client, config, fixture.request([await fixture.table('t')]));
  const pid = snapshot.lease?.['pid'];
  const shown = [
    readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
    readFileSync(`/proc/${pid}/environ`, 'utf8'),
    ...readdirSync(fixture.runtimeFolder),
    JSON.stringify([snapshot.lease, snapshot.token, snapshot.facts]),
  ].join('\n');
  expect(shown).toContain('holder');
  expect(shown).not.toContain(password);
  // Whoever looks for it by name finds out what it is.
  expect(shown).toMatch(/postgres\/holder\.(ts|js)/);
  await snapshot.release();
});
