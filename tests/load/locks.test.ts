import { describe, expect, it } from 'vitest';
import { postgresTarget } from '../../src/ingest/targets/postgres.ts';
import { postgresLoader } from '../../src/load/loaders/postgres.ts';
import type { LoadOutcome } from '../../src/load/load-table.ts';
import { loadTable } from '../../src/load/load-table.ts';
import type { IngestTarget } from '../../src/ingest/target.ts';
import { mysqlTarget } from '../../src/ingest/targets/mysql.ts';
import { mysqlLoader } from '../../src/load/loaders/mysql.ts';
import type { TargetLoader } from '../../src/load/loader.ts';
import type { TypedMode } from '../../src/ingest/load-mode.ts';
import { lockOf } from '../../src/ingest/targets/mysql-view.ts';
import { sqlServerLoader } from '../../src/load/loaders/sqlserver.ts';
import type { PlanFacts } from '../conformance/ingest-example.ts';
import type { GivenLoad } from '../ingest/given-load.ts';
import { givenLoad } from '../ingest/given-load.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { SnapshotServer } from '../sources/sqlserver/snapshot-server.ts';
import { TdsStandIn } from '../support/tds-stand-in/server.ts';
import { createMariadb } from './mysql-target.ts';
import { freshMariadb } from '../support/mariadb-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { FLAVOR } from '../support/mysql-flavor.ts';

/** A table that somebody else has locked is waited for, never without a word, and not for ever. */

const facts = (mode: TypedMode): PlanFacts => ({
  columns: [{ name: 'id', type: { kind: 'int64' }, nullable: false }],
  primaryKey: ['id'],
  table: { schema: 'public', name: 't' },
  order: { mode },
});

async function lockedDatabase(seconds: number): Promise<FreshDatabase> {
  const database = await freshDatabase('locks');
  const { client, name } = database;
  await client.query(`CREATE TABLE t (id bigint PRIMARY KEY); INSERT INTO t VALUES (7)`);
  await client.query(`ALTER DATABASE "${name}" SET sqlextract.lock_seconds = '${seconds}'`);
  await client.query(`BEGIN; LOCK TABLE t IN ACCESS SHARE MODE; UPDATE t SET id = 8`);
  return database;
}

async function load(
  url: string,
  { folder, plan }: GivenLoad,
  [loader, target]: readonly [TargetLoader, IngestTarget],
  onRemark: (text: string) => void,
): Promise<LoadOutcome> {
  const place = {
    url,
    displayUrl: 'warehouse',
    flavor: plan.flavor,
    environment: {},
    identity: () => Promise.resolve(null),
    scratch: folder,
  };
  await using session = await loader.open(place, 1);
  const [table] = plan.tables;
  if (table === undefined) throw new Error('the plan has no table');
  const context = { session, target, place, plan, evolve: 'fail', stop: new AbortController().signal } as const;
  return await loadTable({ ...context, onBytes: () => undefined, onRemark: (_, text) => onRemark(text) }, table);
}

const POSTGRES = [postgresLoader, postgresTarget] as const;

describe('a table of PostgreSQL that is locked', () => {
  it.each(['replace', 'full-refresh'] as const)('%s: is waited for, which is said with the session', async (mode) => {
    await using database = await lockedDatabase(300);
    using given = givenLoad(postgresTarget, facts(mode), ['1', '2']);
    const { rows } = await database.client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const remarks: string[] = [];
    const outcome = await load(database.url, given, POSTGRES, (text) => {
      remarks.push(text);
      void database.client.query('ROLLBACK');
    });
    expect(outcome).toMatchObject({ kind: 'loaded', entry: { inserted: 2 } });
    expect(remarks).toEqual([
      expect.stringMatching(
        new RegExp(`^waits for the lock of session ${rows[0]?.pid} of .*idle in transaction since`),
      ),
    ]);
  });

  it('ends a load and a script that wait for too long, with nothing changed', async () => {
    await using database = await lockedDatabase(1);
    using given = givenLoad(postgresTarget, facts('replace'), ['1', '2']);
    const outcome = await load(database.url, given, POSTGRES, () => undefined);
    expect(outcome).toMatchObject({
      kind: 'failed',
      problem: {
        code: 'TARGET_LOCKED',
        fault: 'source',
        message: expect.stringMatching(/public.t: it is locked, and stayed so, by session \d+ of/),
      },
    });
    const run = given.run(database.url);
    expect(run.code).not.toBe(0);
    expect(run.output).toMatch(/stayed so, by session \d+ of .*nothing was changed/);
    await database.client.query('ROLLBACK');
    expect((await database.client.query('SELECT id::int FROM t')).rows).toEqual([{ id: 7 }]);
    const { rows } = await database.client.query(
      `SELECT relname FROM pg_class WHERE relname ~ '_sqlextract_.*(stage|files|new)$'`,
    );
    expect(rows).toEqual([]);
  });
});

it.each(['replace', 'full-refresh'] as const)('a table of MariaDB that is locked is waited for, %s', async (mode) => {
  await using database = await freshMariadb('locks');
  const { client } = database;
  for (const statement of [
    'CREATE TABLE t (id bigint PRIMARY KEY)',
    'INSERT INTO t VALUES (1)',
    'BEGIN',
    'UPDATE t SET id = 7',
  ]) {
    await client.query(statement);
  }
  using given = givenLoad(mysqlTarget, { ...facts(mode), table: { schema: '', name: 't' }, ...FLAVOR }, ['1', '2']);
  const remarks: string[] = [];
  const outcome = await load(database.url, given, [mysqlLoader, mysqlTarget], (text) => {
    remarks.push(text);
    void client.query('ROLLBACK');
  });
  expect(outcome).toMatchObject({ kind: 'loaded', entry: { rows: 2 } });
  expect(remarks).toEqual([
    expect.stringMatching(/^waits for the lock of (session \d+ of .*in a transaction since|a session)/),
  ]);
  const [rows] = await client.query('SELECT id FROM t ORDER BY id');
  expect(rows).toEqual([{ id: '1' }, { id: '2' }]);
});

it('a script for MariaDB says that it waits for another load of the table', async () => {
  await using database = await freshMariadb('locks');
  await database.client.query('CREATE TABLE t (id bigint PRIMARY KEY)');
  const place = { ...facts('replace'), table: { schema: '', name: 't' }, ...FLAVOR };
  using given = givenLoad(mysqlTarget, place, ['1', '2']);
  const lock = given.plan.tables.map((table) => String(lockOf(table))).join('');
  const held = database.client.query(`SELECT GET_LOCK(${lock}, 0), SLEEP(3), RELEASE_LOCK(${lock})`);
  const { environment, runArguments } = createMariadb(database);
  const run = given.runWith(runArguments, environment);
  expect(run).toMatchObject({
    code: 0,
    output: expect.stringMatching(/waits for another load of the table \(session \d+\)[^]*2 inserted/),
  });
  await held;
});

it.each([
  [1222, 'TARGET_LOCKED'],
  [547, 'LOAD_FAILED'],
])('SQL Server: what error %i is called', async (number, code) => {
  await using server = await TdsStandIn.start(async (sql, answer) => {
    if (sql !== 'SELECT 1 AS one') return new SnapshotServer().handler(sql, answer);
    await answer.error({ number, message: 'Lock request time out period exceeded.' });
    return answer.done({ count: null, error: true });
  });
  const rest = { displayUrl: 'warehouse', flavor: null, environment: {}, scratch: '' };
  const place = { ...rest, url: server.url, identity: () => Promise.resolve(null) };
  await expect(sqlServerLoader.open(place, 1)).rejects.toMatchObject({ problem: { code } });
});
