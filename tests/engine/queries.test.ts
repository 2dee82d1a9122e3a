import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import type { ExtractCase } from './extract-case.ts';
import {
  call,
  createAccounts,
  createSqliteAccounts,
  die,
  digestOfPostgres,
  digestOfSqlite,
  expectFiles,
  finish,
  newCase,
  newFolder,
  readManifestOf,
  refuse,
  removeFolders,
  SMALL_CHUNKS,
  smallChunks,
  statusOf,
} from './extract-case.ts';

const ROWS = 8_000;
const SQL =
  'SELECT id, balance * 2 AS "twice, or so", note AS __proto__ FROM accounts WHERE note IS NOT NULL AND id > 100';
const COLUMNS = ['id', 'twice, or so', '__proto__'];
const ASKED = ['--query', `${SQL};  -- all of them`, '--name', 'noted', '--split-by', 'id'];

const validManifest = new Ajv({ allowUnionTypes: true, strict: false }).compile(
  JSON.parse(readFileSync(new URL('../../schema/manifest.schema.json', import.meta.url), 'utf8')),
);

let sqlite: string;
let database: FreshDatabase;
let test: ExtractCase;

beforeAll(async () => {
  sqlite = join(newFolder(), 'shop.sqlite');
  createSqliteAccounts(sqlite, ROWS);
  database = await freshDatabase('queries');
  await createAccounts(database.client, 'accounts', ROWS);
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  removeFolders();
});

beforeEach(() => {
  test = newCase(sqlite);
});

const truth = () => digestOfSqlite(sqlite, `(${SQL})`, COLUMNS);

function writeConfig(text: string): void {
  writeFileSync(join(test.folder, 'sqlextract.yaml'), text);
}

describe('a query killed and run again', () => {
  it.each(['after-plan:2', 'mid-read:3', 'after-rename:2', 'before-state-commit:4', 'before-manifest'])(
    'at %s is whole',
    async (fault) => {
      await die(test, [...ASKED, ...SMALL_CHUNKS], fault);
      const report = await finish(test, [...ASKED, ...SMALL_CHUNKS]);
      expect(report).toMatchObject({ status: 'complete', rows: truth().rows });
      const manifest = await expectFiles(test, 'noted', truth());
      expect(manifest.files.length).toBeGreaterThan(5);
    },
  );

  it('goes on in the snapshot that PostgreSQL still holds, whatever was changed since', async () => {
    test = newCase(database.url);
    const before = await digestOfPostgres(database.client, `(${SQL}) q`, COLUMNS);
    await die(test, [...ASKED, ...SMALL_CHUNKS], 'mid-read:3');
    await database.client.query("SET lock_timeout = '200ms'");
    await expect(database.client.query('TRUNCATE accounts')).rejects.toMatchObject({ code: '55P03' });
    await database.client.query(
      `UPDATE accounts SET balance = 5, note = 'other' WHERE id % 6 = 0; DELETE FROM accounts WHERE id % 10 = 0`,
    );
    const flags = [...ASKED, ...smallChunks(2), '--keep-snapshot'];
    const report = await finish(test, flags);
    expect(report.tables[0]).toMatchObject({ status: 'complete', rows: before.rows });
    expect(report.tables[0]?.resumedRows).toBeGreaterThan(0);
    const manifest = await expectFiles(test, 'noted', before);
    expect(manifest.consistency.level).toBe('snapshot');
    const checked = await call(test, ['verify', '--against-source', '--json']);
    expect(checked.code, checked.stdout).toBe(0);
    expect(checked.stdout).toContain("inside the run's snapshot");
  });

  it('with another text under the same name is refused with both; the first one still finishes', async () => {
    await die(test, [...ASKED, ...SMALL_CHUNKS], 'mid-read:3');
    const other = [...ASKED, ...SMALL_CHUNKS].map((text) => text.replace('id > 100', 'id > 200'));
    const { stderr } = await refuse(test, other, 'FINGERPRINT_CHANGED', 4);
    expect(stderr).toMatch(/--query was "SELECT.*id > 100" and is now "SELECT.*id > 200"/);
    expect((await finish(test, [...ASKED, ...SMALL_CHUNKS])).tables[0]?.resumedRows).toBeGreaterThan(0);
    await expectFiles(test, 'noted', truth());
    await finish(test, other);
    expect(readManifestOf(test, 'noted').manifest.query?.sql).toContain('id > 200');
  });

  it('in one stream begins again, and is whole', async () => {
    const whole = ['--query', SQL, '--name', 'noted', ...SMALL_CHUNKS];
    await die(test, whole, 'mid-read:1');
    await finish(test, whole);
    await expectFiles(test, 'noted', truth());
  });
});

