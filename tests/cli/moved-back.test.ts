import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import { openDuckDb } from '../support/duckdb.ts';
import { runCli } from '../support/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'moved-back-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS = 'SELECT id || name || "at" FROM users ORDER BY id';

function change(statement: string): void {
  const database = new DatabaseSync(join(folder, 's.sqlite'));
  database.exec(statement);
  database.close();
}

function inSource(): readonly unknown[] {
  const database = new DatabaseSync(join(folder, 's.sqlite'));
  const statement = database.prepare(ROWS);
  statement.setReturnArrays(true);
  const rows = statement.all() as unknown as readonly (readonly unknown[])[];
  database.close();
  return rows.flat();
}

async function inTarget(): Promise<readonly unknown[]> {
  const connection = await openDuckDb();
  await connection.run(`ATTACH '${join(folder, 'w.duckdb')}' AS w (READ_ONLY); USE w`);
  const rows = await connection.runAndReadAll(ROWS);
  await connection.run('USE memory; DETACH w');
  connection.closeSync();
  return rows.getRows().flat();
}

async function sync(...more: readonly string[]): Promise<string> {
  const args = ['sync', '--source', 's.sqlite', '--target', 'w.duckdb', '--table', 'users', ...more];
  const { code, stdout, stderr } = await runCli(args, { cwd: folder });
  return code === 0 ? 'done' : stdout + stderr;
}

/** Stamps from before the watermark (a clock that was set back), cursors that move back, rows that go. */
const BACK = (id: number): string => `
  INSERT INTO users VALUES (${id}, 'late', '2026-01-01 00:00:30');
  UPDATE users SET name = 'back ${id}', at = '2025-12-31 00:00:00' WHERE id % 10 = ${id % 10};
  DELETE FROM users WHERE id = ${id - 80}`;

test('clocks that step back and cursors that move back: no window brings them, the next --detect-changes does', async () => {
  change(`CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, at DATETIME NOT NULL);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
    INSERT INTO users SELECT i, 'name ' || i, datetime('2026-01-01', '+' || i || ' minutes') FROM n`);
  const windows = ['--incremental-by', 'at'];
  const compared = ['--detect-changes', 'hash'];
  expect(await sync(...windows)).toBe('done');
  const before = await inTarget();
  expect(before).toEqual(inSource());
  change(BACK(101));
  expect(await sync(...windows)).toBe('done');
  expect(await inTarget()).toEqual(before);
  expect(await sync(...compared)).toContain('--on-change restart reads all of it by the new one');
  expect(await sync(...compared, '--on-change', 'restart')).toBe('done');
  expect(await inTarget()).toEqual(inSource());
  change(BACK(102));
  expect(await sync(...compared)).toBe('done');
  expect(await inTarget()).toEqual(inSource());
});
