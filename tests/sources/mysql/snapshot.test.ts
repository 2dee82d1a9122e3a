import { describe, expect, it } from 'vitest';
import { mysqlDriver } from '../../../src/sources/mysql/index.ts';
import { describeAll } from '../../conformance/source-reading.ts';
import { freshMariadb, startOwnMariadb } from '../../support/mariadb-server.ts';
import { configOf } from './mysql-fixture.ts';
import {
  database,
  sql,
  kind,
  POSITION,
  PAUSE_MS,
  FEW,
  open,
  take,
  count,
  problemOf,
  commit,
  disposable,
} from './snapshot-case.ts';

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
    // On a slow machine a commit is more likely to come in between.
    for (let attempt = 0; attempt < 100 && aligned === 0; attempt++) {
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
});
