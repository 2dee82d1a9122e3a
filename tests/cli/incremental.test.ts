import { rmSync, utimesSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, test } from 'vitest';
import type { RunReport } from '../../src/engine/report.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { openDuckDb } from '../support/duckdb.ts';
import { type CliRun, runCli } from '../support/run-cli.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const ROWS = 600;
const BY = ['--incremental-by', 'at'];

/** A log of 600 events, four a minute, in a file of its own. */
async function newLog(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'incremental-'));
  folders.push(folder);
  change(
    folder,
    `CREATE TABLE events (id INTEGER PRIMARY KEY, at DATETIME NOT NULL, note TEXT);
     CREATE INDEX events_at ON events (at);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
     INSERT INTO events SELECT i, datetime('2026-01-01', '+' || (i / 4) || ' minutes'), 'note ' || i FROM n`,
  );
  return folder;
}

function change(folder: string, statement: string): void {
  const database = new DatabaseSync(join(folder, 'log.sqlite'));
  database.exec(statement);
  database.close();
}

async function extract(
  folder: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<CliRun> {
  const table = ['--source', 'log.sqlite', '--table', 'events', '--chunk-size', '4KB'];
  const by = args.includes('--incremental-by') ? [] : BY;
  return runCli(['extract', ...table, ...by, '--json', ...args], { cwd: folder, env });
}

/** The ids that one more run delivers, in their order. */
async function delivered(folder: string, args: readonly string[] = []): Promise<readonly number[]> {
  return (await run(folder, args)).ids;
}

async function run(folder: string, args: readonly string[] = []) {
  const result = await extract(folder, args);
  expect({ code: result.code, stderr: result.code === 0 ? '' : result.stderr + result.stdout }).toEqual({
    code: 0,
    stderr: '',
  });
  const report = JSON.parse(result.stdout) as RunReport;
  const path = report.tables[0]?.manifest ?? '';
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest;
  return { report, manifest, ids: await idsOf(path, manifest), stderr: result.stderr };
}

async function idsOf(path: string, { files }: Manifest): Promise<readonly number[]> {
  const connection = await openDuckDb();
  const paths = files.map((file) => `'${join(path, '..', file.path)}'`).join(', ');
  const rows = await connection.runAndReadAll(`SELECT id FROM read_parquet([${paths}]) ORDER BY id`);
  connection.closeSync();
  return rows.getRows().map(([id]) => Number(id));
}

const ALL = Array.from({ length: ROWS }, (_, index) => index + 1);
const NEXT_DAY = `'2026-01-02 00:00:00'`;

describe('windows', () => {
  test('the first reads all, later ones what is new, and without changes none, which moves nothing', async () => {
    const folder = await newLog();
    expect(await delivered(folder)).toEqual(ALL);
    expect(await delivered(folder)).toEqual([]);
    // At the very value of the last row, and later; an update moves its row into the window.
    change(folder, `INSERT INTO events SELECT 601, max(at), 'tie' FROM events`);
    expect(await delivered(folder)).toEqual([601]);
    change(folder, `INSERT INTO events VALUES (602, ${NEXT_DAY}, ''); UPDATE events SET at = ${NEXT_DAY} WHERE id = 5`);
    const { ids, manifest } = await run(folder);
    expect(ids).toEqual([5, 602]);
    expect(manifest.incremental).toMatchObject({
      strategy: 'merge',
      uniqueKey: ['id'],
      reset: false,
      repeatedTo: null,
    });
    expect(await delivered(folder)).toEqual([]);
  });

  test('are read in ranges of the cursor, and hold under a condition of the person', async () => {
    const folder = await newLog();
    const condition = ['--where', 'id % 2 = 0 OR id = 1', '--workers', '2'];
    expect(await delivered(folder, condition)).toEqual(ALL.filter((id) => id % 2 === 0 || id === 1));
    change(folder, `UPDATE events SET at = '2026-02-0' || (1 + id % 7) || ' 00:00:00'`);
    const { ids, manifest } = await run(folder, condition);
    expect(ids).toHaveLength(301);
    expect(manifest.files.length).toBeGreaterThan(2);
    expect(manifest.selection.where).toBe('id % 2 = 0 OR id = 1');
    // Another condition is another job, with a watermark of its own.
    expect(await delivered(folder)).toEqual(ALL);
  });

  test('--lookback brings rows again, and says up to where', async () => {
    const folder = await newLog();
    await run(folder, ['--strategy', 'append']);
    const { ids, manifest } = await run(folder, [
      '--strategy',
      'append',
      '--lookback',
      '2 minutes',
      '--on-change',
      'warn',
    ]);
    expect(ids).toEqual(ALL.slice(-9));
    expect(manifest.incremental?.repeatedTo).toBe('2026-01-01 02:30:00');
  });

  test('--start and --end read a closed range again, and the watermark stays', async () => {
    const folder = await newLog();
    await run(folder);
    const range = ['--start', '@from', '--end', '2026-01-01 00:02:00', '--vars', '{"from": "2026-01-01 00:01:00"}'];
    const { ids, manifest } = await run(folder, range);
    expect(ids).toEqual([4, 5, 6, 7]);
    expect(manifest.incremental).toMatchObject({ backfill: true, reset: false });
    expect(await delivered(folder)).toEqual([]);
    expect((await extract(folder, ['--end', '2026-01-01'])).code).toBe(2);
    expect((await extract(folder, ['--start', '@nope'])).stdout).toContain('USAGE_VARS');
  });

  test('rows without a value are refused, or come with every run', async () => {
    const folder = await newLog();
    change(folder, 'CREATE TABLE loose (id INTEGER PRIMARY KEY, at TEXT); INSERT INTO loose VALUES (1, NULL), (2, 5)');
    const args = ['--table', 'loose'];
    const refused = await runCli(['extract', '--source', 'log.sqlite', ...args, ...BY, '--json'], { cwd: folder });
    expect([refused.code, refused.stdout]).toEqual([6, expect.stringContaining('CURSOR_NULLS')]);
    const read = async () => {
      const more = ['--null-cursors', 'read', '--json'];
      const found = await runCli(['extract', '--source', 'log.sqlite', ...args, ...BY, ...more], { cwd: folder });
      return (JSON.parse(found.stdout) as RunReport).rows;
    };
    expect([await read(), await read()]).toEqual([2, 1]);
  });
});

test('a row that changes again within the second that it was delivered in is delivered again, until the second is over', async () => {
  const folder = await newLog();
  // The file says how long ago it was written; a busy machine needs longer than a second to begin a run.
  const written = (at: number) => utimesSync(join(folder, 'log.sqlite'), new Date(at), new Date(at));
  change(folder, `INSERT INTO events VALUES (601, datetime('now'), 'first')`);
  written(Date.now() + 60_000);
  expect(await delivered(folder)).toHaveLength(601);
  change(folder, `UPDATE events SET note = 'second' WHERE id = 601`);
  written(Date.now() + 60_000);
  expect(await delivered(folder)).toEqual([601]);
  written(Date.now() - 3000);
  await run(folder);
  expect(await delivered(folder)).toEqual([]);
});

test('an unfinished window is not finished by another strategy', async () => {
  const folder = await newLog();
  expect((await extract(folder, [], { SQLEXTRACT_FAULT: 'after-plan' })).signal).toBe('SIGKILL');
  const other = await extract(folder, ['--strategy', 'append']);
  expect([other.code, other.stdout]).toEqual([4, expect.stringContaining('--strategy was')]);
  expect(await delivered(folder, ['--strategy', 'append', '--fresh'])).toEqual(ALL);
});

test('plan shows the window that a run would begin with, and leaves the state as it is', async () => {
  const folder = await newLog();
  await run(folder);
  change(folder, `INSERT INTO events VALUES (601, ${NEXT_DAY}, '')`);
  const plan = ['plan', '--source', 'log.sqlite', '--table', 'events', ...BY];
  const { code, stdout } = await runCli(plan, { cwd: folder });
  expect(code).toBe(0);
  expect(stdout).toContain('events_at, which begins with the cursor');
  expect(stdout).toContain('at (2026-01-01 02:30:00, 2026-01-02 00:00:00]');
  expect(await delivered(folder)).toEqual([601]);
});

describe('killed and run again', () => {
  test.each(['mid-read:2', 'after-manifest', 'before-run-close'])(
    'at %s: the window that was begun is finished, the next has nothing to bring',
    async (fault) => {
      const folder = await newLog();
      await run(folder);
      change(folder, `UPDATE events SET at = '2026-02-01 00:00:' || (10 + id % 50) WHERE id <= 400`);
      const killed = await extract(folder, ['--workers', '2'], { SQLEXTRACT_FAULT: fault });
      expect(killed.signal).toBe('SIGKILL');
      const seen = await delivered(folder);
      // Killed after the manifest was there, the run is complete, and this is the next one.
      expect(seen.length === 400 || (seen.length === 0 && fault === 'before-run-close')).toBe(true);
      // The snapshot of the killed process is gone, so nobody could look there which rows stand at the end of the window.
      const { ids, manifest } = await run(folder);
      const marked = manifest.incremental?.repeatedTo === '2026-02-01 00:00:59';
      expect(ids).toEqual(marked ? ALL.filter((id) => id <= 400 && id % 50 === 49) : []);
      expect(await delivered(folder)).toEqual([]);
    },
  );
});

describe('what changed since the last run', () => {
  test('another strategy or key is said, or fails, or begins anew; another cursor is not gone on with', async () => {
    const folder = await newLog();
    await run(folder);
    const append = ['--strategy', 'append'];
    expect((await extract(folder, [...append, '--on-change', 'fail'])).stdout).toContain('CURSOR_CHANGED');
    const warned = await run(folder, append);
    expect([warned.ids, warned.stderr]).toEqual([[], expect.stringContaining('the strategy was merge and is append')]);
    expect(await delivered(folder, ['--on-change', 'restart'])).toEqual(ALL);
    const other = ['--incremental-by', 'id'];
    const refused = await extract(folder, other);
    expect([refused.code, refused.stdout]).toEqual([4, expect.stringContaining('the cursor was at and is id')]);
    expect(await delivered(folder, [...other, '--on-change', 'restart'])).toEqual(ALL);
  });

  test('a new column fails, is taken, or is left out; a lost one needs a new beginning', async () => {
    const folder = await newLog();
    await run(folder);
    change(
      folder,
      `ALTER TABLE events ADD COLUMN more TEXT DEFAULT 'x'; INSERT INTO events VALUES (601, ${NEXT_DAY}, '', 'y')`,
    );
    const refused = await extract(folder);
    expect([refused.code, refused.stdout]).toEqual([6, expect.stringContaining('CURSOR_DRIFT')]);
    const frozen = await run(folder, ['--on-drift', 'freeze']);
    expect([frozen.ids, frozen.manifest.schema.columns.map(({ name }) => name)]).toEqual([[601], ['id', 'at', 'note']]);
    change(folder, `INSERT INTO events VALUES (602, ${NEXT_DAY}, '', 'z')`);
    const added = await run(folder, ['--on-drift', 'add-columns']);
    expect([added.ids, added.manifest.schema.columns.length]).toEqual([[602], 4]);
    expect(added.stderr).toContain('have no value there until they change');
    change(folder, 'ALTER TABLE events DROP COLUMN note');
    expect((await extract(folder, ['--on-drift', 'add-columns'])).stdout).toContain('no longer has note TEXT');
    const restarted = await run(folder, ['--on-change', 'restart']);
    expect(restarted.ids).toHaveLength(602);
    expect(restarted.stderr).toContain('note TEXT is gone since its last run: all of it is read anew');
  });
});

async function watermark(folder: string, command: string, args: readonly string[]): Promise<CliRun> {
  return runCli(['watermark', command, ...args], { cwd: folder });
}

describe('watermark', () => {
  test('list, set and reset', async () => {
    const folder = await newLog();
    expect((await watermark(folder, 'list', [])).stdout).toContain('no incremental job');
    await run(folder);
    const listed = await watermark(folder, 'list', []);
    expect(listed.stdout).toMatch(/^events +at +2026-01-01 02:30:00 +merge +\S+, \S+ +events-[0-9a-f]{16}$/m);
    const json = JSON.parse((await watermark(folder, 'list', ['--json', '--source', 'log.sqlite'])).stdout) as {
      readonly watermarks: readonly { readonly state: unknown }[];
    };
    expect(json.watermarks).toMatchObject([
      { table: 'events', state: { strategy: 'merge', watermark: { from: { value: '2026-01-01 02:30:00' } } } },
    ]);

    const set = ['--source', 'log.sqlite', '--table', 'events'];
    expect((await watermark(folder, 'set', [...set, '2026-01-01 02:29:00'])).code).toBe(0);
    expect(await delivered(folder)).toEqual(ALL.slice(-5));
    const wrong = await watermark(folder, 'set', [...set, '--json', '17']);
    expect([wrong.code, wrong.stdout]).toEqual([2, expect.stringContaining('CURSOR_VALUE')]);

    await run(folder, ['--where', 'id < 9']);
    const asked = await watermark(folder, 'reset', ['--table', 'events', '--json']);
    expect([asked.code, asked.stdout]).toEqual([2, expect.stringContaining('USAGE_CONFIRM')]);
    expect(asked.stdout).toContain('events where id < 9 (');
    expect((await watermark(folder, 'reset', ['--table', 'events', '--confirm'])).stdout).toContain('reads all');
    const anew = await run(folder);
    expect([anew.ids.length, anew.manifest.incremental?.reset]).toEqual([ROWS, true]);
    expect((await watermark(folder, 'reset', ['--table', 'nope', '--confirm'])).stderr).toContain('WATERMARK_UNKNOWN');
  });
});

test('the watermark of a query is set by the text of its last run', async () => {
  const folder = await newLog();
  const query = ['--query', 'SELECT id, at FROM events WHERE id > 1', '--name', 'some', '--unique-key', 'id'];
  const rows = async (): Promise<unknown> => {
    const done = await runCli(['extract', '--source', 'log.sqlite', ...query, ...BY, '--json'], { cwd: folder });
    return (JSON.parse(done.stdout) as RunReport).rows;
  };
  expect(await rows()).toBe(ROWS - 1);
  const value = `2026-01-01 02:00:00`;
  const set = await watermark(folder, 'set', ['--source', 'log.sqlite', '--table', 'some', value]);
  expect(set.stdout, set.stderr).toContain(`some: the next run reads from at ${value}`);
  expect(await rows()).toBe(ROWS - 4 * 120 + 1);
});

test('watermark list --target says how far behind a target is', async () => {
  const folder = await newLog();
  await run(folder);
  const listed = async () => (await watermark(folder, 'list', ['--target', 'w.duckdb'])).stdout;
  expect(await listed()).toMatch(/ nothing +\S+, /);
  const load = async () => runCli(['load', '--table', 'events', '--target', 'w.duckdb'], { cwd: folder });
  expect((await load()).code).toBe(0);
  expect(await listed()).toContain(' up to 2026-01-01 02:30:00  ');
  change(folder, `INSERT INTO events VALUES (601, ${NEXT_DAY}, '')`);
  await run(folder);
  await run(folder);
  expect(await listed()).toContain(' up to 2026-01-01 02:30:00, 2 loads behind');
  expect((await load()).code).toBe(0);
  expect(await listed()).toContain(' up to 2026-01-02 00:00:00  ');
});

describe('--detect-deletes', () => {
  const DETECT = ['--detect-deletes'];

  async function gone(folder: string, args: readonly string[] = []): Promise<readonly number[]> {
    const { report } = await run(folder, [...DETECT, ...args]);
    const path = report.tables[0]?.deletes?.manifest ?? null;
    if (path === null) return [];
    const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest;
    expect(manifest).toMatchObject({ deletes: { key: ['id'] }, incremental: { previous: report.tables[0]?.runId } });
    return idsOf(path, manifest);
  }

  test('finds each key once, also of rows that came and went between two looks', async () => {
    const folder = await newLog();
    expect(await gone(folder)).toEqual([]);
    change(folder, 'DELETE FROM events WHERE id IN (3, 77)');
    await run(folder);
    expect(await gone(folder)).toEqual([3, 77]);
    expect(await gone(folder)).toEqual([]);
    change(folder, `INSERT INTO events VALUES (3, ${NEXT_DAY}, 'back'), (900, ${NEXT_DAY}, '')`);
    await run(folder);
    change(folder, 'DELETE FROM events WHERE id IN (3, 900)');
    expect(await gone(folder)).toEqual([3, 900]);
    const next = await run(folder);
    expect(next.manifest.incremental?.previous).toMatch(/-deletes$/);
  });

  test.each(['before-run-close', 'before-deletes', 'after-deletes'])(
    'killed at %s, the keys are delivered all the same',
    async (fault) => {
      const folder = await newLog();
      await run(folder, DETECT);
      change(folder, 'DELETE FROM events WHERE id IN (3, 77)');
      expect((await extract(folder, DETECT, { SQLEXTRACT_FAULT: fault })).signal).toBe('SIGKILL');
      expect(await gone(folder)).toEqual(fault === 'after-deletes' ? [] : [3, 77]);
      const { manifest } = await run(folder);
      expect(manifest.incremental?.previous?.endsWith('-deletes')).toBe(fault !== 'after-deletes');
      expect(await gone(folder)).toEqual([]);
    },
  );

  test('is refused where nobody knows all keys', async () => {
    const folder = await newLog();
    const { report } = await run(folder);
    await run(folder);
    rmSync(report.tables[0]?.folder ?? '', { recursive: true });
    const refused = await extract(folder, DETECT);
    expect([refused.code, refused.stdout]).toEqual([4, expect.stringContaining('DELETES_UNKNOWN')]);
  });
});
