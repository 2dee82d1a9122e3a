import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExtractCase, extract, newCase, removeFolders } from '../../engine/extract-case.ts';
import { freshSqlServerDatabase, type FreshSqlServerDatabase, sqlServerUrl } from '../../support/sqlserver-server.ts';

const PROGRAM = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));
const REQUIRED = ['--table', 'dbo.measured', '--consistency', 'require', '--workers', '2', '--chunk-size', '50KB'];

describe.skipIf(sqlServerUrl() === null)('a run in the snapshot of one session', () => {
  let database: FreshSqlServerDatabase;

  beforeAll(async () => {
    database = await freshSqlServerDatabase('ends');
    await database.run('CREATE TABLE measured (id int NOT NULL PRIMARY KEY, v int NOT NULL)');
    for (let from = 0; from < 30_000; from += 1000) {
      const rows = Array.from({ length: 1000 }, (_, n) => `(${from + n}, ${from + n})`);
      await database.run(`INSERT INTO measured VALUES ${rows.join(', ')}`);
    }
  });

  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    removeFolders();
  });

  it('ends when a statement fails', async () => {
    const where = ['--where', 'v/(v-20000) > -99999999'];
    const run = await extract(newCase(database.url), [...REQUIRED, ...where], { env: {} });
    expect(run.code, run.stderr).toBeGreaterThan(0);
    expect(run.signal).toBeNull();
  });

  it('ends when it is finished, though its snapshot was to be kept', async () => {
    const run = await extract(newCase(database.url), [...REQUIRED, '--keep-snapshot']);
    expect(run, run.stderr).toMatchObject({ code: 0, signal: null });
  });

  it('ends when it is interrupted', async () => {
    const code = await interrupted(newCase(database.url), [...REQUIRED, '--max-rows-per-second', '2000']);
    expect(code, 'the code of an interrupted run').toBe(130);
  });
});

/** SIGINT while rows are read; the exit code, or null when it had to be killed. */
async function interrupted(test: ExtractCase, args: readonly string[]): Promise<number | null> {
  const child = spawn(process.execPath, [PROGRAM, 'extract', ...args], {
    cwd: test.folder,
    env: { PATH: process.env['PATH'], HOME: test.folder, SQLEXTRACT_SOURCE: test.url },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  await Promise.race([sleep(8000), ended]);
  child.kill('SIGINT');
  const patience = setTimeout(() => child.kill('SIGKILL'), 40_000);
  const [code] = await ended;
  clearTimeout(patience);
  return code;
}
