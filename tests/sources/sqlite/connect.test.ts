import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteDriver } from '../../../src/sources/sqlite/index.ts';
import { checkWhere } from '../../../src/sources/sqlite/where.ts';
import { describeAll, readRows } from '../../conformance/source-reading.ts';
import { problemOf } from '../../conformance/source-describes.ts';
import { SqliteFile } from './sqlite-fixture.ts';

let file: SqliteFile;

beforeEach(async () => {
  file = await SqliteFile.create();
  file.writer.exec('CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2)');
});

afterEach(() => file[Symbol.asyncDispose]());

function parse(url: string) {
  return sqliteDriver.parse({ url, environment: {} });
}

function open(url: string) {
  return sqliteDriver.open(parse(url), 'reader');
}

describe('URLs', () => {
  it.each([
    ['sqlite:some/file.db', resolve('some/file.db')],
    ['sqlite:/data/a.db', '/data/a.db'],
    ['sqlite:///data/a.db', '/data/a.db'],
    ['file:///data/a%20b.db', '/data/a b.db'],
    ['file:a.db', resolve('a.db')],
    ['SQLite:a.db', resolve('a.db')],
    ['/data/what?100%.db', '/data/what?100%.db'],
    ['./a.db', resolve('a.db')],
  ])('%s', (url, path) => {
    expect(parse(url)).toMatchObject({
      driver: 'sqlite',
      displayUrl: `sqlite:${path}`,
      options: { path, immutable: false },
    });
  });

  it('takes the options', () => {
    expect(parse('sqlite:/a.db?immutable=1&timeout=5')).toMatchObject({
      displayUrl: 'sqlite:/a.db?immutable=1',
      options: { immutable: true, timeoutMs: 5 },
    });
  });

  it.each([
    'sqlite:',
    'sqlite:a.db?mode=rwc',
    'sqlite:a.db?immutable=yes',
    'sqlite:a.db?timeout=soon',
    'sqlite://host/a.db',
    'sqlite:%zz',
  ])('refuses %s', (url) => {
    expect(() => parse(url)).toThrow(
      expect.objectContaining({
        problem: expect.objectContaining({ code: 'SOURCE_URL_INVALID', fault: 'configuration' }),
      }),
    );
  });
});

describe('opening', () => {
  it('does not make a missing file', async () => {
    const path = join(file.folder, 'missing.db');
    expect(await problemOf(open(path))).toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    expect(await problemOf(open(join(file.folder, 'no', 'folder.db')))).toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    expect(existsSync(path)).toBe(false);
  });

  it('says what is no database', async () => {
    const path = join(file.folder, 'text.db');
    writeFileSync(
      path,
      'this is a text, and a rather long one, so that it can not be taken for an empty database\n'.repeat(50),
    );
    expect(await problemOf(open(path))).toMatchObject({ code: 'SOURCE_NOT_A_DATABASE' });
    expect(await problemOf(open(file.folder))).toMatchObject({ code: 'SOURCE_NOT_A_DATABASE' });
  });

  it('says what is damaged', async () => {
    file.writer.exec(
      "CREATE TABLE u (a TEXT); INSERT INTO u SELECT hex(randomblob(2000)) FROM json_each('[1,2,3,4,5,6,7,8]')",
    );
    file.writer.close();
    const bytes = readFileSync(file.path);
    bytes.fill(0xaa, 8192);
    writeFileSync(file.path, bytes);
    await using session = await open(file.path);
    const table = await describeAll(session, { schema: '', name: 'u' }).catch((error: unknown) => error);
    const problem =
      table instanceof Error
        ? sqliteDriver.classify(table)
        : await problemOf(readRows(session, { table: table as never }));
    expect(problem).toMatchObject({ code: 'SOURCE_CORRUPT', verdict: 'fatal' });
  });

  it('finds the same file behind a link', async () => {
    const link = join(file.folder, 'link.db');
    symlinkSync(file.path, link);
    await using direct = await open(file.path);
    await using linked = await open(link);
    expect(await linked.identity()).toEqual(await direct.identity());
  });

  it('can not write', async () => {
    await using session = await open(file.path);
    const table = await describeAll(session, { schema: '', name: 't' });
    await readRows(session, { table });
    expect(file.writer.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 2 });
  });

  it('does not leave out what is in the -wal', async () => {
    file.writer.exec('PRAGMA journal_mode = WAL; INSERT INTO t VALUES (3)');
    expect(await problemOf(open(`sqlite:${file.path}?immutable=1`))).toMatchObject({ code: 'SOURCE_WAL_NOT_READ' });
    file.writer.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    await using session = await open(`sqlite:${file.path}?immutable=1`);
    expect((await readRows(session, { table: await describeAll(session, { schema: '', name: 't' }) })).length).toBe(3);
  });

  it('waits for a lock as long as it was told, and calls it worth a retry', async () => {
    file.writer.exec('BEGIN EXCLUSIVE');
    const started = performance.now();
    expect(await problemOf(open(`sqlite:${file.path}?timeout=300`))).toMatchObject({
      code: 'SOURCE_BUSY',
      verdict: 'retry',
    });
    expect(performance.now() - started).toBeGreaterThan(250);
    file.writer.exec('COMMIT');
  });
});

