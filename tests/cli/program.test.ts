import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliRun, runCli } from '../support/run-cli.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'program-'));
  const database = new DatabaseSync(join(folder, 'shop.sqlite'));
  database.exec('CREATE TABLE "odd \u001b name" (id INTEGER PRIMARY KEY, "Total" DECIMAL(12,2) NOT NULL, note TEXT)');
  database.exec('CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)');
  database.close();
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  return runCli(args, { cwd: folder, env });
}

/** What --json wrote, which must be the only thing on stdout. */
function json(result: CliRun): Readonly<Record<string, unknown>> {
  return JSON.parse(result.stdout) as Readonly<Record<string, unknown>>;
}

describe('exit codes and errors', () => {
  test.each([[['--help']], [['inspect', '--help']], [['--version']]])(
    '%j ends with 0 and says it on stdout',
    async (args) => {
      const { code, stdout, stderr } = await run(args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('sqlextract');
    },
  );

  test.each([
    [['extrcat'], 2, 'USAGE_COMMAND'],
    [['inspect', '--foo'], 2, 'USAGE'],
    [['inspect', 'positional'], 2, 'USAGE'],
    [['inspect', '--table'], 2, 'USAGE'],
    [['inspect', '--source', 'shop.sqlite', '--format', 'xml'], 2, 'USAGE_CHOICE'],
    [['inspect'], 3, 'CONFIG_SOURCE_MISSING'],
    [['inspect', '--source', 'nowhere'], 3, 'CONFIG_SOURCE_UNKNOWN'],
    [['inspect', '--source', 'oracle://h/d'], 3, 'CONFIG_SOURCE_SCHEME'],
    [['status', '--config', 'none.yaml'], 3, 'CONFIG_FILE_UNREADABLE'],
  ])('%j ends with %i %s', async (args, code, errorCode) => {
    const result = await run(args);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toMatch(new RegExp(`^Error: .+\n    code: ${errorCode}\n(.*\n)*    hint: `));
  });

  test('as JSON on stdout, and nothing on stderr', async () => {
    const result = await run(['inspect', '--source', 'nowhere', '--json']);
    expect(result.code).toBe(3);
    expect(result.stderr).toBe('');
    expect(json(result)).toMatchObject({
      error: { code: 'CONFIG_SOURCE_UNKNOWN', fault: 'configuration', hint: expect.any(String) },
    });
  });

  test('also when the command line itself cannot be parsed', async () => {
    const result = await run(['inspect', '--foo', '--json']);
    expect(result.code).toBe(2);
    expect(json(result)).toMatchObject({ error: { code: 'USAGE', fault: 'usage' } });
  });

  test('a fault point that does not exist is a bug: stack and exit code 1', async () => {
    const result = await run(['status'], { SQLEXTRACT_FAULT: 'no-such-point' });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('    code: INTERNAL\n');
    expect(result.stderr).toMatch(/\n {4}at armFaultPoint .*dist\/program\//);
  });

  test('a password is printed nowhere, and its place in argv is warned of once', async () => {
    const result = await run(['inspect', '--source', 'postgres://u:hunter2secret@127.0.0.1:1/d']);
    expect(result.code).toBe(5);
    expect(result.stdout + result.stderr).not.toContain('hunter2secret');
    expect(result.stderr.match(/Warning: /g)).toHaveLength(1);
    expect(result.stderr).toContain('SQLEXTRACT_SOURCE');
    const unknown = await run(['inspect', '--source', 'oracle://u:hunter2secret@h/d', '--json']);
    expect(unknown.stdout + unknown.stderr).not.toContain('hunter2secret');
  });
});

describe('inspect', () => {
  test('the list of tables, with names that cannot touch the terminal', async () => {
    const result = await run(['inspect', '--source', 'shop.sqlite']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^TABLE +KIND +ROWS/);
    expect(result.stdout).toContain('odd \\x1b name');
    expect(result.stdout).not.toContain('\u001b');
  });

  test('the columns: type there, type here, type in the file; keys', async () => {
    const result = await run(['inspect', '--table', 'users'], { SQLEXTRACT_SOURCE: 'shop.sqlite' });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(
      /COLUMN +SOURCE TYPE +TYPE +PARQUET +NULL\n +id +INTEGER +int64 +INT64.*no\n +email +TEXT +string /,
    );
    expect(result.stdout).toMatch(/ {2}key .*\(id\)/);
    const csv = json(
      await run(['inspect', '--table', 'users', '-f', 'csv', '--columns', 'ID', '--json', '-s', 'shop.sqlite']),
    );
    expect(csv).toMatchObject({
      kind: 'columns',
      format: 'csv',
      tables: [{ name: 'users', columns: [{ name: 'id', type: 'int64', refused: null }] }],
    });
  });

  test('a table that is not there is an error that says what there is', async () => {
    const result = await run(['inspect', '--table', 'user', '-s', 'shop.sqlite']);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain('users');
  });
});

describe('status', () => {
  test('nothing yet', async () => {
    const result = await run(['status']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^no jobs in .*\.sqlextract\n/);
    expect(json(await run(['status', '--json']))).toEqual({
      stateDir: join(folder, '.sqlextract'),
      jobs: [],
      unreadable: [],
    });
  });
});

describe('init', () => {
  test('writes a file that the next command reads, and overwrites nothing unasked', async () => {
    const target = join(folder, 'new');
    const first = await run(['init', '--folder', 'new']);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const path = join(target, 'sqlextract.yaml');
    const [head] = (await readFile(path, 'utf8')).split('\n');
    const schema = /^# yaml-language-server: \$schema=(\S+)$/.exec(head ?? '')?.[1] ?? '';
    expect(existsSync(new URL(schema, `file://${target}/`))).toBe(true);
    expect((await runCli(['status'], { cwd: target })).code).toBe(0);

    await writeFile(path, 'out: mine\n');
    const second = await run(['init', '--folder', 'new', '--sample']);
    expect(second.code).toBe(2);
    expect(second.stderr).toContain('code: FILE_EXISTS');
    expect(await readFile(path, 'utf8')).toBe('out: mine\n');
    expect(existsSync(join(target, 'sample.sqlite'))).toBe(false);

    expect(await run(['init', '--folder', 'new', '--force'])).toMatchObject({ code: 0 });
    expect(await readFile(path, 'utf8')).not.toBe('out: mine\n');
  });

  test('--sample makes a database, and the configuration reads it', async () => {
    const target = join(folder, 'sampled');
    const result = await run(['init', '--sample', '--folder', 'sampled']);
    expect(result).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Next: sqlextract sync --table users'),
    });
    expect(result.stdout).toContain('Next: sqlextract sync --table users');
    const list = await runCli(['inspect', '--json'], { cwd: target });
    expect(json(list)).toMatchObject({ tables: expect.arrayContaining([expect.objectContaining({ name: 'users' })]) });
  });
});
