import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { ExtractCase } from './extract-case.ts';
import {
  ACCOUNT_COLUMNS,
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
  smallChunks,
  sumOfFiles,
} from './extract-case.ts';

/** From the first half of the rows to the second; the sum stays. */
const MOVE_ALL =
  'BEGIN IMMEDIATE; UPDATE accounts SET balance = balance - 1 WHERE id <= 8000; UPDATE accounts SET balance = balance + 1 WHERE id > 8000; COMMIT';

const FLAGS = ['--table', 'accounts', ...SMALL_CHUNKS];

afterAll(removeFolders);

describe.each(['WAL', 'DELETE'] as const)('SQLite, journal mode %s', (journal) => {
  async function database(): Promise<{ path: string; test: ExtractCase }> {
    const path = join(newFolder(), 'shop.sqlite');
    createSqliteAccounts(path, 8_000, journal);
    // A file younger than the clock of a file system is coarse proves nothing.
    await sleep(1100);
    return { path, test: newCase(path) };
  }

  it('one run is one snapshot, with several readers', async () => {
    const { path, test } = await database();
    const report = await finish(test, ['--table', 'accounts', '--workers', '4', '--chunk-size', '10KB']);
    expect(report).toMatchObject({ level: 'snapshot', workers: 4 });
    await expectFiles(test, 'accounts', digestOfSqlite(path, 'accounts', ACCOUNT_COLUMNS));
  });

  it('killed, and nobody wrote: unchanged is proven', async () => {
    const { path, test } = await database();
    await die(test, FLAGS, 'mid-read:3');
    const report = await finish(test, FLAGS);
    expect(report).toMatchObject({ level: 'unchanged' });
    expect(report.tables[0]?.resumedRows).toBeGreaterThan(0);
    await expectFiles(test, 'accounts', digestOfSqlite(path, 'accounts', ACCOUNT_COLUMNS));
  });

  it('killed, then written to: mixed, with both times; require refuses', async () => {
    const { path, test } = await database();
    const before = digestOfSqlite(path, 'accounts', ACCOUNT_COLUMNS);
    await die(test, FLAGS, 'mid-read:3');
    const writer = new DatabaseSync(path);
    writer.exec("UPDATE accounts SET note = 'changed' WHERE id = 2");
    writer.close();
    const refused = await refuse(test, [...FLAGS, '--consistency', 'require'], 'SNAPSHOT_GONE', 4);
    expect(refused.stderr).toMatch(/hint: .*--fresh/);
    const report = await finish(test, FLAGS);
    expect(report).toMatchObject({ level: 'mixed' });
    const manifest = await expectFiles(test, 'accounts', before);
    expect(manifest.consistency.epochs).toHaveLength(2);
    for (const { takenAt } of manifest.consistency.epochs) expect(manifest.consistency.sentence).toContain(takenAt);
  });

  it('48. a writer during the run changes nothing in the files', async () => {
    const { path, test } = await database();
    const writer = new DatabaseSync(path, { timeout: 10 });
    const control = { stopped: false };
    let commits = 0;
    const writing = (async () => {
      for (; !control.stopped; await sleep(5)) {
        try {
          writer.exec(MOVE_ALL);
          commits += 1;
        } catch {
          // In rollback-journal mode a commit waits for the readers, and is tried again.
          if (writer.isTransaction) writer.exec('ROLLBACK');
        }
      }
    })();
    const report = await finish(test, ['--table', 'accounts', ...smallChunks(3)]);
    control.stopped = true;
    await writing;
    writer.close();
    expect(commits).toBeGreaterThan(0);
    expect(report).toMatchObject({ level: 'snapshot', rows: 8_000 });
    // Between two halves of two commits the sum would be another.
    expect(await sumOfFiles(test, 'accounts', 'balance')).toBe(800_000);
  });
});
