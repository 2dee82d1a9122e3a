import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mysqlDriver } from '../../src/sources/mysql/index.ts';
import type { Snapshot, SnapshotRequest, SourceSession } from '../../src/sources/source.ts';
import { ALL_COLUMNS, readRequest, readRows } from '../conformance/source-reading.ts';
import { problemOf } from '../conformance/source-describes.ts';
import { chunkTimes } from '../engine/chunk-times.ts';
import {
  ACCOUNT_COLUMNS,
  call,
  die,
  type ExtractCase,
  expectFiles,
  extract,
  finish,
  newCase,
  removeFolders,
  smallChunks,
  until,
} from '../engine/extract-case.ts';
import { createMariadbAccounts } from '../engine/mariadb-accounts.ts';
import { configOf, openSession } from '../sources/mysql/mysql-fixture.ts';
import { type FreshMariadb, freshMariadb, startOwnMariadb } from '../support/mariadb-server.ts';
import { serverKind } from '../support/mysql-kind.ts';
import { readFiles } from './read-files.ts';
import { digestOfMariadb } from '../support/mariadb-tables.ts';

/* Snapshots of the list in index.test.ts, on the MariaDB (or MySQL) of the tests. */

const FLAGS = ['--table', 'accounts', ...smallChunks(3)];

let database: FreshMariadb;
let test: ExtractCase;

