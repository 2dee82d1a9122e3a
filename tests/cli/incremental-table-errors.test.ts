import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import type { RunReport } from '../../src/engine/report.ts';
import { runCli } from '../support/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'table-errors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function change(statement: string): void {
  const database = new DatabaseSync(join(folder, 'shop.sqlite'));
  database.exec(statement);
  database.close();
}

/** What became of each table, with its rows. */
async function extract(code = 8): Promise<Readonly<Record<string, string>>> {
  const tables = ['--table', 'lacking', '--table', 'orders', '--table', 'users'];
  const args = ['extract', '--source', 'shop.sqlite', ...tables, '--incremental-by', 'at', '--json'];
  const run = await runCli([...args, '--on-table-error', 'continue'], { cwd: folder });
  expect(run.code, run.stderr).toBe(code);
  const report = JSON.parse(run.stdout) as RunReport;
  return Object.fromEntries(
    report.tables.map(({ table, status, rows, problem }) => [table, `${status} ${problem?.code ?? rows}`]),
  );
}

test('a table without a window, or with other columns, keeps no other from its windows: now and the next time', async () => {
  for (const table of ['lacking', 'orders', 'users'])
    change(
      `CREATE TABLE ${table} (id INTEGER PRIMARY KEY, at DATETIME); INSERT INTO ${table} VALUES (1, '2026-01-01 00:00:00')`,
    );
  change('INSERT INTO lacking VALUES (2, NULL)');
  expect(await extract()).toEqual({ lacking: 'failed CURSOR_NULLS', orders: 'complete 1', users: 'complete 1' });
  change(`INSERT INTO orders VALUES (2, '2026-01-02 00:00:00'); ALTER TABLE users ADD COLUMN name TEXT`);
  expect(await extract()).toEqual({
    lacking: 'failed CURSOR_NULLS',
    orders: 'complete 1',
    users: 'failed CURSOR_DRIFT',
  });
  // One that fails while it is read keeps its own run open, and no other table in it.
  change(`ALTER TABLE lacking ADD COLUMN n INTEGER; UPDATE lacking SET n = 'no number', at = '2026-01-01 00:00:00'`);
  const broken = 'failed VALUE_DOES_NOT_FIT';
  expect(await extract()).toMatchObject({ lacking: broken, orders: 'complete 0' });
  for (const id of [3, 4]) {
    change(`INSERT INTO orders VALUES (${id}, '2026-01-0${id} 00:00:00')`);
    expect(await extract()).toMatchObject({ lacking: broken, orders: 'complete 1' });
  }
  change('UPDATE lacking SET n = 1; ALTER TABLE users DROP COLUMN name');
  expect((await extract(0))['lacking']).toBe('complete 2');
  expect(readdirSync(join(folder, '.sqlextract', 'runs'))).toEqual([]);
});
