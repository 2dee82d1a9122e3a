import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import { readManifest } from '../../src/checkpoint/manifest.ts';
import type { SyncReport } from '../../src/sync/sync-report.ts';
import { openDuckDb } from '../support/duckdb.ts';
import { runCli } from '../support/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'recased-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function change(statement: string): void {
  const database = new DatabaseSync(join(folder, 's.sqlite'));
  database.exec(statement);
  database.close();
}

/** The path of the delete set's manifest; null: none. */
async function sync(): Promise<string | null> {
  const job = ['--table', 'codes', '--incremental-by', 'at', '--detect-deletes', '--format', 'csv', '--json'];
  const args = ['sync', '--source', 's.sqlite', '--target', 'w.duckdb', ...job];
  const { code, stdout, stderr } = await runCli(args, { cwd: folder });
  expect(code, stdout + stderr).toBe(0);
  return (JSON.parse(stdout) as SyncReport).extract.tables[0]?.deletes?.manifest ?? null;
}

async function inTarget(): Promise<readonly unknown[]> {
  const connection = await openDuckDb();
  await connection.run(`ATTACH '${join(folder, 'w.duckdb')}' AS w (READ_ONLY)`);
  const rows = await connection.runAndReadAll('SELECT code || v FROM w.codes ORDER BY v');
  await connection.run('DETACH w');
  connection.closeSync();
  return rows.getRows().flat();
}

test('a key that is written in another case where that is the same key: gone under the old one, there under the new one', async () => {
  change(`CREATE TABLE codes (code TEXT COLLATE NOCASE PRIMARY KEY, v INTEGER, at DATETIME NOT NULL);
    INSERT INTO codes VALUES ('A', 1, '2026-01-01 00:00:00'), ('b', 2, '2026-01-01 00:00:00'), ('\\N', 3, '2026-01-01 00:00:00')`);
  expect(await sync()).toBeNull();
  expect(await inTarget()).toEqual(['A1', 'b2', '\\N3']);
  change(`UPDATE codes SET code = 'a', at = '2026-01-02 00:00:00' WHERE code = 'A'; DELETE FROM codes WHERE v = 3`);
  const deletes = await sync();
  expect(await inTarget()).toEqual(['a1', 'b2']);
  // Targets that cannot tell it from a NULL go by what is said of it.
  expect(readManifest(deletes ?? '').totals).toMatchObject({ rows: 2, markerCells: 1, nullCounts: [0], maxBytes: [2] });
});
