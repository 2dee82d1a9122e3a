import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { chunkTimes } from './chunk-times.ts';
import type { Digest, ExtractCase } from './extract-case.ts';
import {
  ACCOUNT_COLUMNS,
  createAccounts,
  createSqliteAccounts,
  die,
  digestOfPostgres,
  digestOfSqlite,
  expectFiles,
  extract,
  finish,
  newCase,
  newFolder,
  refuse,
  removeFolders,
  smallChunks,
} from './extract-case.ts';

/** What a run may ask of the server: sessions, rows and bytes a second, seconds of a query (docs/manual.md, Being gentle). */

const ROWS = 12_000;

let database: FreshDatabase;
let truth: Digest;

beforeAll(async () => {
  database = await freshDatabase('gentle');
  await createAccounts(database.client, 'accounts', ROWS);
  await database.client.query(SLOW);
  truth = await digestOfPostgres(database.client, 'accounts', ACCOUNT_COLUMNS);
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  removeFolders();
});

/** Values that take the server 4 ms each to write, while its keys are found at once. */
const SLOW = `
  CREATE TYPE slow AS (v int);
  CREATE FUNCTION slow_text(slow) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.004); RETURN ($1).v::text; END';
  CREATE CAST (slow AS text) WITH FUNCTION slow_text(slow);
  CREATE TABLE slowly (id int PRIMARY KEY, v slow);
  INSERT INTO slowly SELECT i, ROW(i)::slow FROM generate_series(1, 600) i;
  CREATE TABLE keyless (v slow);
  INSERT INTO keyless SELECT ROW(i)::slow FROM generate_series(1, 600) i;
  ANALYZE;
`;

async function slowTruth(): Promise<Digest> {
  return digestOfPostgres(database.client, '(SELECT id, (v).v AS v FROM slowly) s', ['id', 'v']);
}

/** The most sessions of the program that were there at once while `work` ran. */
async function mostSessions(work: Promise<unknown>): Promise<number> {
  let most = 0;
  const watch = new AbortController();
  const watching = (async () => {
    while (!watch.signal.aborted) {
      const { rows } = await database.client.query<{ n: number }>(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'sqlextract%'",
      );
      most = Math.max(most, rows[0]?.n ?? 0);
      await sleep(10);
    }
  })();
  await work.finally(() => watch.abort());
  await watching;
  return most;
}

describe('--max-connections', () => {
  const flags = ['--table', 'accounts', ...smallChunks(6)];

  it('is all that the server ever sees, and says how many workers are left', async () => {
    const test = newCase(database.url);
    const slower = ['--max-rows-per-second', '12000'];
    const run = finish(test, [...flags, '--max-connections', '4', ...slower]);
    expect(await mostSessions(run)).toBe(4);
    const report = await run;
    expect(report.workers).toBe(2);
    expect(report.remarks).toContain(
      '2 of 6 workers, because of --max-connections 4: one session plans and one holds the snapshot',
    );
    await expectFiles(test, 'public.accounts', truth);
  });

  it('has one more reader where no snapshot is held', async () => {
    const test = newCase(database.url);
    const report = await finish(test, [...flags, '--max-connections', '2', '--consistency', 'chunk']);
    expect(report.workers).toBe(1);
    await expectFiles(test, 'public.accounts', truth);
  });

  it('below what is needed is refused', async () => {
    const test = newCase(database.url);
    const run = await refuse(test, [...flags, '--max-connections', '2'], 'TOO_FEW_CONNECTIONS', 2);
    expect(run.stderr).toContain('--max-connections 3, or --consistency chunk');
    await refuse(test, [...flags, '--max-connections', '1', '--consistency', 'chunk'], 'TOO_FEW_CONNECTIONS', 2);
  });
});

/** Seconds from the first chunk's start to the end of the last. */
function secondsIn(test: ExtractCase): number {
  const { firstStarted, lastFinished } = chunkTimes(test);
  return (lastFinished - firstStarted) / 1000;
}

