import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { RunReport } from '../../src/engine/report.ts';
import { type FreshDatabase, freshDatabase } from '../support/postgres-server.ts';
import { type CliRun, runCli } from '../support/run-cli.ts';

let database: FreshDatabase;
let folder: string;

beforeAll(async () => {
  database = await freshDatabase('incremental', inject('postgresUrl'));
  folder = await mkdtemp(join(tmpdir(), 'incremental-'));
  await database.client.query(`
    CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total numeric(12,2), at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX ON orders (at);
    INSERT INTO orders (total, at) SELECT i, now() - i * interval '1 minute' FROM generate_series(1, 300) AS i`);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function extract(by: string, args: readonly string[] = []): Promise<CliRun> {
  const job = ['--table', 'orders', '--incremental-by', by, '--state-dir', `state-${by}`, '--out', `out-${by}`];
  return runCli(['extract', ...job, '--json', ...args], { cwd: folder, env: { SQLEXTRACT_SOURCE: database.url } });
}

/** Rows that one more run delivers. */
async function rows(by: string, args: readonly string[] = []): Promise<number> {
  const { code, stdout, stderr } = await extract(by, args);
  expect({ code, stderr: code === 0 ? '' : stderr + stdout }).toEqual({ code: 0, stderr: '' });
  return (JSON.parse(stdout) as RunReport).rows;
}

/**
 * One more run delivers `n` rows. Transactions of the whole server hold the numbers back, those of other tests too: rows may then come again, and
 * none come once they have ended.
 */
async function expectRows(by: string, n: number): Promise<void> {
  const found = await rows(by);
  if (by !== 'xmin') return expect(found).toBe(n);
  expect(found).toBeGreaterThanOrEqual(n);
  if (n > 0) return;
  for (let tries = 0; tries < 30 && (await rows(by)) > 0; tries += 1) await sleep(500);
  expect(await rows(by)).toBe(0);
}

describe.each(['at', 'id', 'xmin'])('by %s', (by) => {
  test('nothing is missed of a transaction that was open, and nothing comes without changes', async () => {
    const { client } = database;
    const all = Number((await client.query<{ n: string }>('SELECT count(*) AS n FROM orders')).rows[0]?.n);
    expect(await rows(by)).toBe(all);
    await expectRows(by, 0);
    const other = new pg.Client({ connectionString: database.url });
    await other.connect();
    await other.query('BEGIN');
    await other.query('INSERT INTO orders (total) VALUES (1), (2)');
    await client.query('INSERT INTO orders (total) VALUES (3)');
    // A number has no clock: what is open is waited for, and not for ever.
    if (by === 'id') {
      const busy = await extract(by, ['--cursor-wait', '300ms']);
      expect([busy.code, busy.stdout]).toEqual([5, expect.stringContaining('CURSOR_BUSY')]);
    } else await expectRows(by, by === 'at' ? 0 : 1);
    await other.query('COMMIT');
    await other.end();
    // By transaction numbers, rows of others that an open one was older than come again.
    await expectRows(by, 3);
    await expectRows(by, 0);
  });
});

test('by transaction numbers an update is seen that no column tells of; append is refused', async () => {
  await rows('xmin');
  await database.client.query('UPDATE orders SET total = total + 1 WHERE id <= 4');
  await expectRows('xmin', 4);
  const refused = await extract('xmin', ['--strategy', 'append']);
  expect([refused.code, refused.stdout]).toEqual([2, expect.stringContaining('CURSOR_COLUMN')]);
});

test('a first window that ends before rows that are stamped hours ahead says what they may be', async () => {
  await database.client.query(
    "CREATE TABLE ahead AS SELECT 1 AS id, (now() + interval '1 hour')::timestamp AS at; ALTER TABLE ahead ADD PRIMARY KEY (id)",
  );
  const args = ['plan', '--table', 'ahead', '--incremental-by', 'at'];
  const { stdout } = await runCli(args, { cwd: folder, env: { SQLEXTRACT_SOURCE: database.url } });
  expect(stdout).toMatch(/rows stamped up to .* lie behind the end of this window.*--cursor-zone/s);
});

// As after a clock that was set back by an hour.
test('a window that would end before the watermark says so', async () => {
  const late = await extract('at', ['--cursor-lag', '1h', '--job', 'late']);
  expect(late.stdout).not.toContain('before the watermark');
  const { stdout } = await extract('at', ['--cursor-lag', '20h', '--job', 'late']);
  expect(stdout).toMatch(/the window ends at \S+ \S+, before the watermark .*--detect-changes, brings/);
});
