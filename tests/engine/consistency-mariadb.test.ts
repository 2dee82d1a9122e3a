import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FreshMariadb, freshMariadb } from '../support/mariadb-server.ts';
import { digestOfMariadb } from '../support/mariadb-tables.ts';
import {
  ACCOUNT_COLUMNS,
  die,
  type ExtractCase,
  expectFiles,
  finish,
  newCase,
  readManifestOf,
  refuse,
  removeFolders,
  smallChunks,
  sumOfFiles,
} from './extract-case.ts';
import { createMariadbAccounts, TOTAL, withMariadbWriter } from './mariadb-accounts.ts';

const FLAGS = ['--table', 'accounts', ...smallChunks(3)];

let database: FreshMariadb;
let test: ExtractCase;

beforeAll(async () => {
  database = await freshMariadb('consistency');
});

beforeEach(async () => {
  await createMariadbAccounts(database);
  test = newCase(database.url);
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  removeFolders();
});

const digest = () => digestOfMariadb(database.client, 'accounts', ACCOUNT_COLUMNS);
const folder = () => `${database.name}.accounts`;

describe('one state', () => {
  it('with several readers, when nobody writes', async () => {
    const truth = await digest();
    const report = await finish(test, FLAGS);
    expect(report).toMatchObject({ level: 'snapshot', workers: 3 });
    const manifest = await expectFiles(test, folder(), truth);
    expect(manifest.consistency.epochs).toMatchObject([{ shared: true }]);
    expect(manifest.files.length).toBeGreaterThan(5);
  });

  it.each(['csv', 'parquet'])('without locks, while others write (%s)', async (format) => {
    const flags = ['--table', 'accounts', ...smallChunks(3, '40KB', format)];
    await withMariadbWriter(database, 30, async () => finish(test, [...flags, '--consistency', 'require']));
    expect(await sumOfFiles(test, folder(), 'balance')).toBe(TOTAL);
  });

  it('under a short lock, when it is allowed, while others write without a pause', async () => {
    const report = await withMariadbWriter(database, 0, async () =>
      finish(test, [...FLAGS, '--allow-locks', '--consistency', 'require']),
    );
    expect(report.level).toBe('snapshot');
    expect(await sumOfFiles(test, folder(), 'balance')).toBe(TOTAL);
    const { manifest } = readManifestOf(test, folder());
    expect(manifest.consistency.epochs[0]?.label).toMatch(/BLOCK_COMMIT|READ LOCK|LOCK TABLES/);
  });

  it('a run killed while others write, and run again, says mixed; require refuses', async () => {
    await die(test, FLAGS, 'mid-read:5');
    await database.client.query('UPDATE accounts SET note = NULL WHERE id = 2');
    await refuse(test, [...FLAGS, '--consistency', 'require'], 'SNAPSHOT_GONE', 4);
    const report = await finish(test, FLAGS);
    expect(report.level).toBe('mixed');
    expect(report.tables[0]?.resumedRows).toBeGreaterThan(0);
  });
});
