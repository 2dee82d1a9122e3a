import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CatchUpReport } from '../../src/catch-up/report.ts';
import type { ExtractCase } from '../engine/extract-case.ts';
import {
  call,
  createAccounts,
  createSqliteAccounts,
  die,
  digestOfPostgres,
  extract,
  newCase,
  newFolder,
  readManifestOf,
  removeFolders,
  SMALL_CHUNKS,
  smallChunks,
} from '../engine/extract-case.ts';
import { openDuckDb } from '../support/duckdb.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import type { CliRun } from '../support/run-cli.ts';

const ROWS = 2500;
const COLUMNS = ['id', 'version', 'note', 'balance'];

let database: FreshDatabase;
let client: Client;

beforeAll(async () => {
  database = await freshDatabase('catch_up');
  client = database.client;
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  removeFolders();
});

/** Every change there is, on both sides of what is read by then: rows, keys that move into what was read, and out of it. */
const CHANGES = (table: string): string => `
  UPDATE ${table} SET version = version + 1 WHERE id % 10 = 0;
  INSERT INTO ${table} SELECT id + 1, 0, 'new', 1 FROM ${table} WHERE id % 50 = 0;
  DELETE FROM ${table} WHERE id % 34 = 0;
  UPDATE ${table} SET id = -id WHERE id % 26 = 0;
  UPDATE ${table} SET id = id + 100001 WHERE id % 22 = 0 AND id > 0`;

interface MixedRun {
  readonly folder: ExtractCase;
  readonly flags: readonly string[];
  /** The run's own last words. */
  readonly run: CliRun;
}

/** Killed when some chunks were there, changed, and run again in another snapshot. */
async function mixed(table: string, more: readonly string[] = [], changes = CHANGES(table)): Promise<MixedRun> {
  await createAccounts(client, table, ROWS);
  const folder = newCase(database.url);
  const flags = ['--table', table, ...SMALL_CHUNKS, '--hold', '0', ...more];
  await die(folder, flags, 'mid-read:4');
  await client.query(changes);
  const run = await extract(folder, flags);
  expect(run.code, run.stderr).toBe(0);
  return { folder, flags, run };
}

async function caughtUp({
  folder,
  flags,
}: Pick<MixedRun, 'folder' | 'flags'>): Promise<CatchUpReport['tables'][number]> {
  const run = await extract(folder, [...flags, '--catch-up', '--json']);
  expect(run.code, run.stderr + run.stdout).toBe(0);
  const [only] = (JSON.parse(run.stdout) as CatchUpReport).tables;
  if (only === undefined) throw new Error('no table was reported');
  return only;
}

/** What the target has after `load`. */
async function loadedInto(folder: ExtractCase, target: string, args: readonly string[] = []): Promise<CliRun> {
  return call(folder, ['load', '--target', target, ...args], { env: { HOME: folder.folder } });
}

async function rowsInDuckDb(folder: ExtractCase, table: string): Promise<readonly string[]> {
  const connection = await openDuckDb();
  await connection.run(`ATTACH '${join(folder.folder, 'w.duckdb')}' AS w (READ_ONLY)`);
  const rows = await connection.runAndReadAll(`SELECT concat_ws('|', ${COLUMNS.join(', ')}) FROM w.${table}`);
  await connection.run('DETACH w');
  connection.closeSync();
  return rows
    .getRows()
    .map(([row]) => String(row))
    .toSorted();
}

async function rowsOf(table: string, where = 'true'): Promise<readonly string[]> {
  const { rows } = await client.query<{ t: string }>(
    `SELECT concat_ws('|', ${COLUMNS.join(', ')}) AS t FROM ${table} WHERE ${where}`,
  );
  return rows.map(({ t }) => t).toSorted();
}