describe('the files of a query', () => {
  it('have a manifest that says what was asked', async () => {
    await finish(test, [...ASKED, ...SMALL_CHUNKS, '--columns', 'ID,__proto__', '--where', 'id < 1000']);
    const { manifest } = readManifestOf(test, 'noted');
    expect([validManifest(manifest), validManifest.errors]).toEqual([true, null]);
    expect(manifest.table).toEqual({ schema: '', name: 'noted', kind: 'query', nativeName: 'noted' });
    const sha256 = createHash('sha256').update(SQL).digest('hex');
    expect(manifest.query).toEqual({ sql: SQL, sha256, splitBy: 'id' });
    expect(manifest.selection.where).toBe('id < 1000');
    await expectFiles(test, 'noted', digestOfSqlite(sqlite, `(${SQL}) WHERE id < 1000`, ['id', '__proto__']));
  });

  it('are verified, by themselves and against the source; status and plan know them', async () => {
    const plan = await call(test, ['plan', ...ASKED, ...SMALL_CHUNKS]);
    expect(plan.stdout).toContain('noted');
    expect(plan.stdout).toContain('same rows each time');
    await finish(test, [...ASKED, ...SMALL_CHUNKS]);
    for (const flags of [[], ['--against-source']]) {
      const run = await call(test, ['verify', ...flags]);
      expect(run.code, run.stdout + run.stderr).toBe(0);
      expect(run.stdout).toContain('equal');
    }
    const status = await statusOf(test);
    expect(status.jobs).toMatchObject([{ table: 'noted', selection: { query: true } }]);
    expect((await call(test, ['status'])).stdout).toContain('the rows of a query');
  });

  it('do not share a job with a table of the same name', async () => {
    const flags = ['--query', 'SELECT id FROM accounts WHERE id < 50', '--name', 'accounts', ...SMALL_CHUNKS];
    await die(test, ['--table', 'accounts', ...SMALL_CHUNKS], 'mid-read:3');
    await finish(test, [...flags, '--out', 'other']);
    expect((await statusOf(test)).jobs).toHaveLength(2);
    expect((await finish(test, ['--table', 'accounts', ...SMALL_CHUNKS])).tables[0]?.resumedRows).toBeGreaterThan(0);
  });

  it('lie in a folder inside the output, whatever the name', async () => {
    await finish(test, ['--query', 'SELECT 1 AS a', '--name', '../../up; rm -rf ~', ...SMALL_CHUNKS]);
    expect(readdirSync(join(test.folder, 'export'))).toHaveLength(1);
    expect(existsSync(join(test.folder, '..', 'up; rm -rf ~'))).toBe(false);
  });
});

