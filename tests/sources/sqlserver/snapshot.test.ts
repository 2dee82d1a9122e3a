import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { SnapshotRequest, SourceSession } from '../../../src/sources/source.ts';
import { sqlServerDriver } from '../../../src/sources/sqlserver/index.ts';
import { casesExcept } from '../../conformance/expected-failures.ts';
import { problemOf } from '../../conformance/source-describes.ts';
import { describeAll, readRows } from '../../conformance/source-reading.ts';
import {
  configFor,
  freshSqlServerDatabase,
  type FreshSqlServerDatabase,
  sqlServerUrl,
} from '../../support/sqlserver-server.ts';
import { exceptionsOf } from './exceptions.ts';

const { it, checkNames } = casesExcept(await exceptionsOf('snapshots'));

const REQUEST: Omit<SnapshotRequest, 'tables'> = {
  mode: 'shared',
  holdMs: 0,
  previous: null,
  required: false,
  allowLocks: false,
  lastTry: false,
  runtimeFolder: '',
};

describe.skipIf(sqlServerUrl() === null)('snapshots of SQL Server', () => {
  let database: FreshSqlServerDatabase;

  beforeAll(async () => {
    database = await freshSqlServerDatabase('snapshots');
    await database.run('CREATE TABLE t (id int NOT NULL PRIMARY KEY, v nvarchar(20))');
    await database.run("INSERT INTO t VALUES (1, N'a'), (2, N'b')");
  });

  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
  });

  const open = (role: 'coordinator' | 'reader' = 'reader'): Promise<SourceSession> =>
    sqlServerDriver.open(configFor(database.url), role);

  it('are one for each reader, and said to be so', async () => {
    await using coordinator = await open('coordinator');
    await using reader = await open();
    const table = await describeAll(coordinator, { schema: 'dbo', name: 't' });
    const snapshot = await coordinator.takeSnapshot({ ...REQUEST, tables: [table] });
    expect(snapshot.facts.shared).toBe(false);
    expect(snapshot.facts.spread).toContain('snapshot of its own');
    expect(snapshot.maxReaders).toBeNull();
    await reader.joinSnapshot(snapshot.token);
    expect(await snapshot.confirm()).toBe(true);
    const before = (await readRows(reader, { table })).length;
    await database.run("INSERT INTO t VALUES (10, N'later')");
    expect((await readRows(reader, { table })).length, 'the reader stays in its snapshot').toBe(before);
    expect((await coordinator.checksum({ table, where: null })).rows).toBe(BigInt(before));
    await using late = await open();
    await late.joinSnapshot(snapshot.token);
    expect((await readRows(late, { table })).length, 'a later reader sees more').toBe(before + 1);
    await snapshot.release();
    expect((await coordinator.checksum({ table, where: null })).rows).toBe(BigInt(before + 1));
  });

  it('of one session are one state, which a second session cannot join', async () => {
    await using coordinator = await open('coordinator');
    const table = await describeAll(coordinator, { schema: 'dbo', name: 't' });
    const snapshot = await coordinator.takeSnapshot({ ...REQUEST, tables: [table], required: true });
    expect(snapshot).toMatchObject({ maxReaders: 1, facts: { shared: true } });
    await using reader = await open();
    await reader.joinSnapshot(snapshot.token);
    expect(await snapshot.confirm()).toBe(true);
    await snapshot.check();
    const before = (await readRows(reader, { table })).length;
    await database.run('DELETE FROM t WHERE id = 10');
    expect((await readRows(reader, { table })).length).toBe(before);
    await using second = await open();
    expect(await problemOf(second.joinSnapshot(snapshot.token))).toMatchObject({
      code: 'SNAPSHOT_LOST',
      verdict: 'epoch-lost',
    });
    await snapshot.release();
    expect((await problemOf(snapshot.check())).verdict).toBe('epoch-lost');
  });

  it('are noticed when the server ends their transaction', async () => {
    await using coordinator = await open('coordinator');
    await using reader = await open();
    const table = await describeAll(coordinator, { schema: 'dbo', name: 't' });
    const snapshot = await coordinator.takeSnapshot({ ...REQUEST, tables: [table] });
    await reader.joinSnapshot(snapshot.token);
    const { connection } = reader as unknown as { connection: { rows(sql: string): Promise<unknown> } };
    await connection.rows('ROLLBACK TRANSACTION');
    expect((await problemOf(readRows(reader, { table }))).verdict).toBe('epoch-lost');
    await snapshot.release();
  });

  it('are not had where the database does not allow them, and the way out is said (checklist 41)', async () => {
    await using plain = await freshSqlServerDatabase('no_snapshots', []);
    await plain.run('CREATE TABLE t (id int NOT NULL PRIMARY KEY)');
    await using session = await sqlServerDriver.open(configFor(plain.url), 'coordinator');
    const table = await describeAll(session, { schema: 'dbo', name: 't' });
    const snapshot = await session.takeSnapshot({ ...REQUEST, tables: [table] });
    expect(snapshot.facts.shared).toBe(false);
    expect(snapshot.remarks.join()).toContain('ALLOW_SNAPSHOT_ISOLATION ON');
    expect(snapshot.remarks.join()).toContain('can be missed or come twice');
    const problem = await problemOf(session.takeSnapshot({ ...REQUEST, tables: [table], required: true }));
    expect(problem.code).toBe('SNAPSHOT_UNAVAILABLE');
    expect(problem.hint).toContain('ALLOW_SNAPSHOT_ISOLATION ON');
  });

  it('that begin together behind locks are one state for several readers', async () => {
    await using coordinator = await open('coordinator');
    await using first = await open();
    await using second = await open();
    const table = await describeAll(coordinator, { schema: 'dbo', name: 't' });
    const snapshot = await coordinator.takeSnapshot({ ...REQUEST, tables: [table], allowLocks: true });
    expect(snapshot).toMatchObject({ maxReaders: null, facts: { shared: true } });
    await first.joinSnapshot(snapshot.token);
    const writing = database.run("INSERT INTO t VALUES (20, N'waits')");
    await second.joinSnapshot(snapshot.token);
    expect(await snapshot.confirm()).toBe(true);
    await writing;
    const sums = await Promise.all([coordinator, first, second].map((one) => one.checksum({ table, where: null })));
    expect(new Set(sums.map(({ sum }) => sum)).size).toBe(1);
    await snapshot.release();
    await database.run('DELETE FROM t WHERE id = 20');
  });

  it('are proven unchanged by row versions, and only by them', async () => {
    await database.run('CREATE TABLE versioned (id int NOT NULL PRIMARY KEY, v int, rv rowversion)');
    await database.run('INSERT INTO versioned (id, v) VALUES (1, 1), (2, 2)');
    await using coordinator = await open('coordinator');
    const table = await describeAll(coordinator, { schema: 'dbo', name: 'versioned' });
    const snapshot = await coordinator.takeSnapshot({ ...REQUEST, tables: [table] });
    await snapshot.release();
    const all = [{ range: { kind: 'all' }, key: [], rows: 2 }] as const;
    expect(await coordinator.unchangedSince(snapshot.facts, table, all, null)).toBe('unchanged');
    expect(await coordinator.unchangedSince(snapshot.facts, table, all, 'v < DATEPART(year, GETDATE())')).toBe(
      'unknown',
    );
    await database.run('UPDATE versioned SET v = v WHERE id = 1');
    expect(await coordinator.unchangedSince(snapshot.facts, table, all, null)).not.toBe('unchanged');
  });

  checkNames();
});
