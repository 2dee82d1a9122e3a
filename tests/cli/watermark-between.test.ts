import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import type { RunReport } from '../../src/engine/report.ts';
import { runCli } from '../support/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'between-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const JOB = ['--source', 's.sqlite', '--table', 'log'];

/** Thirty rows more. */
function grow(): void {
  const database = new DatabaseSync(join(folder, 's.sqlite'));
  database.exec(`CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY);
    INSERT INTO log SELECT NULL FROM (VALUES (1), (2), (3)), (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10))`);
  database.close();
}

async function extract(fault?: string, more: readonly string[] = []): Promise<string> {
  const env = fault === undefined ? {} : { SQLEXTRACT_FAULT: fault };
  const args = ['extract', ...JOB, '--incremental-by', 'id', '--json', ...more];
  const { stdout, signal } = await runCli(args, { cwd: folder, env });
  if (signal !== null) return signal;
  const { tables = [] } = JSON.parse(stdout) as Partial<RunReport>;
  expect(tables, stdout).toHaveLength(1);
  const [table] = tables;
  return `${table?.rows} rows, ${table?.window?.reset === true ? 'all' : `from ${table?.window?.from?.value}`}`;
}

async function watermark(...args: readonly string[]): Promise<void> {
  expect((await runCli(['watermark', ...args], { cwd: folder })).code).toBe(0);
}

test('a watermark that is reset or set while a killed window waits for its rerun is what the run after it goes by', async () => {
  grow();
  expect(await extract()).toBe('30 rows, all');
  grow();
  expect(await extract('before-manifest')).toBe('SIGKILL');
  await watermark('reset', '--table', 'log', '--confirm');
  expect(await extract()).toBe('30 rows, from 30');
  expect(await extract()).toBe('60 rows, all');
  grow();
  expect(await extract('before-manifest')).toBe('SIGKILL');
  await watermark('set', ...JOB, '20');
  expect(await extract()).toBe('30 rows, from 60');
  expect(await extract()).toBe('71 rows, from 20');
  grow();
  expect(await extract('before-manifest')).toBe('SIGKILL');
  const lookback = ['--lookback', '5'];
  expect(await extract(undefined, [...lookback, '--on-change', 'restart'])).toBe('30 rows, from 90');
  expect(await extract(undefined, lookback)).toBe('120 rows, all');
});
