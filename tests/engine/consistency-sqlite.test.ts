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
} from './extract-case.ts';

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

  it('a writer during the run changes nothing in the files', async () => {
    const { path, test } = await database();
    const writer = new DatabaseSync(path, { timeout: 10 });
    let stop = false;
    let commits = 0;
    const writing = (async () => {
      for (let seed = 1; !stop; seed += 1) {
        try {
          // The sum of balances stays; a reader in rollback-journal mode makes a commit wait, and then it is tried again.
          writer.exec(`BEGIN IMMEDIATE; UPDATE accounts SET balance = balance - ${seed} WHERE id = 2; UPDATE accounts SET balance = balance + ${seed} WHERE id = 16000; COMMIT`);
          commits += 1;
        } catch {
          if (writer.isTransaction) writer.exec('ROLLBACK');
        }
        await sleep(5);
      }
    })();
    const report = await finish(test, [...FLAGS, '--workers', '3'].filter((flag, at, all) => !(flag === '--workers' && all[at + 1] === '1') && !(flag === '1' && all[at - 1] === '--workers')));
    stop = true;
    await writing;
    expect(commits).toBeGreaterThan(0);
    expect(report).toMatchObject({ level: 'snapshot' });
    writer.exec(`UPDATE accounts SET balance = 100`);
    const { manifest } = await import('./extract-case.ts').then(async ({ digestOfFiles }) => digestOfFiles(test, 'accounts'));
    expect(manifest.totals.rows).toBe(8_000);
    writer.close();
  });
});
