import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CuttingProxy, type CutWay } from '../support/cutting-proxy.ts';
import { runCli } from '../support/run-cli.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import type { Digest } from './extract-case.ts';
import {
  ACCOUNT_COLUMNS,
  createAccounts,
  digestOfPostgres,
  expectFiles,
  finish,
  newCase,
  removeFolders,
  smallChunks,
} from './extract-case.ts';

/** The connection that plans is cut, and no other, while it takes the snapshot (0.45) or later: the readers and the snapshot's holder know nothing of it. */

const ROWS = 20_000;
const OPTIONS = '?watchdog=2s&connect_timeout=3';
const FLAGS = ['--table', 'accounts', ...smallChunks(2)];
const APPLICATION = 'sqlextract coordinator';

let database: FreshDatabase;
let truth: Digest;
let undisturbed: number;

beforeAll(async () => {
  database = await freshDatabase('lost_coordinator');
  await createAccounts(database.client, 'accounts', ROWS);
  truth = await digestOfPostgres(database.client, 'accounts', ACCOUNT_COLUMNS);
  await using proxy = await CuttingProxy.start('postgres', database.url, null);
  await finish(newCase(proxy.url(database.url, OPTIONS)), FLAGS);
  undisturbed = proxy.seen().find(({ application }) => application === APPLICATION)?.bytes ?? 0;
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  removeFolders();
});

describe('a run whose coordinator is cut off', () => {
  it.each([
    ['fin', 0.45],
    ['rst', 0.6],
    ['swallow', 0.8],
    ['rst', 0.99],
  ] as const)('goes on in the same snapshot (%s at %d of its bytes)', async (way: CutWay, share) => {
    const cut = { application: APPLICATION, number: 1, afterBytes: Math.floor(undisturbed * share), way };
    await using proxy = await CuttingProxy.start('postgres', database.url, cut);
    const test = newCase(proxy.url(database.url, OPTIONS));
    const report = await finish(test, FLAGS);
    expect(proxy.wasCut).toBe(true);
    expect(proxy.seen().filter(({ application }) => application === APPLICATION)).toHaveLength(2);
    expect(report.level).toBe('snapshot');
    const manifest = await expectFiles(test, 'public.accounts', truth);
    expect(manifest.consistency.epochs).toHaveLength(1);
  });

  it('leaves no holder behind', async () => {
    const cut = { application: APPLICATION, number: 1, afterBytes: Math.floor(undisturbed * 0.8), way: 'rst' } as const;
    await using proxy = await CuttingProxy.start('postgres', database.url, cut);
    await finish(newCase(proxy.url(database.url, OPTIONS)), FLAGS, { env: { SQLEXTRACT_HOLD: '10m' } });
    const holders = async () =>
      (
        await database.client.query(
          "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sqlextract holder'",
        )
      ).rows;
    await expect.poll(holders, { timeout: 10_000 }).toEqual([]);
  });
});

it('a login that is refused is tried once, not once more a thread', async () => {
  await using proxy = await CuttingProxy.start('postgres', database.url, null);
  const nobody = new URL(database.url);
  nobody.username = 'nobody_of_this_name';
  const { folder } = newCase('');
  const run = await runCli(['extract', '--source', proxy.url(nobody.href), ...FLAGS], { cwd: folder });
  expect(run.code).not.toBe(0);
  expect(run.stderr).toContain('nobody_of_this_name');
  expect(proxy.seen()).toHaveLength(1);
});