/* A machine that stops the run for a moment spoils a measurement, not the rate: it is measured again then. */
describe('the rate', { retry: 2 }, () => {
  it('of rows is kept over all workers, and nothing is lost by it', async () => {
    const test = newCase(database.url);
    await finish(test, ['--table', 'accounts', ...smallChunks(3), '--max-rows-per-second', '3500']);
    const perSecond = ROWS / secondsIn(test);
    expect(perSecond).toBeGreaterThan(3500 * 0.85);
    expect(perSecond).toBeLessThan(3500 * 1.15);
    await expectFiles(test, 'public.accounts', truth);
  });

  it('of bytes is that of what the server sends', async () => {
    const { rows } = await database.client.query<{ bytes: string }>(
      // COPY's binary form: a count of fields, a length before each, and the values; numeric(12,2) of 100.00 takes 10 bytes.
      'SELECT sum(2 + 4 * 4 + 8 + 4 + coalesce(octet_length(note), 0) + 10) AS bytes FROM accounts',
    );
    const bytes = Number(rows[0]?.bytes);
    const test = newCase(database.url);
    const limit = Math.round(bytes / 3.2);
    await finish(test, ['--table', 'accounts', ...smallChunks(2), '--max-bytes-per-second', String(limit)]);
    const perSecond = bytes / secondsIn(test);
    expect(perSecond).toBeGreaterThan(limit * 0.85);
    expect(perSecond).toBeLessThan(limit * 1.15);
    await expectFiles(test, 'public.accounts', truth);
  });

  it('is kept for files, too', async () => {
    const path = join(newFolder(), 'accounts.sqlite');
    createSqliteAccounts(path, ROWS);
    const test = newCase(path);
    await finish(test, ['--table', 'accounts', ...smallChunks(2), '--max-rows-per-second', '3500']);
    const perSecond = ROWS / secondsIn(test);
    expect(perSecond).toBeGreaterThan(3500 * 0.85);
    expect(perSecond).toBeLessThan(3500 * 1.15);
    await expectFiles(test, 'accounts', digestOfSqlite(path, 'accounts', ACCOUNT_COLUMNS));
  });

  it('does not keep SIGKILL and the rerun from being what they are', async () => {
    const test = newCase(database.url);
    const flags = ['--table', 'accounts', ...smallChunks(2)];
    await die(test, [...flags, '--max-rows-per-second', '4000'], 'mid-read:4');
    await finish(test, flags);
    await expectFiles(test, 'public.accounts', truth);
  });
});

describe('--max-query-seconds', () => {
  const slow = ['--table', 'slowly', '--workers', '1', '--format', 'csv', '--compression', 'none'];

  it('cuts ranges that take too long until they do not', async () => {
    const test = newCase(database.url);
    const report = await finish(test, [...slow, '--max-query-seconds', '1']);
    expect(report.retries).toBeGreaterThan(0);
    expect(report.level).toBe('snapshot');
    const manifest = await expectFiles(test, 'public.slowly', await slowTruth());
    expect(manifest.files.length).toBeGreaterThan(2);
    expect(Math.max(...manifest.files.map(({ rows }) => rows))).toBeLessThan(260);
  });

  it.each(['before-plan:2', 'after-plan:2', 'before-state-commit:1', 'after-plan:3'])(
    'killed at %s, with a cut before or behind it, the rerun has every row once',
    async (fault) => {
      const test = newCase(database.url);
      await die(test, [...slow, '--max-query-seconds', '1'], fault);
      await finish(test, slow);
      await expectFiles(test, 'public.slowly', await slowTruth());
    },
  );

  it('gives up what cannot be cut when its tries are used up, and names both', async () => {
    const test = newCase(database.url);
    const flags = ['--table', 'keyless', '--limit', '600', '--max-query-seconds', '1', '--retries', '1'];
    const run = await extract(test, [...flags, '--format', 'csv']);
    expect(run.code, run.stderr).toBe(5);
    expect(run.stderr).toContain('code: QUERY_TOO_LONG');
    expect(run.stderr).toContain('given up after 2 tries, --retries 1');
    await finish(test, ['--table', 'keyless', '--limit', '600', '--format', 'csv']);
  });
});
