import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliRun, runCli } from '../support/run-cli.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'generate-'));
  const database = new DatabaseSync(join(folder, 'shop.sqlite'));
  database.exec('CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)');
  database.exec("INSERT INTO users VALUES (1, 'a'), (2, NULL)");
  database.close();
  const extracted = await run(['extract', '--source', 'shop.sqlite', '--table', 'users', '--json']);
  expect(extracted.code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  return runCli(args, { cwd: folder, env });
}

const generate = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  run(['generate-ingest', ...args], env);

describe('generate-ingest', () => {
  test('writes the scripts of a target into its folder and says what to type', async () => {
    const { code, stdout, stderr } = await generate(['--target', 'duckdb']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^users → main\.users \(replace\): 2 rows in 1 file of run \S+\n/);
    expect(stdout).toContain('Next: ingest/duckdb/run.sh (see ingest/duckdb/README.md)');
    expect((await readdir(join(folder, 'ingest', 'duckdb'))).toSorted()).toEqual([
      '01-users-load.sql',
      'README.md',
      'plan.json',
      'run.sh',
    ]);
  });

  test('a target with an upload says so', async () => {
    const { code, stdout } = await generate(['--target', 'snowflake', '--to', 'sf']);
    expect(code).toBe(0);
    expect(stdout).toContain('Next: sf/upload.sh && sf/run.sh (see sf/README.md)');
  });

  test('--dry-run writes nothing, --stdout prints the SQL alone, --json the plan', async () => {
    const dry = await generate(['--target', 'duckdb', '--to', 'none', '--dry-run']);
    expect(dry.stdout).toContain('would write scripts for DuckDB to none/');
    expect(dry.stdout).not.toContain('Next:');
    const printed = await generate(['--target', 'duckdb', '--to', 'none', '--stdout', '--mode', 'append']);
    expect(printed.stdout).toMatch(/^-- main\.users \(append\), from users/);
    expect(printed.stdout).toContain('read_parquet');
    const json = await generate(['--target', 'duckdb', '--to', 'none', '--dry-run', '--json', '--mode', 'merge']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      target: 'duckdb',
      written: false,
      scripts: ['01-users-load.sql', 'run.sh', 'README.md'],
      plan: { tables: [{ mode: 'merge', key: ['id'], rows: 2 }] },
    });
    expect(await readdir(folder)).not.toContain('none');
  });

  test.each([
    [['--target', 'duckdb', '--format', 'csv'], 'INGEST_FORMAT', 'sqlextract extract --table users --format csv'],
    [['--target', 'postgres'], 'INGEST_FORMAT', 'sqlextract load'],
    [['--target', 'duckdb', '--table', 'nope'], 'NO_FINISHED_RUN', 'sqlextract status'],
    [['--target', 'duckdb', '--run', 'nope'], 'NO_FINISHED_RUN', 'sqlextract status'],
    [['--target', 'duckbd'], 'TARGET_UNKNOWN', 'the targets are'],
    [[], 'TARGET_MISSING', '--target'],
    [['--target', 'bigquery'], 'INGEST_OPTION', 'add --'],
    [['--target', 'duckdb', '--bucket', 's3://b'], 'INGEST_OPTION', 'leave it out'],
    [['--target', 'sqlite', '--on-error', 'skip'], 'INGEST_OPTION', 'leave it out'],
    [['--target', 'clickhouse', '--stdout'], 'INGEST_OPTION', 'into a folder'],
    [['--target', 'duckdb', '--max-errors', '3'], 'INGEST_OPTION', '--on-error skip'],
    [['--target', 'duckdb', '--mode', 'upsert'], 'USAGE_CHOICE', 'merge'],
    [['--target', 'duckdb', '--rename', 'x'], 'USAGE_RENAME', 'order_no'],
    [['--target', 'duckdb', '--flavor', 'mariadb'], 'TARGET_FLAVOR', '--flavor'],
  ])('%j is an error %s that says what to type', async (args, errorCode, hint) => {
    const result = await generate([...args, '--json']);
    const { error } = JSON.parse(result.stdout) as { error: { code: string; hint: string } };
    expect(error.code).toBe(errorCode);
    expect(error.hint).toContain(hint);
    expect([2, 6]).toContain(result.code);
  });

  test('a folder with files of somebody else is left alone', async () => {
    await mkdir(join(folder, 'theirs'));
    await writeFile(join(folder, 'theirs', 'run.sh'), 'theirs');
    const result = await generate(['--target', 'duckdb', '--to', 'theirs']);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('INGEST_FOLDER');
    expect(await readFile(join(folder, 'theirs', 'run.sh'), 'utf8')).toBe('theirs');
  });
});

