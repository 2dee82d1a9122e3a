import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TableName } from '../../../src/model/table.ts';
import { cursorCondition } from '../../../src/sources/postgres/cursor-condition.ts';
import { postgresDriver } from '../../../src/sources/postgres/index.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { CursorJob, cursorsOf } from '../../conformance/cursor-job.ts';
import { codeOf, upTo } from '../../conformance/cursors.suite.ts';
import { describeAll } from '../../conformance/source-reading.ts';
import { type FreshDatabase, freshDatabase } from '../../support/postgres-server.ts';
import { beginTransaction } from './cursor-fixture.ts';
import { configOf, openSession } from './postgres-fixture.ts';

let database: FreshDatabase;
let session: SourceSession;

beforeAll(async () => {
  database = await freshDatabase('cursors');
  session = await openSession(database);
});

afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const named = (name: string): TableName => ({ schema: 'public', name });

async function one(sql: string): Promise<string> {
  const { rows } = await database.client.query({ text: sql, rowMode: 'array' });
  return String(rows[0]?.[0]);
}

async function jobOver(table: string, columns: string, cursor: string): Promise<CursorJob> {
  await database.client.query(`CREATE TABLE ${table} (id bigint PRIMARY KEY, ${columns})`);
  return CursorJob.over(session, named(table), cursor);
}

describe('xmin', () => {
  test('rows of subtransactions, and of a transaction that is open across runs', async () => {
    const job = await jobOver('x_rows', 'v text', 'xmin');
    await database.client.query(`INSERT INTO x_rows VALUES (1, 'a')`);
    const first = await job.next();
    expect([first.ids, first.bound.to]).toEqual([[1], null]);
    // Transactions of other tests hold the numbers of the whole server back: rows come again until they have ended.
    const nothingMore = async (): Promise<void> => {
      for (let tries = 0; tries < 60 && (await job.next()).ids.length > 0; tries += 1) await delay(250);
      expect((await job.next()).ids).toEqual([]);
    };
    const delivers = async (ids: readonly number[]): Promise<void> => {
      expect((await job.next()).ids).toEqual(expect.arrayContaining([...ids]));
    };
    await nothingMore();
    const writer = await beginTransaction(database.url);
    await writer.execute(`INSERT INTO x_rows VALUES (2, 'b')`);
    await writer.execute(`SAVEPOINT s; INSERT INTO x_rows VALUES (3, 'c'); RELEASE s; SAVEPOINT t`);
    await database.client.query(`INSERT INTO x_rows VALUES (4, 'd'); UPDATE x_rows SET v = 'e' WHERE id = 1`);
    await delivers([1, 4]);
    await writer.execute(`INSERT INTO x_rows VALUES (5, 'f'); ROLLBACK TO t; INSERT INTO x_rows VALUES (6, 'g')`);
    await delivers([1, 4]);
    await writer.commit();
    await delivers([1, 2, 3, 4, 6]);
    await nothingMore();
  });

  test('ids are counted around the 32-bit circle, and none that is newer is left out', async () => {
    const written = async (since: bigint, newest: bigint, ids: readonly bigint[]) => {
      const column = { name: 'xmin', kind: 'xmin', nativeType: 'xid', nullable: false } as const;
      const from = { value: String(since), ties: { kind: 'all' } } as const;
      const condition = cursorCondition({ column, from, to: null, nulls: false });
      const now = condition.replace(/SELECT pg_catalog\S+/, `SELECT ${newest}`);
      expect(now).not.toBe(condition);
      const { rows } = await database.client.query<{ id: string }>(
        `SELECT id FROM unnest($1::int8[]) AS r(id) CROSS JOIN LATERAL (SELECT (r.id % 4294967296)::text::xid AS xmin) AS x WHERE ${now}`,
        [ids.map(String)],
      );
      return rows.map(({ id }) => BigInt(id));
    };
    const circle = 2n ** 32n;
    expect(await written(1000n, 1010n, [998n, 999n, 1000n, 1009n])).toEqual([1000n, 1009n]);
    expect(await written(circle - 5n, circle + 10n, [circle - 6n, circle - 5n, circle + 4n, circle + 9n])).toEqual([
      circle - 5n,
      circle + 4n,
      circle + 9n,
    ]);
    expect(await written(5n, 3n * circle, [2n * circle + 7n])).toEqual([2n * circle + 7n]);
    expect(await written(3n * circle + 100n, 3n * circle + 200n, [2n, 3n * circle + 99n])).toEqual([]);
  });

  test('ids that this server never gave out are refused, and relations without the column', async () => {
    const job = await jobOver('x_far', 'v text', 'xmin');
    const literal = (typed: string) => cursorsOf(session).literal(job.table, job.column, typed);
    expect(await codeOf(literal('99999999999999'))).toBe('CURSOR_WRAPAROUND');
    expect(await codeOf(literal('soon'))).toBe('CURSOR_VALUE');
    const now = await one('SELECT pg_snapshot_xmin(pg_current_snapshot())');
    expect(await literal(now)).toBe(now);
    await database.client.query('CREATE VIEW x_view AS SELECT * FROM x_far');
    const view = await describeAll(session, named('x_view'));
    expect(await codeOf(cursorsOf(session).describe(view, 'xmin'))).toBe('CURSOR_COLUMN');
  });
});

