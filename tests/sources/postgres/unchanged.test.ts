import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EpochFacts } from '../../../src/model/epoch.ts';
import type { TableSchema } from '../../../src/model/table.ts';
import { takeSnapshot } from '../../../src/sources/postgres/snapshot.ts';
import { type RangePredicate, unchangedSince } from '../../../src/sources/postgres/unchanged.ts';
import type { CountedRange } from '../../../src/sources/source.ts';
import { eventually, type SnapshotFixture, snapshotFixture } from './snapshot-fixture.ts';

const predicate: RangePredicate = (range) => {
  if (range.kind !== 'between') return null;
  const from = range.from === null ? 'true' : `id >= ${range.from[0]}`;
  return `${from} AND ${range.to === null ? 'true' : `id < ${range.to[0]}`}`;
};
const between = (from: string | null, to: string | null, rows: number): CountedRange => ({
  range: { kind: 'between', from: from === null ? null : [from], to: to === null ? null : [to] },
  key: ['id'],
  rows,
});
/** All of the table, in two ranges. */
const RANGES = [between(null, '501', 500), between('501', null, 500)];

let fixture: SnapshotFixture;
let table: TableSchema;
let facts: EpochFacts;
beforeEach(async () => {
  fixture = await snapshotFixture('unchanged');
  table = await fixture.table('t');
  facts = await factsOf(table);
});
afterEach(() => fixture[Symbol.asyncDispose]());

/** Other tests on this server may have transactions open that are older than the rows; then nothing can be proven. */
async function factsOf(of: TableSchema): Promise<EpochFacts> {
  await eventually('every writer has ended', async () => {
    const { rows } = await fixture.database.client.query<{ ended: boolean }>(
      `SELECT bool_and(xmin::text::bigint < pg_snapshot_xmin(pg_current_snapshot())::text::bigint) AS ended FROM ${of.name}`,
    );
    return rows[0]?.ended === true;
  });
  return endedEpoch(of);
}

async function endedEpoch(of: TableSchema): Promise<EpochFacts> {
  const snapshot = await takeSnapshot(fixture.client, fixture.config, fixture.request([of], { holdMs: 0 }));
  await snapshot.release();
  return snapshot.facts;
}

async function after(sql: string, ranges = RANGES, where: string | null = null): Promise<string> {
  await fixture.database.client.query(sql);
  return unchangedSince(fixture.client, facts, table, ranges, where, predicate);
}

