import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ExtractCase } from '../engine/extract-case.ts';
import {
  ACCOUNT_COLUMNS,
  createAccounts,
  createSqliteAccounts,
  die,
  digestOfSqlite,
  expectFiles,
  finish,
  newCase,
  newFolder,
  refuse,
  removeFolders,
  SMALL_CHUNKS,
} from '../engine/extract-case.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import type { CliRun } from '../support/run-cli.ts';

const ROWS = 8_000;
const ACCOUNTS = ['--table', 'accounts', ...SMALL_CHUNKS];
const PROGRAM = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

let sqlite: string;
let database: FreshDatabase;
let test: ExtractCase;

beforeAll(async () => {
  sqlite = join(newFolder(), 'shop.sqlite');
  createSqliteAccounts(sqlite, ROWS);
  database = await freshDatabase('bad_input');
  await createAccounts(database.client, 'accounts', ROWS);
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  removeFolders();
});

beforeEach(() => {
  test = newCase(sqlite);
});

const accounts = () => digestOfSqlite(sqlite, 'accounts', ACCOUNT_COLUMNS);

function errorOf(run: CliRun): string {
  return /^Error: (.*)$/m.exec(run.stderr)?.[1] ?? '';
}

/** Not in every container, even for root; the test under `ulimit -f` needs nobody's permission. */
function canMount(): boolean {
  const folder = newFolder();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  if (mounted) spawnSync('umount', [folder]);
  return mounted;
}

describe('the disk', () => {
  it('has a file where the output folder should be', async () => {
    writeFileSync(join(test.folder, 'occupied'), 'a file');
    const run = await refuse(test, [...ACCOUNTS, '--out', 'occupied'], 'OUTPUT_NOT_WRITABLE', 7);
    expect(errorOf(run)).toContain('occupied');
    rmSync(join(test.folder, 'occupied'));
    await finish(test, [...ACCOUNTS, '--out', 'occupied']);
    await expectFiles(test, 'accounts', accounts(), 'occupied');
  });

  // Root may write everywhere: for root the file in the way above is the same refusal by the same code.
  it.skipIf(process.getuid?.() === 0)('has an output folder that may not be written', async () => {
    mkdirSync(join(test.folder, 'export'), { mode: 0o500 });
    await refuse(test, ACCOUNTS, 'OUTPUT_NOT_WRITABLE', 7);
    chmodSync(join(test.folder, 'export'), 0o700);
    await finish(test, ACCOUNTS);
    await expectFiles(test, 'accounts', accounts());
  });

  it.runIf(process.getuid?.() === 0 && canMount())(
    'is full: nothing of what was written is lost, and with space the same command finishes',
    async () => {
      const small = join(test.folder, 'small');
      mkdirSync(small);
      expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', small]).status).toBe(0);
      const flags = [...ACCOUNTS, '--out', 'small'];
      try {
        const run = await refuse(test, flags, 'DISK_FULL', 7);
        expect(errorOf(run)).toContain(small);
        expect(spawnSync('mount', ['-o', 'remount,size=20m', small]).status).toBe(0);
        const report = await finish(test, flags);
        expect(report.tables[0]?.resumedRows).toBeGreaterThan(0);
        await expectFiles(test, 'accounts', accounts(), 'small');
      } finally {
        spawnSync('umount', [small]);
      }
    },
  );

  it('takes no file of that size (ulimit -f): said so, and without the limit it finishes', async () => {
    const big = join(newFolder(), 'big.sqlite');
    createSqliteAccounts(big, 60_000);
    test = newCase(big);
    const flags = ['--table', 'accounts', '--workers', '1', '--format', 'csv', '--compression', 'none'];
    const limited = spawnSync(
      'bash',
      ['-c', 'ulimit -f 512 && exec "$0" "$@"', process.execPath, PROGRAM, 'extract', ...flags],
      {
        cwd: test.folder,
        env: { PATH: process.env['PATH'], HOME: test.folder, SQLEXTRACT_SOURCE: big },
        encoding: 'utf8',
      },
    );
    expect(limited.status, limited.stderr).toBe(7);
    expect(limited.stderr).toContain('code: FILE_TOO_LARGE');
    await finish(test, flags);
    await expectFiles(test, 'accounts', digestOfSqlite(big, 'accounts', ACCOUNT_COLUMNS));
  });

  it("has somebody else's file in the way, which is never touched, however often it is tried", async () => {
    await die(test, ACCOUNTS, 'mid-read:2');
    const folder = join(test.folder, 'export', 'accounts');
    const foreign = join(folder, readdirSync(folder)[0] ?? '', 'part-000004.csv');
    writeFileSync(foreign, 'mine');
    for (let time = 1; time <= 3; time += 1) {
      const run = await refuse(test, ACCOUNTS, 'FILE_IN_THE_WAY', 7);
      expect(errorOf(run)).toContain(foreign);
      expect(readFileSync(foreign, 'utf8')).toBe('mine');
    }
    rmSync(foreign);
    await finish(test, ACCOUNTS);
    await expectFiles(test, 'accounts', accounts());
  });
});