describe('where a target comes from', () => {
  test('SQLEXTRACT_TARGET, when no flag names one', async () => {
    const { code, stdout } = await generate(['--dry-run'], { SQLEXTRACT_TARGET: 'duckdb' });
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('scripts for DuckDB') });
    const typed = await generate(['--dry-run', '--target', 'snowflake'], { SQLEXTRACT_TARGET: 'duckdb' });
    expect(typed.stdout).toContain('scripts for Snowflake');
  });

  test('a name of the file, with its schema and mode; its password is shown nowhere', async () => {
    const entry = '{type: mysql, url: "mysql://u@127.0.0.1:1/d", password: hunter2secret, mode: append, schema: raw}';
    await writeFile(join(folder, 'sqlextract.yaml'), `targets:\n  dw: ${entry}\n`);
    const json = await run(['load', '--target', 'dw', '--dry-run', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      target: 'mysql://u@127.0.0.1:1/d',
      loaded: false,
      plan: { tables: [{ mode: 'append', target: { schema: 'raw' } }] },
    });
    const failed = await run(['load', '--target', 'dw']);
    expect(failed.code).toBe(5);
    expect(json.stdout + json.stderr + failed.stdout + failed.stderr).not.toContain('hunter2secret');
    expect(failed.stderr).not.toContain('Warning');
  });

  test('a password in --target is warned of, and shown nowhere', async () => {
    const result = await run(['load', '--target', 'mysql://u:hunter2secret@127.0.0.1:1/d']);
    expect(result.code).toBe(5);
    expect(result.stderr).toContain('Warning: the password in --target');
    expect(result.stdout + result.stderr).not.toContain('hunter2secret');
    const environment = await run(['load'], { SQLEXTRACT_TARGET: 'mysql://u:hunter2secret@127.0.0.1:1/d' });
    expect(environment.stdout + environment.stderr).not.toContain('hunter2secret');
    expect(environment.stderr).not.toContain('Warning');
  });
});

describe('load', () => {
  test('--dry-run says what would be loaded, and makes no file', async () => {
    const { code, stdout } = await run(['load', '--table', 'users', '--dry-run', '--target', './w.duckdb']);
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^would load users into main\.users of /),
    });
    expect(await readdir(folder)).not.toContain('w.duckdb');
  });

  test('then again does nothing, and says so', async () => {
    const first = await run(['load', '--target', './w.duckdb', '--parallel-load']);
    expect(first.stdout).toMatch(/^✓ Replaced table main\.users with 2 records \(/);
    const second = await run(['load', '--target', './w.duckdb', '--json']);
    expect(JSON.parse(second.stdout)).toMatchObject({
      status: 'complete',
      tables: [{ outcome: { kind: 'already-loaded' } }],
    });
  });

  test('of a table that was never extracted is an error', async () => {
    const result = await run(['load', '--table', 'nope']);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('code: NO_FINISHED_RUN');
  });
});

describe('types', () => {
  test('shows every type of a source to the target, without a connection', async () => {
    const { code, stdout } = await run(['types', '--source', 'postgres://nowhere/d', '--target', 'duckdb', '--json']);
    expect(code).toBe(0);
    const { types } = JSON.parse(stdout) as { types: { native: string; target: string; refused: string | null }[] };
    const of = (native: string) => types.find((type) => type.native === native);
    expect(of('integer')).toMatchObject({
      target: 'INTEGER',
      written: { parquet: 'INT32', csv: 'digits' },
      refused: null,
    });
    expect(types.find(({ native }) => native.startsWith('numeric(p,s), p ≤'))?.target).toBe('DECIMAL(p,s)');
  });

  test('and every column of a table', async () => {
    const { code, stdout } = await run(['types', '--source', 'shop.sqlite', '--target', 'duckdb', '--table', 'users']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^users\nCOLUMN +SQLITE TYPE +BECOMES +PARQUET +CSV +DUCKDB +NOTE\nid +INTEGER +int64 +INT64 +digits +BIGINT/,
    );
    expect(stdout).toContain('nothing is refused by DuckDB');
  });
});
