import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { SuggestionReport } from '../../src/cli/suggest-source.ts';
import { type ConfigFile, parseConfigFile } from '../../src/config/config-file.ts';
import { newFolder, removeFolders } from '../engine/extract-case.ts';
import { sequence } from '../support/mariadb-tables.ts';
import { freshMariadb } from '../support/mariadb-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { type CliRun, runCli } from '../support/run-cli.ts';

afterAll(removeFolders);

/** As an editor does. */
const schema = JSON.parse(readFileSync(new URL('../../schema/config.schema.json', import.meta.url), 'utf8')) as object;
const accepts = new Ajv({ allowUnionTypes: true, strict: true }).compile(schema);

const ROWS = 120_000;
type Environment = Readonly<Record<string, string>>;

async function done(run: Promise<CliRun>): Promise<string> {
  const { code, stdout, stderr } = await run;
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** By table: column, strategy, key; or why it is read in full. */
async function suggested(cwd: string, source: string): Promise<Readonly<Record<string, unknown>>> {
  const run = done(runCli(['inspect', '--suggest', '--json'], { cwd, env: { SQLEXTRACT_SOURCE: source } }));
  const { tables } = JSON.parse(await run) as SuggestionReport;
  return Object.fromEntries(
    tables.map(({ name, suggestion, refused }) => {
      if (suggestion?.kind !== 'incremental') return [name, suggestion?.reason ?? refused?.message];
      return [name, [suggestion.by, suggestion.strategy, suggestion.uniqueKey]];
    }),
  );
}

/** What `init --from` writes into `folder`, read by the program's own loader; `plan` must take it as well. */
async function configured(folder: string, source: string, env: Environment = {}) {
  const stdout = await done(runCli(['init', '--from', source, '--folder', 'made'], { cwd: folder }));
  const path = join(folder, 'made', 'sqlextract.yaml');
  const text = await readFile(path, 'utf8');
  expect([accepts(parse(text)), accepts.errors]).toEqual([true, null]);
  const file = await parseConfigFile(path, text, env);
  const planned = await done(runCli(['plan', '--json'], { cwd: join(folder, 'made'), env }));
  const { tables } = JSON.parse(planned) as { readonly tables: readonly unknown[] };
  return { stdout, text, file, plannedTables: tables.length };
}

function block(file: ConfigFile, table: string): readonly unknown[] {
  const text = (key: 'by' | 'strategy') => file.incremental('tables', table, key)?.text ?? null;
  return [text('by'), text('strategy'), file.uniqueKey('tables', table)];
}

describe('SQLite', () => {
  const HOSTILE = 'we.ird,"name*';

  function shop(folder: string): string {
    const path = join(folder, 'shop ${X}.sqlite');
    const database = new DatabaseSync(path);
    const name = `"${HOSTILE.replaceAll('"', '""')}"`;
    database.exec(`
      CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, updated_at DATETIME NOT NULL);
      CREATE INDEX by_update ON users (updated_at);
      CREATE TABLE countries (code TEXT PRIMARY KEY NOT NULL, name TEXT, updated_at DATETIME NOT NULL);
      CREATE TABLE ${name} ("a,b" INTEGER NOT NULL, "\${C}" INTEGER NOT NULL, "updated: at" DATETIME NOT NULL,
        PRIMARY KEY ("a,b", "\${C}")) WITHOUT ROWID;
      CREATE TABLE mixed (id INTEGER PRIMARY KEY, updated_at DATETIME NOT NULL);
      CREATE VIEW recent AS SELECT * FROM users;
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
        INSERT INTO users SELECT i, 'x', datetime(i, 'unixepoch') FROM n;
      INSERT INTO ${name} SELECT id, 1, updated_at FROM users;
      INSERT INTO mixed SELECT id, iif(id % 2, updated_at, id) FROM users;
      INSERT INTO countries VALUES ('no', 'Norway', '2024-01-01'), ('se', 'Sweden', '2024-01-01');`);
    database.close();
    return path;
  }

  let folder: string;
  let path: string;
  beforeAll(() => {
    folder = newFolder();
    path = shop(folder);
  });

  test('a suggestion for each table; the file that is written holds it, whatever the names', async () => {
    expect(await suggested(folder, path)).toEqual({
      users: ['updated_at', 'merge', ['id']],
      countries: 'about 2 rows: a full run is quick, and sees deletes as well',
      [HOSTILE]: ['updated: at', 'merge', ['a,b', '${C}']],
      // texts and numbers in one column, which SQLite would sort one after the other
      mixed: ['id', 'append', ['id']],
      recent: ['updated_at', 'delete_insert', []],
    });

    const { file, text, plannedTables, stdout } = await configured(folder, path);
    expect(stdout).toContain('3 tables incremental, 1 in full, 1 left out');
    expect(plannedTables).toBe(4);
    expect(block(file, 'users')).toEqual(['updated_at', 'merge', ['id']]);
    expect(block(file, 'countries')).toEqual([null, null, null]);
    expect(block(file, `"${HOSTILE.replaceAll('"', '""')}"`)).toEqual(['updated: at', 'merge', ['a,b', '${C}']]);
    expect(text).toContain('# in full: about 2 rows');
    expect(text).toContain('# when it grows: incremental: {by: updated_at, strategy: merge, unique_key: [code]}');
    expect(text).toContain('# recent: left out: a view');
    expect(file.source(file.sourceNames()[0] ?? '')?.url.text).toBe('../shop ${X}.sqlite');
  });

  test('as text: one line a table and the command that a shell reads', async () => {
    const text = await done(runCli(['inspect', '--suggest', '--source', path, '--table', 'users'], { cwd: folder }));
    expect(text).toMatch(
      /^TABLE {2}COLUMN {6}STRATEGY {2}KEY {2}WHY\nusers {2}updated_at {2}merge {5}id {3}updated_at says/,
    );
    const command = `sqlextract extract --source '${path}' --table users --incremental-by updated_at --strategy merge --unique-key id`;
    expect(text).toContain(`\n${command}\n  - updated_at is compared as text`);
    const odd = await done(runCli(['inspect', '--suggest', '--source', path, '--table', '*ird*'], { cwd: folder }));
    expect(odd).toContain(` --table '"we.ird,""name*"' --incremental-by 'updated: at' `);
    expect(odd).toContain(` --unique-key '"a,b",\${C}'\n`);
    const unknown = await runCli(['inspect', '--suggest', '--source', path, '--table', 'usres'], { cwd: folder });
    expect(unknown.stderr).toContain('TABLE_NOT_FOUND');
  });

  test('nothing is overwritten, and nothing written when the source is not there', async () => {
    await done(runCli(['init', '--folder', 'there'], { cwd: folder }));
    const before = await readFile(join(folder, 'there', 'sqlextract.yaml'), 'utf8');
    const second = await runCli(['init', '--from', './shop ${X}.sqlite', '--folder', 'there'], { cwd: folder });
    expect(second).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('code: FILE_EXISTS') });
    expect(await readFile(join(folder, 'there', 'sqlextract.yaml'), 'utf8')).toBe(before);
    const missing = await runCli(['init', '--from', './none.sqlite', '--folder', 'new'], { cwd: folder });
    expect(missing.stderr).toContain('SOURCE_NOT_FOUND');
    await expect(readFile(join(folder, 'new', 'sqlextract.yaml'))).rejects.toThrow('ENOENT');
  });
});

