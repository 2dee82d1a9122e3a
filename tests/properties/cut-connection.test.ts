import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Digest, ExtractCase } from '../engine/extract-case.ts';
import { digestOfPostgres, expectFiles, finish, newCase, removeFolders } from '../engine/extract-case.ts';
import { type Cut, CUT_WAYS, CuttingProxy, type SeenConnection } from '../support/cutting-proxy.ts';
import { type FreshDatabase, freshDatabase } from '../support/postgres-server.ts';
import { runCli } from '../support/run-cli.ts';
import { Random } from './random.ts';

/*
 * A connection of the program is cut, or goes silent, at a random byte of what the server sends on it. The program ends with every
 * row, or says that it did not; it never waits for ever; and the same command, run again, finishes exactly.
 *
 *   CUTS=100 npx vitest run tests/properties/cut-connection.test.ts     so many cuts instead of 20
 *   SEED=7 …                                                            others
 */
const CUTS = Number(process.env['CUTS'] ?? 20);
const SEED = Number(process.env['SEED'] ?? 20_261);

const ROWS = 20_000;
const TABLE = 'measured';
const COLUMNS = ['id', 'note', 'amount', 'day'];
const FLAGS = [
  '--table',
  TABLE,
  '--workers',
  '2',
  '--chunk-size',
  '200KB',
  '--batch-size',
  '500',
  '--format',
  'csv',
  '--compression',
  'none',
];
const OPTIONS = '?watchdog=2s&connect_timeout=3';
/** The silence itself, the questions about it, the back-off of a few tries, and the run on a busy machine. */
const LONGEST_MS = 40_000;

let database: FreshDatabase;
let truth: Digest;
/** The connections of a run that nothing disturbs, and how much each was sent. */
let connections: readonly SeenConnection[];
let reached = 0;

beforeAll(async () => {
  database = await freshDatabase('cut_connection');
  await database.client.query(
    `CREATE TABLE ${TABLE} (id bigint PRIMARY KEY, note text, amount numeric(12,2), day date);
     INSERT INTO ${TABLE} SELECT i * 3, CASE WHEN i % 7 = 0 THEN NULL ELSE repeat('note "' || i || '", ', i % 5) END, i / 8.0,
       date '2024-01-01' + i FROM generate_series(1, ${ROWS}) i;
     ANALYZE ${TABLE}`,
  );
  truth = await digestOfPostgres(database.client, TABLE, COLUMNS);
  await using proxy = await CuttingProxy.start(database.url, null);
  const test = newCase(proxy.url(database.url, OPTIONS));
  await finish(test, FLAGS);
  await exact(test);
  connections = proxy.seen();
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  removeFolders();
});

async function exact(test: ExtractCase): Promise<void> {
  const manifest = await expectFiles(test, `public.${TABLE}`, truth);
  expect(manifest.files.length).toBeGreaterThan(3);
}

const PARTS = ['coordinator', 'holder', 'reader'] as const;

/** Half of the cuts are in what the readers are sent; a third in the first bytes, where the handshake is. Parts and ways in all pairs. */
function randomCut(random: Random, index: number): Cut {
  const pair = Math.floor(index / 2);
  const part = (index % 2 === 0 ? 'reader' : PARTS[pair % PARTS.length]) ?? 'reader';
  const { application, number, bytes } = random.pick(connections.filter((one) => one.application.endsWith(part)));
  const afterBytes = random.chance(0.3) ? random.integer(0, Math.min(600, bytes - 1)) : random.integer(0, bytes - 1);
  return { application, number, afterBytes, way: CUT_WAYS[pair % CUT_WAYS.length] ?? 'fin' };
}

async function cutOnce(cut: Cut, index: number): Promise<void> {
  const where = `${cut.application} ${cut.number}, ${cut.way} after ${cut.afterBytes} bytes`;
  const { folder, code } = await runCut(cut, where);
  const direct: ExtractCase = { folder, url: database.url };
  if (code === 0) await exact(direct);
  // After a run that did end, the rerun is one like any other.
  if (code === 0 && index % 5 !== 0) return;
  await finish(direct, FLAGS);
  await exact(direct);
}

async function runCut(cut: Cut, where: string): Promise<{ folder: string; code: number | null }> {
  await using proxy = await CuttingProxy.start(database.url, cut);
  const test = newCase(proxy.url(database.url, OPTIONS));
  // Rejects, with where it stood, when it does not end.
  const env = { SQLEXTRACT_SOURCE: test.url, SQLEXTRACT_HOLD: '5s' };
  const run = await runCli(['extract', ...FLAGS], { cwd: test.folder, env, timeoutMs: LONGEST_MS }).catch(
    (error: unknown) => {
      throw new Error(where, { cause: error });
    },
  );
  // Which reader takes which range is decided by who comes first.
  if (proxy.wasCut) reached += 1;
  else expect(run.code, `${where} was never reached: ${run.stderr}`).toBe(0);
  expect(run.signal, where).toBeNull();
  if (run.code !== 0) expect(run.stderr, where).toMatch(/^ {4}code: (SOURCE|SNAPSHOT|HOLDER)_[A-Z_]+$/m);
  return { folder: test.folder, code: run.code };
}

/** Most of a case is waiting; more at once would only make the program slow. */
const atOnce = pLimit(3);

describe('a connection is cut', () => {
  it.concurrent.each(Array.from({ length: CUTS }, (_, index) => index))(
    'number %i',
    async (index) => atOnce(async () => cutOnce(randomCut(new Random(SEED * 1000 + index), index), index)),
    CUTS * 3 * LONGEST_MS,
  );

  it('nearly always', () => {
    expect(reached).toBeGreaterThanOrEqual(CUTS * 0.8);
  });
});
