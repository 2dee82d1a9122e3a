import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqlextractError, type Problem } from '../../../src/model/problem.ts';
import type { TableSchema } from '../../../src/model/table.ts';
import { mysqlDriver } from '../../../src/sources/mysql/index.ts';
import type { Snapshot, SnapshotRequest, SourceSession } from '../../../src/sources/source.ts';
import { ALL_COLUMNS, describeAll, readRows } from '../../conformance/source-reading.ts';
import { type FreshMariadb, freshMariadb, type MariadbServer, startOwnMariadb } from '../../support/mariadb-server.ts';
import { type ServerKind, serverKind } from '../../support/mysql-kind.ts';
import { configOf } from './mysql-fixture.ts';

/* A server of its own: whether readers come to one position must not depend on the commits of other test files. */
let server: MariadbServer;
let database: FreshMariadb;
let sql: Connection;
let kind: ServerKind;

beforeAll(async () => {
  server = await startOwnMariadb();
  database = await freshMariadb('snapshot', server.url);
  sql = database.client;
  kind = await serverKind(server.url);
  await sql.query('CREATE TABLE t (id int NOT NULL PRIMARY KEY, v int)');
  await sql.query('INSERT INTO t VALUES (1, 1), (2, 2)');
  await sql.query("CREATE USER few IDENTIFIED BY 'few-pass'");
  await sql.query(`GRANT SELECT ON ${database.name}.* TO few`);
}, 90_000);

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await server?.stop();
});

/** MySQL has no position in the binary log that is the snapshot's own. */
const POSITION = {
  mariadb: /^snapshot at binary log \S+:\d+$/,
  mysql: /^snapshot at InnoDB transaction \d+$/,
};

const ISOLATION = { mariadb: 'tx_isolation', mysql: 'transaction_isolation' };

/** Between two commits: on MySQL none may come from before the first session begins until the last has read the position. */
const PAUSE_MS = { mariadb: 5, mysql: 25 };

const FEW = { name: 'few', password: 'few-pass' };

function open(user?: typeof FEW): Promise<SourceSession> {
  return mysqlDriver.open(configOf(database, '', user), 'reader');
}

async function take(session: SourceSession, more: Partial<SnapshotRequest> = {}): Promise<Snapshot> {
  return session.takeSnapshot({
    tables: more.tables ?? [await tableT(session)],
    mode: 'shared',
    holdMs: 0,
    previous: null,
    required: false,
    allowLocks: false,
    lastTry: false,
    runtimeFolder: '/nowhere',
    ...more,
  });
}

function tableT(session: SourceSession): Promise<TableSchema> {
  return describeAll(session, { schema: database.name, name: 't' });
}

async function count(session: SourceSession): Promise<number> {
  return (await readRows(session, { table: await tableT(session) })).length;
}

async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SqlextractError);
  return (error as SqlextractError).problem;
}

let next = 100;
const commit = async (): Promise<void> => void (await sql.query(`INSERT INTO t VALUES (${next++}, 0)`));

