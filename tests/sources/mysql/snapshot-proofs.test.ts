import { describe, expect, it } from 'vitest';
import type { SourceSession } from '../../../src/sources/source.ts';
import { ALL_COLUMNS, describeAll, readRows } from '../../conformance/source-reading.ts';
import { database, sql, kind, ISOLATION, FEW, open, take, tableT, count, problemOf, commit } from './snapshot-case.ts';

const SESSIONS = 'SELECT id FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()';

describe('what a snapshot of MySQL and MariaDB proves', () => {
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
    const [rows] = await sql.query<never[]>(SESSIONS, [database.name]);
    const ids = (rows as unknown as { id: number }[]).map(({ id }) => id);
    for (const id of ids) await sql.query(`KILL CONNECTION ${id}`);
    const alive = async () => (await sql.query<never[]>(`${SESSIONS} AND id IN (?)`, [database.name, ids]))[0];
    await expect.poll(alive, { timeout: 10_000 }).toEqual([]);
    expect(await problemOf(snapshot.check())).toMatchObject({ code: 'SNAPSHOT_LOST', verdict: 'epoch-lost' });
    await snapshot.release();
  });
});