describe('what is refused', () => {
  it.each<[readonly string[], string, number]>([
    [['--query', SQL], 'USAGE_QUERY_NAME', 2],
    [['--query', SQL, '--name', ' '], 'USAGE_QUERY_NAME', 2],
    [['--query', SQL, '--name', 'x', '--table', 'accounts'], 'USAGE_QUERY', 2],
    [['--table', 'accounts', '--split-by', 'id'], 'USAGE_QUERY', 2],
    [['--split-by', 'id'], 'USAGE_QUERY', 2],
    [['--name', 'x'], 'QUERY_NOT_FOUND', 2],
    [['--query', '@missing.sql', '--name', 'x'], 'QUERY_FILE_UNREADABLE', 2],
    [['--query', 'SELECT 1 AS a; SELECT 2 AS a', '--name', 'x'], 'QUERY_REFUSED', 2],
    [['--query', 'DELETE FROM accounts', '--name', 'x'], 'QUERY_REFUSED', 2],
    [['--query', 'SELECT * FROM nowhere', '--name', 'x'], 'QUERY_REFUSED', 2],
    [['--query', 'SELECT id, id FROM accounts', '--name', 'x'], 'QUERY_DUPLICATE_COLUMN', 2],
    [['--query', 'SELECT count(*) FROM accounts', '--name', 'x'], 'QUERY_UNNAMED_COLUMN', 2],
    [['--query', 'SELECT id FROM accounts', '--name', 'x', '--split-by', 'ident'], 'COLUMN_NOT_FOUND', 2],
    [['--query', 'SELECT id FROM accounts', '--name', 'x', '--where', 'note = 1'], 'WHERE_REFUSED', 2],
  ])('%j', async (flags, code, exit) => {
    await refuse(test, flags, code, exit);
    expect(existsSync(join(test.folder, 'export'))).toBe(false);
  });
});

describe('queries of the file', () => {
  const CONFIG = `
queries:
  few:
    sql: SELECT id, note FROM accounts WHERE id < 40
    split_by: id
    exclude_columns: note
    format: csv
    compression: none
  from file:
    sql: '@queries.sql'
tables:
  accounts:
    where: id < 20
    format: csv
    compression: none
`;

  beforeEach(() => {
    writeConfig(CONFIG);
    writeFileSync(join(test.folder, 'queries.sql'), '-- how many\nSELECT count(*) AS n\nFROM accounts;\n');
  });

  it('are extracted with its tables, each with its own settings', async () => {
    const report = await finish(test, []);
    expect(report.tables.map(({ table, rows }) => [table, rows])).toEqual([
      ['accounts', 9],
      ['few', 19],
      ['from file', 1],
    ]);
    const { manifest } = readManifestOf(test, 'few');
    expect(manifest.schema.columns.map(({ name }) => name)).toEqual(['id']);
    expect([manifest.format.name, manifest.query?.splitBy]).toEqual(['csv', 'id']);
  });

  it('are taken alone by their name, and left out by --table', async () => {
    expect((await finish(test, ['--name', 'few', '--split-by', 'note'])).tables.map(({ table }) => table)).toEqual([
      'few',
    ]);
    expect(readManifestOf(test, 'few').manifest.query?.splitBy).toBe('note');
    expect((await finish(test, ['--table', 'accounts'])).tables.map(({ table }) => table)).toEqual(['accounts']);
    await refuse(test, ['--name', 'fev'], 'QUERY_NOT_FOUND', 2);
  });

  it('must not be called like a table of the same command', async () => {
    writeConfig('queries: {accounts: {sql: SELECT 1 AS a}}\ntables: {accounts: }');
    await refuse(test, [], 'QUERY_NAME_TAKEN', 2);
  });

  it('need a text', async () => {
    writeConfig('queries: {few: {split_by: id}}');
    await refuse(test, [], 'CONFIG_VALUE', 3);
  });

  it('are one failed table of several under --on-table-error continue', async () => {
    writeConfig(
      `${CONFIG}\ndefaults: {on_table_error: continue}`.replace('FROM accounts WHERE id < 40', 'FROM nowhere'),
    );
    const run = await call(test, ['extract', '--json']);
    expect(run.code, run.stderr).toBe(8);
    expect(run.stdout).toContain('QUERY_REFUSED');
  });
});

it('inspect shows the columns of a query', async () => {
  const run = await call(test, ['inspect', ...ASKED, '--json']);
  expect(run.code, run.stderr).toBe(0);
  const { tables } = JSON.parse(run.stdout) as { tables: { kind: string; columns: { name: string }[] }[] };
  expect(tables).toMatchObject([{ kind: 'query', columns: COLUMNS.map((name) => ({ name })) }]);
});