describe('a table read in a lost epoch', () => {
  it('is unchanged when nothing was written', async () => {
    expect(await after('SELECT 1')).toBe('unchanged');
    expect(await after('VACUUM FREEZE t')).toBe('unchanged');
    expect(await after('CREATE TABLE elsewhere AS SELECT 1')).toBe('unchanged');
  });

  it.each([
    ['insert', "INSERT INTO t VALUES (2000, 'x')"],
    ['update', "UPDATE t SET v = 'x' WHERE id = 700"],
    ['update to the same value', 'UPDATE t SET v = v WHERE id = 700'],
    ['delete', 'DELETE FROM t WHERE id = 1000'],
    ['delete and insert of the same key', "DELETE FROM t WHERE id = 7; INSERT INTO t VALUES (7, 'v7')"],
    [
      'insert in a subtransaction',
      "BEGIN; SAVEPOINT a; DELETE FROM t WHERE id = 8; INSERT INTO t VALUES (8, 'v8'); RELEASE a; COMMIT",
    ],
    ['truncate and reload', 'CREATE TABLE copy AS TABLE t; TRUNCATE t; INSERT INTO t TABLE copy'],
    ['key moved between ranges', 'UPDATE t SET id = 3000 WHERE id = 1'],
  ])('is changed by %s', async (_, sql) => {
    expect(await after(sql)).toBe('changed');
  });

  it('is unchanged by what was rolled back', async () => {
    expect(await after("BEGIN; INSERT INTO t VALUES (2000, 'x'); DELETE FROM t WHERE id < 10; ROLLBACK")).toBe(
      'unchanged',
    );
    expect(await after("BEGIN; SAVEPOINT a; UPDATE t SET v = 'x'; ROLLBACK TO a; COMMIT")).toBe('unchanged');
  });

  it('is judged by the ranges that were read in it only', async () => {
    expect(await after('DELETE FROM t WHERE id = 1000', [between(null, '501', 500)])).toBe('unchanged');
    expect(await after('SELECT 1', [between('501', null, 500)])).toBe('changed');
  });

  it('is judged range by range over more ranges than one statement asks for', async () => {
    const many = Array.from({ length: 100 }, (_, i) => between(String(i * 10 + 1), String(i * 10 + 11), 10));
    expect(await after('SELECT 1', many)).toBe('unchanged');
    expect(await after("UPDATE t SET v = 'x' WHERE id = 995", many)).toBe('changed');
  });

  it('is changed by a transaction that was open at the snapshot and committed after it', async () => {
    const writer = fixture.database.client;
    await writer.query("BEGIN; DELETE FROM t WHERE id = 5; INSERT INTO t VALUES (5, 'v5')");
    facts = await endedEpoch(table);
    expect(await after('SELECT 1')).toBe('unchanged');
    expect(await after('COMMIT')).not.toBe('unchanged');
  });

  it('is judged as of the epoch that goes on, not as of now', async () => {
    const next = await takeSnapshot(fixture.client, fixture.config, fixture.request([table], { holdMs: 0 }));
    expect(await after('DELETE FROM t WHERE id = 1')).toBe('unchanged');
    await next.release();
    expect(await after('SELECT 1')).toBe('changed');
  });

  it('is judged through its partitions', async () => {
    await fixture.database.client.query(
      `CREATE TABLE p (id int) PARTITION BY RANGE (id);
       CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
       CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
       INSERT INTO p SELECT generate_series(0, 19)`,
    );
    table = await fixture.table('p', 'partitioned table');
    facts = await factsOf(table);
    expect(await after('SELECT 1', [between(null, null, 20)])).toBe('unchanged');
    expect(await after('UPDATE p2 SET id = id WHERE id = 15', [between(null, null, 20)])).toBe('changed');
  });
});

describe('unknown', () => {
  it('is said of what keeps no writer with its rows', async () => {
    await fixture.database.client.query('CREATE VIEW w AS TABLE t; CREATE MATERIALIZED VIEW m AS TABLE t');
    table = await fixture.table('w', 'view');
    expect(await after('SELECT 1')).toBe('unknown');
    table = await fixture.table('m', 'materialized view');
    expect(await after('SELECT 1')).toBe('unknown');
  });

  it('is said of block ranges, of epochs without a snapshot, of another history and of ids too far apart', async () => {
    const blocks: CountedRange = {
      range: { kind: 'physical', relation: 'public.t', fromBlock: 0, toBlock: null },
      key: [],
      rows: 1000,
    };
    expect(await after('SELECT 1', [blocks])).toBe('unknown');
    const original = facts;
    for (const [name, value] of Object.entries({
      systemId: '1',
      timeline: '00000009',
      standby: 'true',
      wal: 'FFFF/0',
    })) {
      facts = { ...original, proof: { ...original.proof, [name]: value } };
      expect([name, await after('SELECT 1')]).toEqual([name, 'unknown']);
    }
    const xmin = BigInt(original.proof['xmin'] ?? 0) + 10n ** 12n;
    facts = { ...original, proof: { ...original.proof, xmin: String(xmin) } };
    expect(await after('SELECT 1')).toBe('unknown');
    facts = { ...original, shared: false };
    expect(await after('SELECT 1')).toBe('unknown');
  });

  it('is said of rows whose writer may have been open at the snapshot', async () => {
    const { database } = fixture;
    const older = new Client({ connectionString: database.url });
    await older.connect();
    await older.query('BEGIN; SELECT pg_current_xact_id()');
    await database.client.query("INSERT INTO t VALUES (2000, 'x')");
    facts = await endedEpoch(table);
    await older.end();
    expect(await after('SELECT 1', [between(null, '501', 500), between('501', null, 501)])).toBe('unknown');
    expect(await after('SELECT 1', [between(null, '501', 500)])).toBe('unchanged');
  });

  it('is said when a condition may pick other rows by itself', async () => {
    expect(await after('SELECT 1', [between(null, '501', 500)], 'id > 0')).toBe('unchanged');
    expect(await after('SELECT 1', [between(null, '501', 500)], 'id > extract(year from now()) - 3000')).toBe(
      'unknown',
    );
  });
});
