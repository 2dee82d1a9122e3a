import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, test } from 'vitest';
import type { RunReport } from '../../src/engine/report.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import type { SyncReport } from '../../src/sync/sync-report.ts';
import { openDuckDb } from '../support/duckdb.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { type CliRun, runCli } from '../support/run-cli.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'changes-'));
  folders.push(folder);
  return folder;
}

const HASH = ['--detect-changes', 'hash'];
type Words = Readonly<Record<string, string>>;

describe('sync of a table without a cursor', () => {
  const ITEMS = ['--source', 'shop.sqlite', '--table', 'items', ...HASH];
  const CREATE = `CREATE TABLE items (shop TEXT NOT NULL, id INTEGER NOT NULL, name TEXT, price REAL, picture BLOB, PRIMARY KEY (shop, id));
    INSERT INTO items VALUES ('a', 1, 'one', 1.5, x'00ff'), ('a', 2, '', -2.0, NULL), ('A', 2, NULL, 0.0, x''), ('Ä', 3, 'three', 3, NULL)`;

  async function newShop(): Promise<string> {
    const folder = await newFolder();
    change(folder, CREATE);
    return folder;
  }

  function change(folder: string, statement: string): void {
    const database = new DatabaseSync(join(folder, 'shop.sqlite'));
    database.exec(statement);
    database.close();
  }

  async function sync(folder: string, env: Words = {}): Promise<CliRun> {
    return runCli(['sync', ...ITEMS, '--json'], { cwd: folder, env });
  }

  /** Rows that each loaded link had, once the target is what the source is. */
  async function synced(folder: string, env: Words = {}): Promise<readonly string[]> {
    const { code, stdout, stderr } = await sync(folder, env);
    expect({ code, stderr: code === 0 ? '' : stderr + stdout }).toEqual({ code: 0, stderr: '' });
    expect(await itemsIn(folder)).toEqual(itemsOf(folder));
    const { verification } = JSON.parse(stdout) as SyncReport;
    return verification.map(({ mode, fileRows, verdict }) => `${mode} ${fileRows} ${verdict}`);
  }

  const ROW = `concat_ws('|', shop, id, coalesce(name, 'NULL'), price, CASE WHEN picture IS NULL THEN 'NULL' ELSE hex(picture) END)`;

  async function itemsIn(folder: string): Promise<readonly string[]> {
    const connection = await openDuckDb();
    await connection.run(`ATTACH '${join(folder, 'warehouse.duckdb')}' AS w (READ_ONLY)`);
    const rows = await connection.runAndReadAll(`SELECT ${ROW} FROM w.items`);
    await connection.run('DETACH w');
    connection.closeSync();
    return rows
      .getRows()
      .map(([row]) => String(row))
      .toSorted();
  }

  function itemsOf(folder: string): readonly string[] {
    const database = new DatabaseSync(join(folder, 'shop.sqlite'), { readOnly: true });
    const rows = database.prepare(`SELECT ${ROW} AS text FROM items`).all();
    database.close();
    return rows.map(({ text }) => String(text)).toSorted();
  }

  test('delivers what is new, changed and gone, and nothing twice', async () => {
    const folder = await newShop();
    expect(await synced(folder)).toEqual(['replace 4 equal']);
    expect(await synced(folder)).toEqual(['merge 0 equal']);
    change(folder, `UPDATE items SET name = NULL WHERE name = ''; UPDATE items SET name = '' WHERE shop = 'A'`);
    change(folder, `UPDATE items SET id = 30 WHERE id = 3; INSERT INTO items VALUES ('b', 1, 'new', 9, NULL)`);
    expect(await synced(folder)).toEqual(['merge 4 equal', 'delete 1 equal']);
    change(folder, `DELETE FROM items WHERE id = 30; UPDATE items SET shop = 'B' WHERE shop = 'b'`);
    expect(await synced(folder)).toEqual(['merge 1 equal', 'delete 2 equal']);
    // Some target may take B for b.
    expect(await synced(folder)).toEqual(['merge 1 equal']);
  });

  test('killed anywhere, it goes on with what the target has', async () => {
    const folder = await newShop();
    expect((await sync(folder, { SQLEXTRACT_FAULT: 'after-changes' })).signal).toBe('SIGKILL');
    change(folder, `DELETE FROM items WHERE id = 1`);
    expect(await synced(folder)).toEqual(['replace 4 equal', 'merge 0 equal', 'delete 1 equal']);
    // The scan passes the first two of each kind; then come the window's manifest, that of the delete set, and latest.json.
    for (const [index, fault] of ['before-changes', 'after-manifest:3', 'after-manifest:5'].entries()) {
      change(folder, `UPDATE items SET name = 'here ${index}' WHERE id = 2; DELETE FROM items WHERE id > 9`);
      change(folder, `INSERT INTO items VALUES ('c', ${10 + index}, 'x', 1, NULL)`);
      expect((await sync(folder, { SQLEXTRACT_FAULT: fault })).signal).toBe('SIGKILL');
      change(folder, `UPDATE items SET name = 'back' WHERE id = 2; DELETE FROM items WHERE id > 9`);
      change(folder, `INSERT INTO items VALUES ('c', ${20 + index}, 'y', 1, NULL)`);
      const loaded = await synced(folder);
      expect(loaded.length).toBe(index === 0 ? 1 : 4);
    }
    const [job = ''] = readdirSync(join(folder, '.sqlextract/keys'));
    expect(readdirSync(join(folder, '.sqlextract/keys', job))).toEqual([expect.stringMatching(/^rows-.*\.parquet$/)]);
  });
});