describe('the horizon of moments', () => {
  test('with writers at work every row is delivered once, by time and by number', async () => {
    await database.client.query(
      `CREATE TABLE busy (id bigserial PRIMARY KEY, at timestamptz(3) NOT NULL DEFAULT now(), at_once timestamp NOT NULL DEFAULT clock_timestamp())`,
    );
    const over = (column: string) => CursorJob.over(session, named('busy'), column);
    const jobs = [await over('at'), await over('at_once'), await over('id')];
    const stopping = new AbortController();
    const writers = Promise.all(upTo(4).map((n) => writeBusily(n, stopping.signal)));
    const delivered = jobs.map((): number[] => []);
    const runAll = async () => {
      for (const [place, job] of jobs.entries()) delivered[place]?.push(...(await job.next({ waitMs: 30_000 })).ids);
    };
    for (let round = 0; round < 5; round += 1) await runAll();
    stopping.abort();
    await writers;
    await runAll();
    const { rows } = await database.client.query<{ id: string }>('SELECT id FROM busy ORDER BY id');
    const all = rows.map(({ id }) => Number(id));
    expect(all.length).toBeGreaterThan(50);
    for (const ids of delivered) expect(ids.toSorted((a, b) => a - b)).toEqual(all);
  });

  test('a transaction whose session does nothing holds the window back to where it began', async () => {
    const job = await jobOver('held', 'at timestamptz', 'at');
    const writer = await beginTransaction(database.url);
    await writer.execute('SELECT 1');
    const began = await one(`SELECT max(xact_start)::text FROM pg_stat_activity WHERE state = 'idle in transaction'`);
    await delay(50);
    const bound = await job.bound();
    expect(await one(`SELECT '${bound.to?.value}'::timestamptz = '${began}'::timestamptz`)).toBe('true');
    expect(bound.promise).toContain('has ended');
    await writer.commit();
  });

  test('a procedure that commits inside holds it back to its call, whose moment it may still stamp rows with', async () => {
    const job = await jobOver('called', 'at timestamptz', 'at');
    await database.client.query(
      `CREATE PROCEDURE stamp() LANGUAGE plpgsql AS $$ BEGIN COMMIT; PERFORM pg_sleep(1); INSERT INTO called VALUES (1, statement_timestamp()); END $$`,
    );
    const caller = new Client({ connectionString: database.url });
    await caller.connect();
    const call = caller.query('CALL stamp()');
    await delay(300);
    const { to } = await job.bound();
    await call;
    await caller.end();
    expect(await one(`SELECT at >= '${to?.value}' FROM called`)).toBe('true');
    expect((await job.next()).ids).toEqual([1]);
  });

  test('within a snapshot the window ends where the snapshot does', async () => {
    const job = await jobOver('inside', 'at timestamptz DEFAULT now()', 'at');
    await database.client.query('INSERT INTO inside VALUES (1)');
    const writer = await beginTransaction(database.url);
    await writer.execute('INSERT INTO inside VALUES (2)');
    await using coordinator = await openSession(database);
    const reading = await CursorJob.over(coordinator, named('inside'), 'at');
    const { to } = await reading.bound();
    const runtimeFolder = await mkdtemp(join(tmpdir(), 'sqlextract-cursors-'));
    const snapshot = await coordinator.takeSnapshot({
      ...{ tables: [job.table], mode: 'shared', holdMs: 0, previous: null, required: true },
      ...{ allowLocks: false, lastTry: true, runtimeFolder },
    });
    await writer.commit();
    const { delivered, literal } = cursorsOf(coordinator);
    const window = reading.windowTo({ value: 'infinity', inclusive: true });
    const { largest, ties } = await delivered({ table: job.table, window, where: null, key: ['id'], most: 5 });
    expect(ties).toEqual([['1']]);
    expect(await one(`SELECT '${largest}' < '${to?.value}'::timestamptz`)).toBe('true');
    expect(await codeOf(literal(job.table, job.column, 'soon'))).toBe('CURSOR_VALUE');
    expect(await reading.read(window)).toEqual([1]);
    await snapshot.release();
    await rm(runtimeFolder, { recursive: true });
    expect((await job.next()).ids).toEqual([1, 2]);
  });

  test('a snapshot of this program, which another run holds, does not', async () => {
    const job = await jobOver('beside', 'n bigint, at timestamptz', 'at');
    const numbers = await CursorJob.over(session, named('beside'), 'n');
    await database.client.query('INSERT INTO beside VALUES (1, 1, clock_timestamp())');
    const holder = new Client({ connectionString: database.url, application_name: 'sqlextract holder' });
    await holder.connect();
    await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT 1');
    const before = await one('SELECT clock_timestamp()::text');
    const { to } = await job.bound();
    expect(await one(`SELECT '${to?.value}'::timestamptz >= '${before}'::timestamptz`)).toBe('true');
    expect((await numbers.next({ waitMs: 0 })).ids).toEqual([1]);
    await holder.end();
  });

  test('a prepared transaction is waited for; left there, the window ends an hour before it and says so', async () => {
    const job = await jobOver('prepared', 'at timestamptz DEFAULT clock_timestamp()', 'at');
    const number = await CursorJob.over(session, named('prepared'), 'id');
    await database.client.query('INSERT INTO prepared VALUES (2)');
    const writer = await beginTransaction(database.url);
    await writer.execute('INSERT INTO prepared VALUES (1)');
    await writer.execute(`PREPARE TRANSACTION 'it''s one'`);
    await writer.commit();
    const stuck = await job.next({ waitMs: 0 });
    expect(stuck.ids).toEqual([]);
    expect(stuck.bound.remarks.join()).toMatch(/"it's one".* holds the window back/);
    const hour = await one(
      `SELECT prepared - interval '1 hour' = '${stuck.bound.to?.value}'::timestamptz FROM pg_prepared_xacts WHERE database = current_database()`,
    );
    expect(hour).toBe('true');
    await expect(number.next({ waitMs: 0 })).rejects.toThrow(
      /"it's one".* may still write rows of public.prepared whose id is below 2/,
    );
    const waiting = [job.next({ waitMs: 20_000 })];
    await delay(300);
    await database.client.query(`COMMIT PREPARED 'it''s one'`);
    expect((await waiting[0])?.ids).toEqual([1, 2]);
    expect((await number.next()).ids).toEqual([1, 2]);
  });
});