beforeAll(async () => {
  database = await freshMariadb('snapshots');
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

/** The run has finished its first range and reads others. */
async function untilReading(running: Promise<unknown>): Promise<void> {
  // A run that ends too early is told of by whoever awaits it.
  running.catch(() => undefined);
  const tableFolder = join(test.folder, 'export', folder());
  const parts = () =>
    existsSync(tableFolder) &&
    readdirSync(tableFolder, { recursive: true }).some((name) => /part-\d+\.csv$/.test(String(name)));
  await until('the first file is there', parts, 60_000);
}

describe('26. a user without RELOAD, PROCESS and BACKUP_ADMIN', () => {
  const user = { name: `plain_${process.pid}`, password: 'plain-pass' };
  beforeAll(async () => {
    await database.client.query(
      `CREATE USER '${user.name}'@'%' IDENTIFIED BY '${user.password}'; GRANT SELECT ON ${database.name}.* TO '${user.name}'@'%'`,
    );
  });
  afterAll(() => database.client.query(`DROP USER '${user.name}'@'%'`));

  it('gets one state by another method, or is told before reading that it does not', async () => {
    const url = new URL(database.url);
    Object.assign(url, { username: user.name, password: user.password });
    test = newCase(url.href);
    const truth = await digest();
    const run = await extract(test, FLAGS);
    expect(run.code, run.stderr).toBe(0);
    const manifest = await expectFiles(test, folder(), truth);
    const [epoch] = manifest.consistency.epochs;
    if (epoch?.shared === true) expect(manifest.consistency.level).toBe('snapshot');
    else {
      expect(manifest.consistency.level).not.toBe('snapshot');
      expect(run.stderr).toMatch(/each reader has a snapshot of its own/);
    }
    const locks = await extract(newCase(url.href), [...FLAGS, '--allow-locks']);
    expect(locks.code, locks.stderr).toBe(0);
  });
});

describe('27. a server that is set up against us', () => {
  it('every session reads REPEATABLE READ, and no setting changes a byte', async () => {
    await using server = await hostileServer();
    await using hostile = await freshMariadb('hostile', server.url);
    await hostile.client.query("SET SESSION TRANSACTION READ WRITE; SET autocommit = 1; SET sql_mode = ''");
    await createMariadbAccounts(hostile);
    await hostile.client.query(
      `CREATE TABLE zoo (id int PRIMARY KEY, t timestamp(6) NULL, d double, f float, c char(5), j text, b bit(3));
       INSERT INTO zoo VALUES (1, '2024-03-31 01:30:00.5', 0.1, 16777216, 'a', 'back\\\\slash "q"', b'101')`,
    );
    test = newCase(hostile.url);
    const report = await finish(test, FLAGS);
    expect(report.level).toBe('snapshot');
    await expectFiles(
      test,
      `${hostile.name}.accounts`,
      await digestOfMariadb(hostile.client, 'accounts', ACCOUNT_COLUMNS),
    );
    await using session = await openSession(hostile);
    const table = await session.describe({ schema: hostile.name, name: 'zoo' }, ALL_COLUMNS);
    await using reader = await mysqlDriver.open(configOf(hostile), 'reader');
    const snapshot = await session.takeSnapshot({ ...REQUEST, tables: [table] });
    await reader.joinSnapshot(snapshot.token);
    await hostile.client.query('UPDATE zoo SET f = 5');
    const micros = String(Date.UTC(2024, 2, 31, 1, 30, 0, 500) * 1000);
    for (const one of [reader, session]) {
      expect(await readRows(one, { table })).toEqual([['1', micros, '0.1', '16777216', 'a', 'back\\slash "q"', '101']]);
    }
    await snapshot.release();
    const query = "SELECT c || 'z' AS text, CAST(1 AS UNSIGNED) - 2 AS less FROM zoo";
    await finish(test, ['--query', query, '--name', 'modes', '--format', 'csv', '--compression', 'none']);
    expect((await readFiles(test, 'modes')).rows).toEqual([['az', '-1']]);
  });
});

const REQUEST: SnapshotRequest = {
  tables: [],
  mode: 'shared',
  holdMs: 0,
  previous: null,
  required: false,
  allowLocks: false,
  lastTry: true,
  runtimeFolder: '/nowhere',
};

const HOSTILE_MODES = [
  ...['PAD_CHAR_TO_FULL_LENGTH', 'ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES'],
  ...['PIPES_AS_CONCAT', 'NO_UNSIGNED_SUBTRACTION'],
];

async function hostileServer() {
  const mysql = (await serverKind()) === 'mysql';
  const server = await startOwnMariadb({
    'transaction-isolation': 'READ-COMMITTED',
    'sql-mode': [...HOSTILE_MODES, ...(mysql ? [] : ['EMPTY_STRING_IS_NULL'])].join(),
    'default-time-zone': '+05:30',
    'character-set-server': 'latin1',
    'collation-server': 'latin1_swedish_ci',
    'net-write-timeout': '1',
    ...(mysql ? { 'max-execution-time': '20000' } : { 'max-statement-time': '20' }),
    'init-connect': 'SET sql_select_limit = 5, NAMES latin1, group_concat_max_len = 4, autocommit = 0',
  });
  return { url: server.url, [Symbol.asyncDispose]: () => server.stop() };
}

it('28. a MyISAM table is said to be not covered by the snapshot', async () => {
  await database.client.query(
    'DROP TABLE IF EXISTS old; CREATE TABLE old (id int PRIMARY KEY) ENGINE = MyISAM; INSERT INTO old VALUES (1), (2)',
  );
  const run = await extract(test, ['--table', 'accounts', '--table', 'old']);
  expect(run.code, run.stderr).toBe(0);
  expect(run.stderr + run.stdout).toMatch(/MyISAM/);
  const status = await call(test, ['plan', '--table', 'old']);
  expect(status.stdout + status.stderr).toMatch(/MyISAM/);
});

describe('29. a TRUNCATE during the run', () => {
  it('waits until the run has read the table', async () => {
    const truth = await digest();
    const running = finish(test, [...FLAGS, '--max-rows-per-second', '3000']);
    await untilReading(running);
    const truncated = database.client.query('TRUNCATE TABLE accounts').then(() => Date.now());
    const report = await running;
    expect(report.level).toBe('snapshot');
    await expectFiles(test, folder(), truth);
    expect(await truncated).toBeGreaterThan(chunkTimes(test).lastStarted);
  });

  it('that came before a reader touched the table is an epoch lost, not an empty file', async () => {
    await using session = await openSession(database);
    await using reader = await mysqlDriver.open(configOf(database), 'reader');
    const table = await session.describe({ schema: database.name, name: 'accounts' }, ALL_COLUMNS);
    // No table is named: so none is locked against it.
    const snapshot = await session.takeSnapshot({ ...REQUEST, tables: [] });
    await reader.joinSnapshot(snapshot.token);
    await database.client.query('TRUNCATE TABLE accounts');
    const problem = await problemOf(readRows(reader, { table }));
    expect(problem).toMatchObject({ code: 'SNAPSHOT_LOST', verdict: 'epoch-lost' });
    await snapshot.release();
  });
});

describe('30. a connection that the server ends in the middle of a result', () => {
  it('is made anew, and the range read again', async () => {
    // Ranges that are more than all buffers on the way: the server is still writing when it is told to end.
    await database.client.query("UPDATE accounts SET note = REPEAT('n', 2000)");
    const truth = await digest();
    const slow = ['--max-rows-per-second', '3000', '--consistency', 'chunk'];
    const running = finish(test, ['--table', 'accounts', ...smallChunks(2, '6MB'), ...slow]);
    await untilReading(running);
    const killed: number[] = [];
    for (let turn = 0; turn < 8 || (killed.length === 0 && turn < 100); turn += 1) {
      await sleep(250);
      const [sessions] = await database.client.query<RowDataPacket[]>(
        'SELECT id FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID() AND info LIKE ?',
        [database.name, '%FROM%accounts%'],
      );
      for (const session of sessions) {
        await database.client.query(`KILL CONNECTION ${String(session['id'])}`).then(
          () => void killed.push(turn),
          () => undefined,
        );
      }
    }
    const report = await running;
    expect(killed.length).toBeGreaterThan(0);
    expect(report.retries).toBeGreaterThan(0);
    await expectFiles(test, folder(), truth);
  });

  it('fails the read of that range, never ends it early', async () => {
    await using session: SourceSession = await openSession(database);
    const table = await session.describe({ schema: database.name, name: 'accounts' }, ALL_COLUMNS);
    const snapshot: Snapshot = await session.takeSnapshot({ ...REQUEST, mode: 'none' });
    await database.client.query("UPDATE accounts SET note = REPEAT('n', 2000)");
    const cut = async () => {
      let rows = 0;
      for await (const batch of session.readRange(
        readRequest({ table, batchBounds: () => ({ rows: 100, bytes: 1 << 20 }) }),
      )) {
        rows += batch.rowCount;
        if (rows !== 100) continue;
        const [sessions] = await database.client.query<RowDataPacket[]>(
          'SELECT id FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID() AND info LIKE ?',
          [database.name, '%FROM%accounts%'],
        );
        for (const one of sessions) await database.client.query(`KILL CONNECTION ${String(one['id'])}`);
      }
    };
    expect(await problemOf(cut())).toMatchObject({ verdict: 'reconnect' });
    await snapshot.release();
  });
});

describe('33. ADD COLUMN during the run', () => {
  it('waits until the run has read the table', async () => {
    const truth = await digest();
    const running = finish(test, [...FLAGS, '--max-rows-per-second', '3000']);
    await untilReading(running);
    const altered = database.client
      .query('ALTER TABLE accounts ADD COLUMN late int DEFAULT 5 FIRST')
      .then(() => Date.now());
    await running;
    const manifest = await expectFiles(test, folder(), truth);
    expect(manifest.schema.columns.map(({ name }) => name)).toEqual(ACCOUNT_COLUMNS);
    expect(await altered).toBeGreaterThan(chunkTimes(test).lastStarted);
  });

  it('between two ranges that hold no snapshot changes no value of the planned columns', async () => {
    await using session = await openSession(database);
    const table = await session.describe({ schema: database.name, name: 'accounts' }, ALL_COLUMNS);
    await database.client.query(
      "ALTER TABLE accounts ADD COLUMN late int DEFAULT 5 FIRST, ADD COLUMN note2 varchar(9) DEFAULT 'x' AFTER version",
    );
    const read = await readRows(session, { table }).then(
      (rows) => rows.find(([id]) => id === '2'),
      (error: unknown) => mysqlDriver.classify(error).code,
    );
    if (read !== 'SOURCE_CHANGED') expect(read).toEqual(['2', '0', 'note, "7919"', '100.00']);
    await database.client.query('ALTER TABLE accounts MODIFY balance double');
    expect(await problemOf(readRows(session, { table }))).toMatchObject({ code: 'SOURCE_CHANGED', verdict: 'fatal' });
  });

  it('between a kill and the rerun is refused, with the columns named', async () => {
    await die(test, FLAGS, 'mid-read:5');
    await database.client.query('ALTER TABLE accounts ADD COLUMN late int DEFAULT 5');
    const run = await extract(test, FLAGS);
    expect(run.code, run.stderr).not.toBe(0);
    expect(run.stderr).toContain('late');
  });
});