describe('a mixed run of PostgreSQL', () => {
  test('is refused by load, offers its catch-up, and loads as the table with it; a second one has nothing to do', async () => {
    const one = await mixed('shop');
    const { folder, flags, run } = one;
    expect(run.stdout).toContain('consistency: mixed');
    expect(run.stdout).toContain(`Next: sqlextract extract ${flags.join(' ')} --catch-up\n`);
    const alone = await loadedInto(folder, 'w.duckdb');
    expect([alone.code, alone.stderr]).toEqual([6, expect.stringContaining('extract --catch-up --table public.shop')]);

    const { outcome } = await caughtUp(one);
    expect(outcome).toMatchObject({ kind: 'caught-up', rows: expect.any(Number), gone: expect.any(Number) });
    expect(outcome.kind === 'caught-up' && outcome.gone).toBeGreaterThan(100);
    // Rows that nobody wrote are not read again.
    expect(outcome.kind === 'caught-up' && outcome.rows).toBeLessThan(ROWS / 2);
    const truth = await rowsOf('shop');
    const load = await loadedInto(folder, 'w.duckdb');
    expect(load.code, load.stderr + load.stdout).toBe(0);
    expect(load.stdout).toMatch(/Replaced.*\n.*Deleted.*\n.*Merged/);
    expect(await rowsInDuckDb(folder, 'shop')).toEqual(truth);
    expect((await loadedInto(folder, 'w.duckdb')).stdout).toContain('is loaded already');

    const same = await call(folder, ['verify', '--against-source']);
    expect(same.code, same.stderr + same.stdout).toBe(0);

    await client.query('CREATE SCHEMA copy');
    const other = await loadedInto(folder, database.url, ['--schema', 'copy']);
    expect(other.code, other.stderr + other.stdout).toBe(0);
    expect(await digestOfPostgres(client, 'copy.shop', COLUMNS)).toEqual(
      await digestOfPostgres(client, 'shop', COLUMNS),
    );

    expect((await caughtUp(one)).outcome).toMatchObject({
      kind: 'nothing',
      sentence: expect.stringContaining('caught up'),
    });
    const scripts = await call(folder, ['generate-ingest', '--target', 'duckdb', '--json']);
    const { plan } = JSON.parse(scripts.stdout) as { plan: { tables: readonly { mode: string }[] } };
    expect(plan.tables.map(({ mode }) => mode)).toEqual(['replace', 'delete', 'merge']);

    // The base by itself is as mixed as it was; modes that would double its rows are refused.
    const { manifest } = readManifestOf(folder, 'public.shop');
    const base = await loadedInto(folder, 'x.duckdb', ['--run', manifest.catchUp?.run ?? '']);
    expect(base.stderr).toContain('code: INGEST_MIXED');
    const half = await loadedInto(folder, 'x.duckdb', ['--run', manifest.incremental?.previous ?? '', '--allow-mixed']);
    expect(half.stderr).toContain('a part of a catch-up');
    expect((await loadedInto(folder, 'x.duckdb', ['--mode', 'append'])).stderr).toContain('code: INGEST_WINDOW_MODE');
    const refreshed = await loadedInto(folder, 'x.duckdb', ['--mode', 'full-refresh']);
    expect(refreshed.code, refreshed.stderr).toBe(0);

    const verified = await call(folder, ['verify', '--run', manifest.incremental?.previous ?? '', '--against-source']);
    expect([verified.code, verified.stderr]).toEqual([2, expect.stringContaining('keys of rows that are gone')]);
  });

  test('under a condition, in CSV, and by chunk: rows that left the selection are gone', async () => {
    const where = ['--where', 'version = 0 AND id > -2000', '--consistency', 'chunk'];
    const one = await mixed('part', where);
    expect((await caughtUp(one)).outcome.kind).toBe('caught-up');
    const load = await loadedInto(one.folder, 'w.duckdb');
    expect(load.code, load.stderr + load.stdout).toBe(0);
    expect(await rowsInDuckDb(one.folder, 'part')).toEqual(await rowsOf('part', 'version = 0 AND id > -2000'));
  });

  test('killed anywhere, again and again: nothing of a half is used, and the end is the table', async () => {
    const one = await mixed('killed');
    const { folder, flags } = one;
    for (const fault of ['mid-read:2', 'before-catch-up', 'before-manifest:3', 'mid-catch-up']) {
      await die(folder, [...flags, '--catch-up'], fault);
      await client.query(`UPDATE killed SET note = '${fault}' WHERE id % 7 = 0; DELETE FROM killed WHERE id % 122 = 0`);
    }
    expect((await loadedInto(folder, 'w.duckdb')).stderr).toContain('code: INGEST_MIXED');
    const truth = await rowsOf('killed');
    await die(folder, [...flags, '--catch-up'], 'after-catch-up');
    await client.query('DELETE FROM killed WHERE id % 3 = 0');
    expect((await caughtUp(one)).outcome.kind).toBe('nothing');
    const load = await loadedInto(folder, 'w.duckdb');
    expect(load.code, load.stderr + load.stdout).toBe(0);
    expect(await rowsInDuckDb(folder, 'killed')).toEqual(truth);
  });

  test('under a condition with a clock, or with other columns now, is read again, and says why', async () => {
    const one = await mixed('clocked', ['--where', 'id < extract(epoch FROM now())']);
    const asked = [...one.flags, '--catch-up', '--dry-run'];
    expect((await extract(one.folder, asked)).stdout).toContain('all of it is to be read: its --where may pick');
    await client.query('ALTER TABLE clocked ADD COLUMN more text');
    const { outcome } = await caughtUp(one);
    const why = expect.stringContaining('column 5 was not set and is more') as unknown;
    expect(outcome).toMatchObject({ kind: 'again', why, report: { level: 'snapshot' } });
  });

  test('sync takes its run once it is caught up; with a name and a key that need quotes: keys that moved are there as they are called now', async () => {
    const name = '"O\'Brien; x"';
    await client.query(`CREATE TABLE ${name} ("K ""y" text PRIMARY KEY, v numeric)`);
    await client.query(`INSERT INTO ${name} SELECT 'key ' || i, i FROM generate_series(1, 3000) i; ANALYZE ${name}`);
    const folder = newCase(database.url);
    const flags = ['--table', `public.${name}`, ...smallChunks(1, '20KB', 'parquet'), '--hold', '0'];
    const target = ['--target', 'w.duckdb'];
    const sync = async (fault?: string): Promise<CliRun> =>
      call(folder, ['sync', ...flags, ...target], fault === undefined ? {} : { fault });
    expect((await sync('mid-read:2')).signal).toBe('SIGKILL');
    await client.query(
      `UPDATE ${name} SET "K ""y" = upper("K ""y") WHERE v % 5 = 0; DELETE FROM ${name} WHERE v % 7 = 0`,
    );
    const run = await sync();
    expect([run.code, run.stdout]).toEqual([6, expect.stringContaining('code: INGEST_MIXED')]);
    const { outcome } = await caughtUp({ folder, flags });
    expect(outcome).toMatchObject({ kind: 'caught-up', rows: 515 });
    const load = await sync();
    expect([load.code, load.stderr]).toEqual([
      0,
      expect.stringContaining('which an earlier call extracted, is loaded as it is'),
    ]);
    const connection = await openDuckDb();
    await connection.run(`ATTACH '${join(folder.folder, 'w.duckdb')}' AS w (READ_ONLY)`);
    const found = await connection.runAndReadAll(`SELECT "K ""y" || v FROM w."O'Brien; x"`);
    await connection.run('DETACH w');
    connection.closeSync();
    const { rows } = await client.query<{ t: string }>(`SELECT "K ""y" || v AS t FROM ${name}`);
    expect(
      found
        .getRows()
        .map(([row]) => String(row))
        .toSorted(),
    ).toEqual(rows.map(({ t }) => t).toSorted());
  });
});

