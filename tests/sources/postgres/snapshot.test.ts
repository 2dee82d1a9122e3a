import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parsePostgres } from '../../../src/sources/postgres/config.ts';
import { connect } from '../../../src/sources/postgres/connect.ts';
import { SqlextractError } from '../../../src/model/problem.ts';
import { joinSnapshot, takeSnapshot } from '../../../src/sources/postgres/snapshot.ts';
import { holderBackends, type SnapshotFixture, snapshotFixture } from './snapshot-fixture.ts';

let fixture: SnapshotFixture;
beforeEach(async () => {
  fixture = await snapshotFixture('snapshot');
});
afterEach(() => fixture[Symbol.asyncDispose]());

async function count(
  client: { query(sql: string): Promise<{ rows: unknown[] }> },
  table = 'public.t',
): Promise<number> {
  const { rows } = await client.query(`SELECT count(*)::int AS n FROM ${table}`);
  return Number((rows[0] as { n: unknown }).n);
}

async function problemOf(promise: Promise<unknown>): Promise<SqlextractError['problem']> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SqlextractError)) throw new Error(`no SqlextractError but ${String(error)}`);
  return error.problem;
}

describe('a shared snapshot', () => {
  it('shows the coordinator and every reader one state', async () => {
    const { client, config, database } = fixture;
    const snapshot = await takeSnapshot(client, config, fixture.request([await fixture.table('t')]));
    await database.client.query("DELETE FROM t WHERE id <= 500; INSERT INTO t VALUES (5000, 'new')");
    const reader = await fixture.another();
    await joinSnapshot(reader, snapshot.token);
    expect([await count(client), await count(reader), await count(database.client)]).toEqual([1000, 1000, 501]);
    expect(snapshot).toMatchObject({ resumed: false, maxReaders: null, remarks: [] });
    expect(snapshot.facts.label).toMatch(/^snapshot [0-9A-F-]+ at WAL [0-9A-F]+\/[0-9A-F]+$/);
    expect(snapshot.facts.takenAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(snapshot.facts.proof).toMatchObject({
      xmin: expect.stringMatching(/^\d+$/),
      standby: 'false',
      timeline: '00000001',
    });
    expect(await snapshot.confirm()).toBe(true);
    await snapshot.check();
    await snapshot.release();
  });

  it('makes TRUNCATE and a rewriting ALTER wait until it is released, which ends the backend', async () => {
    const { client, config, database } = fixture;
    const snapshot = await takeSnapshot(client, config, fixture.request([await fixture.table('t')]));
    await database.client.query("SET lock_timeout = '200ms'");
    for (const ddl of ['TRUNCATE t', 'ALTER TABLE t ALTER id TYPE bigint']) {
      await expect(database.client.query(ddl)).rejects.toMatchObject({ code: '55P03' });
    }
    expect(await holderBackends(database)).toBe(1);
    await snapshot.release();
    // The server lets go of the lock a moment after the holder has left; the hold itself is 60 s.
    await database.client.query("SET lock_timeout = '10s'");
    await database.client.query('TRUNCATE t');
    await expect.poll(() => holderBackends(database), { timeout: 10_000 }).toBe(0);
  });

  it('locks what LOCK TABLE refuses, and partitions through their parent', async () => {
    const { client, config, database } = fixture;
    await database.client.query(
      `CREATE MATERIALIZED VIEW mv AS SELECT * FROM t;
       CREATE VIEW w AS SELECT * FROM t;
       CREATE TABLE p (id int, v text) PARTITION BY RANGE (id);
       CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)`,
    );
    const tables = [
      await fixture.table('mv', 'materialized view'),
      await fixture.table('w', 'view'),
      await fixture.table('p', 'partitioned table'),
    ];
    const snapshot = await takeSnapshot(client, config, fixture.request(tables));
    await database.client.query("SET lock_timeout = '200ms'");
    for (const ddl of ['REFRESH MATERIALIZED VIEW mv', 'TRUNCATE t', 'TRUNCATE p1']) {
      await expect(database.client.query(ddl)).rejects.toMatchObject({ code: '55P03' });
    }
    await snapshot.release();
  });

  it('needs no more than SELECT on one column', async () => {
    const { database } = fixture;
    const role = `reader_${database.name}`;
    await database.client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'p'; GRANT SELECT (id) ON t TO ${role}`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'p';
    const config = parsePostgres({ url: url.href, environment: {} });
    const client = await connect(config, 'sqlextract test');
    const snapshot = await takeSnapshot(client, config, fixture.request([await fixture.table('t')]));
    await database.client.query("SET lock_timeout = '200ms'");
    await expect(database.client.query('TRUNCATE t')).rejects.toMatchObject({ code: '55P03' });
    await snapshot.release();
    await client.end();
    await database.client.query(`REVOKE ALL ON t FROM ${role}; DROP ROLE ${role}`);
  });

  it('says which table somebody else keeps locked', { timeout: 30_000 }, async () => {
    const { client, config, database } = fixture;
    await database.client.query('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
    const problem = await problemOf(takeSnapshot(client, config, fixture.request([await fixture.table('t')])));
    await database.client.query('ROLLBACK');
    expect(problem).toMatchObject({ code: 'SOURCE_LOCKED', verdict: 'retry' });
    expect(problem.message).toContain('public.t');
    await expect.poll(() => holderBackends(database), { timeout: 10_000 }).toBe(0);
  });

  it('refuses an object that took the name of the described one', async () => {
    const { client, config, database } = fixture;
    const table = await fixture.table('t');
    await database.client.query('DROP TABLE t; CREATE TABLE t (id int)');
    const problem = await problemOf(takeSnapshot(client, config, fixture.request([table])));
    expect(problem.code).toBe('SOURCE_CHANGED');
  });

  it('that has ended is epoch-lost for a reader', async () => {
    const { client, config } = fixture;
    const snapshot = await takeSnapshot(client, config, fixture.request([await fixture.table('t')]));
    await snapshot.release();
    const problem = await problemOf(joinSnapshot(client, snapshot.token));
    expect(problem).toMatchObject({ code: 'SNAPSHOT_LOST', verdict: 'epoch-lost' });
    expect(await count(client)).toBe(1000);
  });
});

describe('no snapshot', () => {
  it('leaves each statement to what is committed', async () => {
    const { client, config, database } = fixture;
    const snapshot = await takeSnapshot(client, config, fixture.request([await fixture.table('t')], { mode: 'none' }));
    expect(snapshot).toMatchObject({ token: {}, lease: null, resumed: false, facts: { shared: false, proof: {} } });
    expect(await count(client)).toBe(1000);
    await database.client.query('DELETE FROM t WHERE id = 1');
    expect(await count(client)).toBe(999);
    await snapshot.check();
    await snapshot.release();
    expect(await holderBackends(database)).toBe(0);
  });
});