describe('who may not look', () => {
  test('gets a lag, and is told what that promises', async () => {
    await database.client.query(
      `CREATE TABLE seen (id bigint PRIMARY KEY, at timestamptz); INSERT INTO seen VALUES (1, now() - interval '1 hour'), (2, now() - interval '1 minute')`,
    );
    const password = 'only-for-the-test';
    await database.client.query(
      `CREATE ROLE ${database.name} LOGIN PASSWORD '${password}'; GRANT SELECT ON seen TO ${database.name}`,
    );
    const open = () => postgresDriver.open(configOf(database, '', { name: database.name, password }), 'coordinator');
    try {
      await using limited = await open();
      const job = await CursorJob.over(limited, named('seen'), 'at');
      const { ids, bound } = await job.next();
      expect(ids).toEqual([1]);
      expect(bound.promise).toContain('GRANT pg_read_all_stats');
      expect(bound.promise).toContain('600 s before');
      expect((await job.next({ lagMs: 30_000 })).ids).toEqual([2]);
      const numbers = await CursorJob.over(limited, named('seen'), 'id');
      const { bound: unsure } = await numbers.next();
      expect([unsure.to, unsure.promise.includes('is missed')]).toEqual([{ value: '2', inclusive: true }, true]);
      await database.client.query(`GRANT pg_read_all_stats TO ${database.name}`);
      await using trusted = await open();
      const { bound: sure } = await (await CursorJob.over(trusted, named('seen'), 'at')).next();
      expect(sure.promise).toContain('has ended');
    } finally {
      await database.client.query(`DROP OWNED BY ${database.name}; DROP ROLE ${database.name}`);
    }
  });

  test('a session that tells nothing of itself is as good as hidden', async () => {
    const job = await jobOver('untold', 'at timestamptz', 'at');
    const secret = new Client({ connectionString: database.url });
    await secret.connect();
    await secret.query('SET track_activities = off');
    await secret.query('BEGIN; SELECT 1');
    expect((await job.bound()).promise).toContain('track_activities');
    await secret.end();
  });
});

/** Transactions of up to 100 ms, a row or two in each. */
async function writeBusily(seed: number, signal: AbortSignal): Promise<void> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  for (let n = seed; !signal.aborted; n += 1) {
    await client.query('BEGIN; INSERT INTO busy DEFAULT VALUES');
    await delay((n * 37) % 100);
    await client.query('INSERT INTO busy DEFAULT VALUES; COMMIT');
  }
  await client.end();
}