test('PostgreSQL: counted where nothing is estimated, xmin where no column serves, no password in the file', async () => {
  await using database = await freshDatabase('suggest');
  await database.client.query(`
    CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text, updated_at timestamptz NOT NULL);
    CREATE INDEX by_update ON users (updated_at);
    CREATE TABLE events (id bigint PRIMARY KEY, created_at timestamp NOT NULL);
    CREATE TABLE prices (sku text PRIMARY KEY, price numeric);
    CREATE TABLE countries (code text PRIMARY KEY, updated_at timestamptz);
    ALTER TABLE countries SET (autovacuum_enabled = false);
    INSERT INTO users (email, updated_at) SELECT 'x', now() FROM generate_series(1, ${ROWS});
    INSERT INTO events SELECT n, now() FROM generate_series(1, ${ROWS}) n;
    INSERT INTO prices SELECT n::text, n FROM generate_series(1, ${ROWS}) n;`);
  const url = new URL(database.url);
  if (url.password === '') url.password = 'geheim%2Fes';
  const folder = newFolder();
  expect(await suggested(folder, url.href)).toEqual({
    users: ['updated_at', 'merge', ['id']],
    events: ['id', 'append', ['id']],
    prices: expect.stringContaining('--incremental-by xmin'),
    countries: 'fewer than 100,000 rows: a full run is quick, and sees deletes as well',
  });

  const variable = `${database.name.toUpperCase()}_PASSWORD`;
  const password = decodeURIComponent(url.password);
  const { file, text, stdout, plannedTables } = await configured(folder, url.href, { [variable]: password });
  expect(stdout).toContain(variable);
  expect(plannedTables).toBe(4);
  expect(block(file, 'public.users')).toEqual(['updated_at', 'merge', ['id']]);
  expect(text).toContain('--incremental-by xmin --strategy merge sees them');
  expect(text).toContain(`password: \${${variable}}`);
  for (const secret of [password, url.password]) expect(`${text}${stdout}`).not.toContain(secret);
});

test('MariaDB: by the estimates of the server', async () => {
  await using database = await freshMariadb('suggest');
  const numbers = sequence(1, 100_000, 'n');
  await database.client.query(`
    CREATE TABLE users (id bigint AUTO_INCREMENT PRIMARY KEY, email varchar(20), modified_on datetime NOT NULL, KEY by_change (modified_on));
    CREATE TABLE log (message varchar(20), ts timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, KEY (ts));
    CREATE TABLE countries (code varchar(2) PRIMARY KEY, modified_on datetime NOT NULL);
    INSERT INTO users (email, modified_on) SELECT 'x', now() FROM ${numbers};
    INSERT INTO users (email, modified_on) SELECT email, modified_on FROM users LIMIT 30000;
    INSERT INTO log (message) SELECT email FROM users;
    ANALYZE TABLE users, log, countries`);
  const folder = newFolder();
  expect(await suggested(folder, database.url)).toEqual({
    users: ['modified_on', 'merge', ['id']],
    log: ['ts', 'delete_insert', []],
    countries: expect.stringMatching(/^about \d rows: a full run is quick/),
  });
  const { file, text, plannedTables } = await configured(folder, database.url, passwordOf(database.url));
  expect(plannedTables).toBe(3);
  expect(block(file, `${database.name}.users`)).toEqual(['modified_on', 'merge', ['id']]);
  expect(block(file, `${database.name}.log`)).toEqual(['ts', 'delete_insert', null]);
  expect(text).toContain('! modified_on has no zone: --cursor-zone says it');
  expect(text).not.toContain('xmin');
});

/** For a server of the tests that needs one. */
function passwordOf(url: string): Environment {
  const { pathname, password } = new URL(url);
  return { [`${pathname.slice(1).toUpperCase()}_PASSWORD`]: decodeURIComponent(password) };
}
