import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadFixture, LoadTarget } from '../conformance/load-fixture.ts';
import type { LoadStep } from '../conformance/load-runs.ts';
import { extractTo, loadAll, newFolder } from '../conformance/load-runs.ts';
import type { LoadSource, SourceTable } from '../conformance/load-source.ts';
import { runCli } from '../support/run-cli.ts';
import { DUCKDB } from './duckdb-target.ts';
import { MARIADB } from './mysql-target.ts';
import { POSTGRES } from './postgres-target.ts';
import { SQLITE } from './sqlite-target.ts';

/** Texts with the character U+0000, which some targets cannot hold, and some clients cut a text at. */

const TABLE: SourceTable = {
  name: 'letters',
  key: null,
  columns: [
    { name: 'id', kind: 'int64' },
    { name: 'body', kind: 'string' },
    { name: 'plain', kind: 'string' },
  ],
};
const BODIES = [
  'no zero',
  'a\0b',
  '\0',
  'end\0',
  null,
  '\0\\N',
  '"\0",\n\0\0x',
  '',
  ...Array(300).fill('x\0'.repeat(30)),
];
const ROWS = BODIES.map((body: string | null, index) => [String(index + 1), body, 'é']);
const WITH_NUL = ROWS.filter(([, body]) => body?.includes('\0')).length;
const COUNTED = `column body of letters: ${WITH_NUL} texts hold the character U+0000`;

const FIRST = 'the first one is "a\\u0000b", in the row id = 2 (part-000001.';

const extracts = newFolder();
const source = join(extracts.folder, 'source.db');

beforeAll(async () => {
  using database = new DatabaseSync(source);
  database.exec('CREATE TABLE letters (id INTEGER PRIMARY KEY, body TEXT, plain TEXT)');
  const insert = database.prepare('INSERT INTO letters VALUES (?, ?, ?)');
  for (const [id, body, plain] of ROWS) insert.run(Number(id), body ?? null, plain ?? null);
  await extractTo({ url: `sqlite:${source}` } as LoadSource, extracts.folder, 'first', 'csv');
  await extractTo({ url: `sqlite:${source}` } as LoadSource, extracts.folder, 'parquet', 'parquet');
});
afterAll(() => extracts.remove());

interface Way {
  readonly way: LoadStep['way'];
  readonly out: 'first' | 'parquet' | 'broken';
}
const LOAD_CSV: Way = { way: 'load', out: 'first' };
const LOAD_PARQUET: Way = { way: 'load', out: 'parquet' };
const SCRIPTS: Way = { way: 'scripts', out: 'first' };

async function loaded(fixture: LoadFixture, target: LoadTarget, way: Way, more: readonly string[] = []) {
  return loadAll({ fixture, target, folder: extracts.folder, mode: null, tables: [TABLE], more, ...way });
}

async function expectRows(target: LoadTarget, of: (text: string) => string = (text) => text): Promise<void> {
  const found = await target.rows('letters', TABLE.columns);
  const byId = found.toSorted(([a], [b]) => Number(a) - Number(b));
  expect(byId).toEqual(ROWS.map(([id, body, plain]) => [id, body === null ? null : of(body ?? ''), plain]));
}

describe('a target that holds them has them as they were', () => {
  it.each([
    ['DuckDB', DUCKDB, [LOAD_CSV, LOAD_PARQUET, SCRIPTS, { way: 'scripts', out: 'parquet' } as const]],
    ['MariaDB', MARIADB, [LOAD_CSV, LOAD_PARQUET, SCRIPTS]],
    ['SQLite', SQLITE, [LOAD_CSV, LOAD_PARQUET]],
  ])('%s', async (_, fixture, ways) => {
    for (const way of ways) {
      await using target = await fixture.create();
      expect(await loaded(fixture, target, way)).toMatchObject({ code: 0 });
      await expectRows(target);
    }
  });

  it('and there is nothing to remove', async () => {
    await using target = await DUCKDB.create();
    const { code, output } = await loaded(DUCKDB, target, LOAD_CSV, ['--nul', 'remove']);
    expect([code, output]).toEqual([1, expect.stringContaining('--nul remove: DuckDB holds the character U+0000')]);
  });
});

describe('PostgreSQL', () => {
  it.each([LOAD_CSV, LOAD_PARQUET, SCRIPTS])('refuses them, with their column: %j', async (way) => {
    await using target = await POSTGRES.create();
    const { code, output } = await loaded(POSTGRES, target, way);
    expect([code, output]).toEqual([1, expect.stringContaining(`${COUNTED}, which PostgreSQL cannot hold: ${FIRST}`)]);
    expect(await target.tables()).toEqual([]);
  });

  it.each([LOAD_CSV, LOAD_PARQUET, SCRIPTS])('has them without it where it is to be removed: %j', async (way) => {
    await using target = await POSTGRES.create();
    expect(await loaded(POSTGRES, target, way, ['--nul', 'remove'])).toMatchObject({ code: 0 });
    await expectRows(target, (text) => text.replaceAll('\0', ''));
  });

  it('a file that cannot be unpacked to its end stops the script that removes', async () => {
    cpSync(join(extracts.folder, 'first'), join(extracts.folder, 'broken'), { recursive: true });
    const folder = join(extracts.folder, 'broken/letters');
    const [run = ''] = readdirSync(folder).filter((name) => name !== 'latest.json');
    const file = join(folder, run, 'part-000001.csv.gz');
    const bytes = readFileSync(file);
    // The check sum of the content, behind its last byte.
    writeFileSync(file, bytes.fill(0, bytes.length - 8, bytes.length - 4));
    await using target = await POSTGRES.create();
    const { code, output } = await loaded(POSTGRES, target, { ...SCRIPTS, out: 'broken' }, ['--nul', 'remove']);
    expect(code, output).not.toBe(0);
    expect(output).toMatch(/crc error|invalid compressed data/);
    expect((await target.rows('letters', TABLE.columns)).length).toBe(0);
  });

  it('sync says before the load, and by its configuration, what becomes of them', async () => {
    await using target = await POSTGRES.create();
    const config = join(extracts.folder, 'sqlextract.yaml');
    const entry = (more: string) => `source: sqlite:${source}\ntargets:\n  dwh:\n    url: ${target.url}\n${more}`;
    const sync = async () =>
      runCli(['sync', '--table', 'letters', '--target', 'dwh', '--out', 'synced'], { cwd: extracts.folder });
    writeFileSync(config, entry(''), { mode: 0o600 });
    const refused = await sync();
    expect(refused.code, refused.stderr).toBe(6);
    expect(refused.stdout + refused.stderr).toContain(`${COUNTED}, which PostgreSQL cannot hold: ${FIRST}`);
    writeFileSync(config, entry('    nul: remove\n'), { mode: 0o600 });
    const again = await sync();
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).toContain('which is taken out (--nul remove)');
    await expectRows(target, (text) => text.replaceAll('\0', ''));
  });
});

it('the sqlite3 shell would cut them: its scripts are refused, load is not', async () => {
  await using target = await SQLITE.create();
  const { code, output } = await loaded(SQLITE, target, SCRIPTS);
  expect([code, output]).toEqual([
    1,
    expect.stringContaining('which the client of SQLite, from csv files, cannot hold'),
  ]);
});
