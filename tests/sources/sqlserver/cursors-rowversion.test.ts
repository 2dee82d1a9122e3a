import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../../src/sources/sqlserver/connect.ts';
import { sqlServerDriver } from '../../../src/sources/sqlserver/index.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { CursorJob } from '../../conformance/cursor-job.ts';
import {
  configFor,
  type FreshSqlServerDatabase,
  freshSqlServerDatabase,
  sqlServerUrl,
} from '../../support/sqlserver-server.ts';

/** Babelfish has the type only when it is asked for. */
const PREPARE =
  "IF CONVERT(int, SERVERPROPERTY('Babelfish')) = 1 EXEC sp_babelfish_configure 'escape_hatch_rowversion', 'ignore'";

/**
 * The ids of as many runs as it takes for so many rows: any transaction that is open on the server, as of its autovacuum, keeps rows back
 * for a while.
 */
async function idsOf(job: CursorJob, rows: number): Promise<readonly number[]> {
  const ids: number[] = [];
  for (let tries = 0; tries < 100 && ids.length < rows; tries += 1) {
    if (tries > 0) await sleep(100);
    ids.push(...(await job.next()).ids);
  }
  return ids;
}

describe.skipIf(sqlServerUrl() === null)('a rowversion as cursor', () => {
  let database: FreshSqlServerDatabase;
  let session: SourceSession;

  beforeAll(async () => {
    database = await freshSqlServerDatabase('rowversions');
    session = await sqlServerDriver.open(configFor(database.url), 'coordinator');
    await database.run(PREPARE);
    await database.run('CREATE TABLE changed (id bigint PRIMARY KEY, note varchar(9), v rowversion NOT NULL)');
    await database.run('CREATE INDEX ix ON changed (v)');
  });

  afterAll(async () => {
    await session?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
  });

  it('44. a row of a transaction that stays open over two runs appears once, after its commit', async () => {
    const job = await CursorJob.over(session, { schema: 'dbo', name: 'changed' }, 'V');
    expect(job.column).toEqual({ name: 'v', kind: 'rowversion', nativeType: 'rowversion', nullable: false });
    await database.run("INSERT INTO changed (id, note) VALUES (1, 'a')");
    expect(await idsOf(job, 1)).toEqual([1]);
    const writer = await connect(configFor(database.url), 'sqlextract tests');
    await writer.rows('BEGIN TRANSACTION');
    await writer.rows("INSERT INTO changed (id, note) VALUES (2, 'b')");
    await database.run("INSERT INTO changed (id, note) VALUES (3, 'c')");
    const first = await job.next();
    const second = await job.next();
    expect([...first.ids, ...second.ids]).not.toContain(2);
    await writer.rows('COMMIT');
    await writer.close();
    const before = [...first.ids, ...second.ids];
    expect([...before, ...(await idsOf(job, 2 - before.length))]).toEqual([2, 3]);
    await database.run("UPDATE changed SET note = 'd' WHERE id = 1");
    expect(await idsOf(job, 1)).toEqual([1]);
    expect((await job.next()).ids).toEqual([]);
  });
});