/** Rights mean nothing to root: another user's process has to try, where it can read this program at all. */
const nobodyCanRun =
  process.getuid?.() === 0 &&
  spawnSync(
    process.execPath,
    ['-e', "require('node:fs').readFileSync(process.argv[1])", fileURLToPath(import.meta.url)],
    { uid: 65534, gid: 65534, cwd: '/' },
  ).status === 0;

describe.runIf(nobodyCanRun)('without rights', () => {
  function tryAsNobody(url: string): string {
    const script = `const { sqliteDriver } = await import(process.argv[1]);
      try { const s = await sqliteDriver.open(sqliteDriver.parse({ url: process.argv[2], environment: {} }), 'reader');
        console.log((await s.listTables()).length); await s[Symbol.asyncDispose](); } catch (error) { console.log(error.problem?.code ?? error); }`;
    const driver = new URL('../../../src/sources/sqlite/index.ts', import.meta.url).href;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script, driver, url], {
      uid: 65534,
      gid: 65534,
      cwd: '/',
      encoding: 'utf8',
    });
    return child.stdout.trim() || child.stderr;
  }

  function share(name: string): string {
    const folder = join(file.folder, name);
    mkdirSync(folder);
    chmodSync(file.folder, 0o755);
    chmodSync(folder, 0o755);
    const path = join(folder, 'shared.db');
    const writer = new DatabaseSync(path);
    writer.exec(`PRAGMA journal_mode = ${name}; CREATE TABLE t (a)`);
    writer.close();
    return path;
  }

  it('says so', () => {
    const path = share('delete');
    expect(tryAsNobody(path)).toBe('1');
    chmodSync(path, 0o600);
    expect(tryAsNobody(path)).toBe('SOURCE_PERMISSION');
  });

  it('reads a WAL database in a write-protected folder only as immutable', () => {
    const path = share('wal');
    expect(tryAsNobody(path)).toBe('SOURCE_READ_ONLY');
    expect(tryAsNobody(`sqlite:${path}?immutable=1`)).toBe('1');
  });
});

describe('conditions', () => {
  it.each([
    "a = 'x[1]' AND b ->> '$.c' = 1",
    '"a[0]" > 1',
    'a = 1 -- [x] $y',
    'a /* ? */ = 1',
    "t = '12:30'",
    'a->>0 = 1',
    '[a)] = 1',
    '`a)` = 1',
    "E'\\' = 1",
  ])('takes %s', (where) => {
    expect(() => checkWhere(where)).not.toThrow();
  });

  it.each([
    '[a] = 1) OR ([b = 1',
    "E'\\' ) OR (1 = 1 --'",
    '$a$ IS NULL) OR (1 = 1 OR $a$ IS NULL',
    'a = ?',
    'a = :name',
    'a = @name',
    '',
    'a = 1;',
    "a = 'x",
  ])('refuses %s', (where) => {
    expect(() => checkWhere(where)).toThrow(
      expect.objectContaining({ problem: expect.objectContaining({ code: 'WHERE_REFUSED', fault: 'usage' }) }),
    );
  });
});