describe('elsewhere', () => {
  test('SQLite: a killed run is finished, a mixed one read again, one of one state left alone', async () => {
    const folder = newFolder();
    const path = join(folder, 'a.sqlite');
    createSqliteAccounts(path, ROWS);
    const one = { folder: { folder, url: path }, flags: ['--table', 'accounts', ...SMALL_CHUNKS] };
    const none = await extract(one.folder, [...one.flags, '--catch-up']);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('code: CATCH_UP_NOTHING')]);
    await die(one.folder, one.flags, 'mid-read:4');
    change(path, 'UPDATE accounts SET version = 1 WHERE id % 10 = 0');
    const finished = await extract(one.folder, [...one.flags, '--catch-up', '--json']);
    const report = JSON.parse(finished.stdout) as CatchUpReport;
    expect([finished.code, report.status]).toEqual([8, 'incomplete']);
    expect(report.tables[0]).toMatchObject({ outcome: { kind: 'again', report: { level: 'mixed' } } });
    expect((await extract(one.folder, [...one.flags, '--catch-up', '--dry-run'])).stdout).toContain(
      'all of it is to be read: this kind of source keeps no version of every row',
    );
    const read = await extract(one.folder, [...one.flags, '--catch-up']);
    expect([read.code, read.stdout]).toEqual([
      0,
      expect.stringContaining('✓ accounts: all of it was read, 2,500 rows: this'),
    ]);
    expect((await caughtUp(one)).outcome).toMatchObject({ kind: 'nothing' });
    const windows = await extract(one.folder, [...one.flags, '--incremental-by', 'id', '--catch-up']);
    expect([windows.code, windows.stderr]).toEqual([2, expect.stringContaining('code: USAGE_INCREMENTAL')]);
  });

  test('a window of several instants needs none: load takes it, and the next one brings the rest', async () => {
    const folder = newFolder();
    const path = join(folder, 'a.sqlite');
    const one = { folder, url: path };
    change(
      path,
      `CREATE TABLE events (id INTEGER PRIMARY KEY, at DATETIME NOT NULL, note TEXT);
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
       INSERT INTO events SELECT i, datetime('2026-01-01', '+' || (i / 4) || ' minutes'), 'note ' || i FROM n`,
    );
    const flags = ['--table', 'events', '--incremental-by', 'at', '--workers', '1', '--chunk-size', '4KB'];
    await die(one, flags, 'mid-read:3');
    change(path, `UPDATE events SET at = datetime('now'), note = 'new' WHERE id % 10 = 0`);
    const run = await extract(one, flags);
    expect([run.code, run.stdout]).toEqual([0, expect.stringMatching(/consistency: mixed[^]*Next: sqlextract load/)]);
    const load = await loadedInto(one, 'w.duckdb');
    expect([load.code, load.stderr]).toEqual([0, expect.stringContaining('needs no catch-up')]);
    await sleep(1100);
    expect((await extract(one, flags)).code).toBe(0);
    expect((await loadedInto(one, 'w.duckdb')).code).toBe(0);
    const connection = await openDuckDb();
    await connection.run(`ATTACH '${join(folder, 'w.duckdb')}' AS w (READ_ONLY)`);
    const found = await connection.runAndReadAll(`SELECT count(*), count(*) FILTER (note = 'new') FROM w.events`);
    await connection.run('DETACH w');
    connection.closeSync();
    expect(found.getRows().map((row) => row.map(Number))).toEqual([[600, 60]]);
  });
});

function change(path: string, statement: string): void {
  const database = new DatabaseSync(path);
  database.exec(statement);
  database.close();
}