describe('snapshots of MySQL and MariaDB', () => {
  it('a reader that begins after a commit is told to try again; without one it joins, also later', async () => {
    await using coordinator = await open();
    await using first = await open();
    await using second = await open();
    const snapshot = await take(coordinator);
    await first.joinSnapshot(snapshot.token);
    await commit();
    const before = (await count(second)) - 1;
    expect(await problemOf(second.joinSnapshot(snapshot.token))).toMatchObject({
      code: 'SNAPSHOT_NOT_ALIGNED',
      verdict: 'retry',
    });
    await snapshot.release();

    const again = await take(coordinator);
    await first.joinSnapshot(again.token);
    await second.joinSnapshot(again.token);
    expect(await again.confirm()).toBe(true);
    expect(again.facts).toMatchObject({ shared: true });
    expect(again.facts.label).toMatch(POSITION[kind]);
    await first.joinSnapshot(again.token);
    await commit();
    expect([await count(first), await count(second), await count(coordinator)]).toEqual([
      before + 1,
      before + 1,
      before + 1,
    ]);
    expect(await problemOf(second.joinSnapshot(again.token))).toMatchObject({
      code: 'SNAPSHOT_LOST',
      verdict: 'epoch-lost',
    });
    await again.release();
  });

  it('on a busy server all begin at one time', async () => {
    await using coordinator = await open();
    await using first = await open();
    await using second = await open();
    const done = new AbortController();
    const writing = (async () => {
      while (!done.signal.aborted) {
        await commit();
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS[kind]));
      }
    })();
    let aligned = 0;
    for (let attempt = 0; attempt < 12 && aligned === 0; attempt++) {
      const snapshot = await take(coordinator);
      const joined = await Promise.allSettled([
        first.joinSnapshot(snapshot.token),
        second.joinSnapshot(snapshot.token),
      ]);
      const all = joined.every(({ status }) => status === 'fulfilled');
      if (all && (await snapshot.confirm())) {
        aligned = attempt + 1;
        expect(await count(first)).toBe(await count(second));
      }
      await snapshot.release();
    }
    done.abort();
    await writing;
    expect(aligned).toBeGreaterThan(0);
  });

  it('the last try leaves each reader a snapshot of its own, and says so', async () => {
    await using coordinator = await open();
    await using first = await open();
    await using second = await open();
    const snapshot = await take(coordinator, { lastTry: true });
    await first.joinSnapshot(snapshot.token);
    await commit();
    await second.joinSnapshot(snapshot.token);
    expect(await snapshot.confirm()).toBe(true);
    expect(snapshot.facts).toMatchObject({ shared: false });
    expect(snapshot.facts.spread).toMatch(/snapshot of its own/);
    expect(await count(second)).toBe((await count(first)) + 1);
    await snapshot.release();
  });

  it('the last try takes one reader when one state is required', async () => {
    await using coordinator = await open();
    await using reader = await open();
    await (await take(coordinator, { required: true })).release();
    const snapshot = await take(coordinator, { lastTry: true, required: true });
    expect(snapshot.maxReaders).toBe(1);
    await commit();
    await reader.joinSnapshot(snapshot.token);
    expect(await snapshot.confirm()).toBe(true);
    expect(snapshot.facts.shared).toBe(true);
    await commit();
    expect(await problemOf(reader.joinSnapshot(snapshot.token))).toMatchObject({ verdict: 'epoch-lost' });
    await snapshot.release();
  });

  it('locks keep commits away only until all have joined, and none is left behind', async () => {
    await using coordinator = await open();
    await using reader = await open();
    const snapshot = await take(coordinator, { allowLocks: true });
    let committed = false;
    const writing = commit().then(() => (committed = true));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(committed).toBe(false);
    await reader.joinSnapshot(snapshot.token);
    expect(await snapshot.confirm()).toBe(true);
    await writing;
    expect(snapshot.facts.label).toMatch(/BACKUP STAGE|FLUSH TABLES/);
    expect(await count(reader)).toBe(await count(coordinator));
    await snapshot.release();
    const left = await take(coordinator, { allowLocks: true });
    await left.release();
    await commit();
  });

  it('locks on the tables alone do for a user who may not lock all', async () => {
    await sql.query("CREATE USER locker IDENTIFIED BY 'few-pass'");
    await sql.query(`GRANT SELECT, LOCK TABLES ON ${database.name}.* TO locker`);
    const locker = { name: 'locker', password: 'few-pass' };
    await using coordinator = await open(locker);
    await using reader = await open(locker);
    const snapshot = await take(coordinator, { allowLocks: true });
    expect(snapshot.facts.label).toMatch(/LOCK TABLES .*t READ/);
    let committed = false;
    const writing = commit().then(() => (committed = true));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(committed).toBe(false);
    await reader.joinSnapshot(snapshot.token);
    expect(await snapshot.confirm()).toBe(true);
    await writing;
    expect(await count(reader)).toBe(await count(coordinator));
    await snapshot.release();
  });

  it('locks of a session that is closed in between are gone', async () => {
    const coordinator = await open();
    await take(coordinator, { allowLocks: true });
    await coordinator[Symbol.asyncDispose]();
    await commit();
  });

  it('26: without any privilege on a server without a usable log it is said before reading', async () => {
    await using plain = await startOwnMariadb({ 'skip-log-bin': 'ON' }).then(disposable);
    await using other = await freshMariadb('nolog', plain.server.url);
    await other.client.query('CREATE TABLE t (id int NOT NULL PRIMARY KEY)');
    await other.client.query("CREATE USER few IDENTIFIED BY 'few-pass'");
    await other.client.query(`GRANT SELECT ON ${other.name}.* TO few`);
    const session = async (user?: typeof FEW) => mysqlDriver.open(configOf(other, '', user), 'reader');
    const table = { schema: other.name, name: 't' };

    await using weak = await session(FEW);
    const own = await take(weak, { tables: [await describeAll(weak, table)] });
    expect(own.facts.shared).toBe(false);
    expect(own.facts.spread).toMatch(/GRANT PROCESS/);
    expect(own.remarks.join()).toMatch(/snapshot of its own/);
    await own.release();
    const alone = await take(weak, { tables: [await describeAll(weak, table)], required: true });
    expect(alone).toMatchObject({ maxReaders: 1, facts: { shared: true } });
    await alone.release();

    await using strong = await session();
    await using reader = await session();
    const shared = await take(strong, { tables: [await describeAll(strong, table)] });
    await reader.joinSnapshot(shared.token);
    expect(await shared.confirm()).toBe(true);
    expect(shared.facts.label).toMatch(/InnoDB transaction/);
    await other.client.query('INSERT INTO t VALUES (1)');
    expect(await problemOf(reader.joinSnapshot(shared.token))).toMatchObject({ verdict: 'epoch-lost' });
    await shared.release();
  }, 90_000);

  it('27: every session reads repeatably, whatever the server sets', async () => {
    await sql.query(`SET GLOBAL ${ISOLATION[kind]} = "READ-COMMITTED"`);
    try {
      await using coordinator = await open();
      await using reader = await open();
      const snapshot = await take(coordinator);
      await reader.joinSnapshot(snapshot.token);
      const before = await count(reader);
      await commit();
      expect(await count(reader)).toBe(before);
      await snapshot.release();
    } finally {
      await sql.query(`SET GLOBAL ${ISOLATION[kind]} = "REPEATABLE-READ"`);
    }
  });

  it('28: an engine without snapshots is named', async () => {
    await sql.query('CREATE TABLE loose (id int NOT NULL PRIMARY KEY) ENGINE=MyISAM');
    await using session = await open();
    const table = await describeAll(session, { schema: database.name, name: 'loose' });
    expect(table.outsideSnapshot).toMatch(/MyISAM/);
    expect(table.remarks.join()).toMatch(/MyISAM/);
    await sql.query('CREATE VIEW loose_view AS SELECT id FROM loose');
    expect((await describeAll(session, { schema: database.name, name: 'loose_view' })).outsideSnapshot).toMatch(
      /MyISAM/,
    );
    const request = { sql: 'SELECT l.id, t.v FROM t JOIN loose l ON l.id = t.id', name: 'q', splitBy: null };
    expect((await session.describeQuery({ ...request, selection: ALL_COLUMNS })).outsideSnapshot).toMatch(/MyISAM/);
    expect((await tableT(session)).outsideSnapshot).toBeUndefined();
  });

  it('28: tables below views, inside functions, and those that give no column of a result, are found', async () => {
    await sql.query(`CREATE TABLE hid (id int NOT NULL PRIMARY KEY, v int) ENGINE=MEMORY;
      CREATE VIEW counted AS SELECT count(*) AS n FROM hid;
      CREATE VIEW nested AS SELECT n FROM counted;
      CREATE VIEW sound AS SELECT t.id, count(*) AS n FROM t LEFT JOIN t AS u ON u.id = t.v GROUP BY t.id;
      CREATE FUNCTION in_function(x int) RETURNS int READS SQL DATA RETURN (SELECT max(v) FROM hid WHERE id > x);
      CREATE FUNCTION plain_function(x int) RETURNS int NO SQL RETURN x + 1;
      GRANT EXECUTE ON ${database.name}.* TO few;
      CREATE USER viewer IDENTIFIED BY 'few-pass';
      GRANT SELECT ON ${database.name}.nested TO viewer;`);
    await using session = await open();
    const outsideOf = async (name: string, from: SourceSession = session) =>
      (await describeAll(from, { schema: database.name, name })).outsideSnapshot;
    const queried = async (text: string, from: SourceSession = session) =>
      (await from.describeQuery({ sql: text, name: 'q', splitBy: null, selection: ALL_COLUMNS })).outsideSnapshot;
    expect(await outsideOf('counted')).toMatch(/MEMORY/);
    expect(await outsideOf('nested')).toMatch(/MEMORY/);
    expect(await outsideOf('sound')).toBeUndefined();
    for (const text of [
      'SELECT count(*) AS n FROM hid',
      'SELECT t.id FROM t JOIN hid ON hid.id = t.id',
      `SELECT id FROM t WHERE EXISTS (SELECT 1 FROM \`${database.name}\`.\`hid\`)`,
      'SELECT n FROM nested',
      'SELECT in_function(id) AS f FROM t',
      'SELECT t.id FROM t, (hid)',
    ])
      expect(await queried(text), text).toMatch(/MEMORY/);
    for (const text of [
      'SELECT id, plain_function(id) AS p FROM t',
      "WITH c AS (SELECT id FROM t) SELECT id, 'hid' AS h, EXTRACT(YEAR FROM now()) AS y FROM c -- hid",
    ])
      expect(await queried(text), text).toBeUndefined();

    await using weak = await open({ name: 'viewer', password: 'few-pass' });
    expect(await outsideOf('nested', weak)).toMatch(/cannot be told which tables it reads.*nested.*SHOW VIEW/);
    await using few = await open(FEW);
    expect(await queried('SELECT in_function(id) AS f FROM t', few)).toMatch(/cannot be told.*in_function/);
  });

  it('29: TRUNCATE and ALTER wait for the readers; what came before them ends the epoch', async () => {
    await sql.query('CREATE TABLE gone (id int NOT NULL PRIMARY KEY)');
    await sql.query('INSERT INTO gone VALUES (1), (2)');
    await using coordinator = await open();
    await using reader = await open();
    const gone = await describeAll(coordinator, { schema: database.name, name: 'gone' });
    const snapshot = await take(coordinator, { tables: [gone] });
    await reader.joinSnapshot(snapshot.token);
    await snapshot.confirm();
    await sql.query('SET SESSION lock_wait_timeout = 1');
    await expect(sql.query('TRUNCATE gone')).rejects.toMatchObject({ errno: 1205 });
    expect((await readRows(reader, { table: gone })).length).toBe(2);
    await snapshot.release();
    await reader.joinSnapshot({});

    const blind = await take(coordinator);
    await reader.joinSnapshot(blind.token);
    await sql.query('TRUNCATE gone');
    expect(await problemOf(readRows(reader, { table: gone }))).toMatchObject({
      code: 'SNAPSHOT_LOST',
      verdict: 'epoch-lost',
    });
    await blind.release();
  });

  it('nothing committed since is a proof that nothing changed; anything else is none', async () => {
    await using coordinator = await open();
    const table = await tableT(coordinator);
    const snapshot = await take(coordinator);
    await snapshot.confirm();
    const { facts } = snapshot;
    await snapshot.release();
    expect(await coordinator.unchangedSince(facts, table, [], null)).toBe('unchanged');
    await sql.query('CREATE TABLE elsewhere (id int)');
    expect(await coordinator.unchangedSince(facts, table, [], null)).toBe('unknown');
  });

  it('commits that skip the binary log are seen, or it is said that they are not', async () => {
    await sql.query('SET SESSION sql_log_bin = 0');
    try {
      await using coordinator = await open();
      await using reader = await open();
      const table = await tableT(coordinator);
      for (const change of [
        commit,
        () => sql.query('UPDATE t SET v = v + 1'),
        () => sql.query('DELETE FROM t WHERE id = 1'),
      ]) {
        const snapshot = await take(coordinator);
        await change();
        expect(await problemOf(reader.joinSnapshot(snapshot.token))).toMatchObject({ code: 'SNAPSHOT_NOT_ALIGNED' });
        await snapshot.release();
        const quiet = await take(coordinator);
        await reader.joinSnapshot(quiet.token);
        expect(await quiet.confirm()).toBe(true);
        expect(quiet.remarks.join()).not.toMatch(/PROCESS/);
        const { facts } = quiet;
        await quiet.release();
        expect(await coordinator.unchangedSince(facts, table, [], null)).toBe('unchanged');
        await change();
        expect(await coordinator.unchangedSince(facts, table, [], null)).toBe('unknown');
      }
    } finally {
      await sql.query('SET SESSION sql_log_bin = 1');
    }
    if (kind !== 'mariadb') return;
    await using weak = await open(FEW);
    const table = await tableT(weak);
    const snapshot = await take(weak);
    await snapshot.confirm();
    expect(snapshot.facts).toMatchObject({ shared: true });
    expect(snapshot.remarks.join()).toMatch(/skip the binary log.*PROCESS/);
    const { facts } = snapshot;
    await snapshot.release();
    expect(await weak.unchangedSince(facts, table, [], null)).toBe('unknown');
  });

  it('one reader: the position that is told is that of its own snapshot, or said to be an earlier one', async () => {
    await using coordinator = await open();
    await using reader = await open();
    for (const between of [null, commit]) {
      await (await take(coordinator, { required: true })).release();
      const snapshot = await take(coordinator, { lastTry: true, required: true });
      expect(snapshot.maxReaders).toBe(1);
      await between?.();
      await reader.joinSnapshot(snapshot.token);
      expect(await snapshot.confirm()).toBe(true);
      const { label } = snapshot.facts;
      if (between === null) expect(label).toMatch(/^snapshot at (?!or after).*, one reader$/);
      else expect(label).toMatch(/^snapshot at or after .*, one reader$/);
      await snapshot.release();
      await reader.joinSnapshot({});
    }
  });

  it('a coordinator whose connection is cut has lost the epoch', async () => {
    await using coordinator = await open();
    const snapshot = await take(coordinator);
    await snapshot.confirm();
    await snapshot.check();
    const [rows] = await sql.query<never[]>(
      `SELECT id FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()`,
      [database.name],
    );
    for (const { id } of rows as unknown as { id: string }[]) await sql.query(`KILL CONNECTION ${id}`);
    expect(await problemOf(snapshot.check())).toMatchObject({ code: 'SNAPSHOT_LOST', verdict: 'epoch-lost' });
    await snapshot.release();
  });
});

function disposable(started: MariadbServer): AsyncDisposable & { readonly server: MariadbServer } {
  return { server: started, [Symbol.asyncDispose]: () => started.stop() };
}
