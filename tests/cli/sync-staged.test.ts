import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { SyncReport } from '../../src/sync/sync-report.ts';
import { freshMariadb } from '../support/mariadb-server.ts';
import { type CliRun, runCli } from '../support/run-cli.ts';

/** `sync` into a target that stages, while the extract goes on. */

const ROWS = 4000;
const folders: string[] = [];
let folder: string;
let number = 0;

afterAll(() => {
  for (const one of folders) rmSync(one, { recursive: true, force: true });
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'staged-'));
  folders.push(folder);
  const database = new DatabaseSync(join(folder, 'shop.sqlite'));
  for (const table of ['users', 'orders']) {
    database.exec(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, note TEXT)`);
    database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
      INSERT INTO ${table} SELECT i, '${table} ' || i || char(10) || '"' FROM n`);
  }
  database.close();
});

async function openTarget() {
  number += 1;
  const database = await freshMariadb(`sync_staged_${number}`);
  const sync = async (args: readonly string[], fault?: string): Promise<CliRun> =>
    runCli(['sync', '--source', 'shop.sqlite', '--workers', '2', '--chunk-size', '20KB', ...args], {
      cwd: folder,
      env: { SQLEXTRACT_TARGET: database.url, ...(fault === undefined ? {} : { SQLEXTRACT_FAULT: fault }) },
    });
  const rows = async (statement: string): Promise<readonly (readonly unknown[])[]> => {
    const [found] = await database.client.query({ sql: statement, rowsAsArray: true });
    return found as unknown as unknown[][];
  };
  return { database, sync, rows, [Symbol.asyncDispose]: async () => database[Symbol.asyncDispose]() };
}

type Target = Awaited<ReturnType<typeof openTarget>>;

async function expectExact({ rows }: Target, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    const [found = []] = await rows(`SELECT count(*), sum(id), count(DISTINCT note), sum(length(note)) FROM ${table}`);
    const source = new DatabaseSync(join(folder, 'shop.sqlite'), { readOnly: true });
    const own = source
      .prepare(`SELECT count(*) AS a, sum(id) AS b, count(DISTINCT note) AS c, sum(length(note)) AS d FROM ${table}`)
      .get();
    source.close();
    expect(found.map(Number)).toEqual(Object.values(own ?? {}).map(Number));
  }
  const left = (await rows('SHOW TABLES')).map(([name]) => String(name));
  expect(left.filter((name) => name.startsWith('_sqlextract_'))).toEqual(['_sqlextract_loads']);
}

describe('files are staged as they arrive', () => {
  test('of two tables, and published when the run is complete', async () => {
    await using target = await openTarget();
    const { code, stdout, stderr } = await target.sync(['--table', '*', '--json']);
    const givenUp = stderr.split('\n').filter((line) => line.includes('staged after the run'));
    expect({ code, givenUp }).toEqual({ code: 0, givenUp: [] });
    const report = JSON.parse(stdout) as SyncReport;
    expect(report.verification.map(({ table, verdict }) => [table, verdict])).toEqual([
      ['orders', 'equal'],
      ['users', 'equal'],
    ]);
    const staged = (report.load?.tables ?? []).map(({ outcome }) =>
      outcome.kind === 'loaded' ? outcome.resumedFiles : 0,
    );
    expect(Math.max(...staged)).toBeGreaterThan(0);
    await expectExact(target, ['users', 'orders']);
  });
});

describe('killed and run again', () => {
  const faults = [
    'mid-read:2',
    'before-load-stage:2',
    'after-load-stage:3',
    'after-manifest',
    'before-load-publish',
    'after-load-publish',
  ];

  test.each(faults)('at %s: the target has the rows once, and nothing of ours is left there', async (fault) => {
    await using target = await openTarget();
    const args = ['--table', 'users', '--mode', 'append'];
    // A younger file could have changed without showing it, and the run would be mixed.
    await sleep(1100);
    expect((await target.sync(args, fault)).signal).toBe('SIGKILL');
    const { code, stdout } = await target.sync(args);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('✓ users: 4,000 rows in ') });
    await expectExact(target, ['users']);
  });

  test('with --fresh: what the killed run had staged is taken away', async () => {
    await using target = await openTarget();
    await target.sync(['--table', 'users'], 'before-load-publish');
    expect((await target.sync(['--table', 'users', '--fresh'])).code).toBe(0);
    await expectExact(target, ['users']);
  });
});