describe('extract of a table without a cursor', () => {
  interface Extracted {
    readonly report: RunReport;
    readonly manifest: Manifest;
    readonly gone: number;
  }

  async function run(folder: string, url: string, args: readonly string[]): Promise<CliRun> {
    return runCli(['extract', '--source', url, '--json', ...HASH, ...args], { cwd: folder });
  }

  async function extracted(folder: string, url: string, args: readonly string[]): Promise<Extracted> {
    const { code, stdout, stderr } = await run(folder, url, args);
    expect({ code, stderr: code === 0 ? '' : stderr + stdout }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout) as RunReport;
    const [table] = report.tables;
    const manifest = JSON.parse(await readFile(table?.manifest ?? '', 'utf8')) as Manifest;
    return { report, manifest, gone: table?.deletes?.rows ?? 0 };
  }

  test('PostgreSQL: CSV and Parquet have the same hashes, and 5000 rows come in files of the size asked for', async () => {
    await using database = await freshDatabase('changes');
    const { client, url } = database;
    await client.query(`CREATE TABLE things (id uuid PRIMARY KEY, f float8, r real, n numeric(12,3), t timestamptz, d date, c time,
      j jsonb, b bytea, ok bool, s text, big bigint, m numeric);
      INSERT INTO things SELECT md5(i::text)::uuid, i / 7.0, i / 3.0, i / 8.0, timestamptz '2024-01-01' + i * interval '1 minute 0.123456 s',
      date '0900-01-01' + i, time '01:02:03.4' + i * interval '1 s', jsonb_build_object('i', i), decode(md5(i::text), 'hex'), i % 2 = 0,
      CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '\\N' ELSE E'a,"b"\\n' || i END, i * 1000000007::bigint, i * 0.5
      FROM generate_series(1, 5000) AS i;
      UPDATE things SET f = 'NaN', r = '-0', t = NULL WHERE id = md5('1')::uuid`);
    const folder = await newFolder();
    const things = ['--table', 'things', '--workers', '2', '--chunk-size', '50KB'];
    const csv = [...things, '--format', 'csv', '--compression', 'gzip'];
    const first = await extracted(folder, url, csv);
    expect(first.manifest).toMatchObject({ incremental: { reset: true, previous: null }, totals: { rows: 5000 } });
    expect(await extracted(folder, url, csv)).toMatchObject({ manifest: { totals: { rows: 0 } }, gone: 0 });
    await client.query(`UPDATE things SET r = '0' WHERE id = md5('1')::uuid; UPDATE things SET s = s || 'x' WHERE big % 5 = 0;
      DELETE FROM things WHERE id = md5('3')::uuid`);
    const { rows } = await client.query<{ n: string }>(
      `SELECT count(*) AS n FROM things WHERE (big % 5 = 0 AND s IS NOT NULL) OR id = md5('1')::uuid`,
    );
    const third = await extracted(folder, url, csv);
    expect([third.manifest.totals.rows, third.gone]).toEqual([Number(rows[0]?.n), 1]);
    expect(third.manifest.files.length).toBeGreaterThan(1);
    const digits = first.manifest.totals.digits ?? [];
    expect([digits.at(3), digits.at(-1)]).toEqual([
      { integer: 3, scale: 3 },
      { integer: 4, scale: 1 },
    ]);
    expect(third.manifest.totals.digits).toEqual(digits);
    await client.query(`UPDATE things SET s = '\\N' WHERE id = md5('2')::uuid OR id = md5('4')::uuid`);
    const fourth = await extracted(folder, url, things);
    expect([first, third, fourth].map(({ manifest }) => manifest.totals.markerCells)).toEqual([1250, 0, 0]);
    expect(fourth.manifest.totals.rows).toBe(1);
    const verified = await Promise.all(
      [first, third, fourth].map(async ({ report }) =>
        runCli(['verify', '--run', report.tables[0]?.runId ?? ''], { cwd: folder }),
      ),
    );
    expect(verified.map(({ code }) => code)).toEqual([0, 0, 0]);
  });

  test('is refused where rows cannot be told apart, or what was delivered is not known', async () => {
    const folder = await newFolder();
    const database = new DatabaseSync(join(folder, 'log.sqlite'));
    database.exec(`CREATE TABLE log (id INTEGER, note TEXT); INSERT INTO log VALUES (1, 'a'), (1, 'b'), (NULL, 'c')`);
    const log = ['--table', 'log'];
    const refused = async (args: readonly string[]): Promise<readonly unknown[]> => {
      const { code, stdout } = await run(folder, 'log.sqlite', [...log, ...args]);
      return [code, /"code": "(\w+)"/.exec(stdout)?.[1]];
    };
    expect(await refused([])).toEqual([2, 'CURSOR_KEY']);
    expect(await refused(['--unique-key', 'id,note'])).toEqual([6, 'CHANGES_KEY']);
    expect(await refused(['--incremental-by', 'id'])).toEqual([2, 'USAGE_INCREMENTAL']);
    expect(await refused(['--detect-deletes'])).toEqual([2, 'USAGE_INCREMENTAL']);
    database.exec('DELETE FROM log WHERE id IS NULL');
    database.close();
    expect(await refused(['--unique-key', 'id'])).toEqual([6, 'CHANGES_KEY']);
    const { report } = await extracted(folder, 'log.sqlite', [...log, '--unique-key', 'id,note']);
    expect(await refused(['--unique-key', 'note'])).toEqual([4, 'CURSOR_CHANGED']);
    const keys = join(folder, '.sqlextract/keys');
    for (const job of readdirSync(keys)) rmSync(join(keys, job), { recursive: true });
    expect(await refused(['--unique-key', 'id,note'])).toEqual([4, 'CHANGES_UNKNOWN']);
    const set = ['watermark', 'set', '--source', 'log.sqlite', '--table', 'log', '7', '--json'];
    expect((await runCli(set, { cwd: folder })).stdout).toContain('WATERMARK_HASH');
    expect(await runCli(['watermark', 'reset', '--table', 'log', '--confirm'], { cwd: folder })).toMatchObject({
      code: 0,
    });
    const anew = await extracted(folder, 'log.sqlite', [...log, '--unique-key', 'note']);
    expect(anew.manifest).toMatchObject({ incremental: { reset: true, previous: null }, totals: { rows: 2 } });
    expect(existsSync(dirname(report.tables[0]?.manifest ?? ''))).toBe(true);
  });
});
