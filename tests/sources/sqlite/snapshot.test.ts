import { spawn, spawnSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { copyFileSync, existsSync, renameSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteDriver } from '../../../src/sources/sqlite/index.ts';
import type { Snapshot, SourceSession } from '../../../src/sources/source.ts';
import { describeAll, readRows } from '../../conformance/source-reading.ts';
import { problemOf } from '../../conformance/source-describes.ts';
import { SqliteFile } from './sqlite-fixture.ts';

let file: SqliteFile;
const open: SourceSession[] = [];

beforeEach(async () => {
  file = await SqliteFile.create('?timeout=200');
  file.writer.exec(
    "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a')",
  );
});

afterEach(async () => {
  for (const session of open.splice(0)) await session[Symbol.asyncDispose]();
  await file[Symbol.asyncDispose]();
});

async function session(): Promise<SourceSession> {
  const opened = await sqliteDriver.open(file.config, 'reader');
  open.push(opened);
  return opened;
}

function take(coordinator: SourceSession): Promise<Snapshot> {
  return coordinator.takeSnapshot({
    tables: [],
    mode: 'shared',
    holdMs: 0,
    previous: null,
    required: false,
    allowLocks: false,
    lastTry: false,
    runtimeFolder: file.folder,
  });
}

async function rowsSeenBy(reader: SourceSession): Promise<number> {
  return (await readRows(reader, { table: await describeAll(reader, { schema: '', name: 't' }) })).length;
}

function commitOne(): void {
  file.writer.exec("INSERT INTO t (v) VALUES ('later')");
}

async function disturbFiveTimes(coordinator: SourceSession): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const snapshot = await take(coordinator);
    commitOne();
    expect(await snapshot.confirm()).toBe(false);
  }
}

describe('snapshot in rollback-journal mode', () => {
  it('is one state because commits have to wait, and lets go when released', async () => {
    file.writer.exec('PRAGMA journal_mode = DELETE; PRAGMA busy_timeout = 50');
    const [coordinator, reader] = [await session(), await session()];
    const snapshot = await take(coordinator);
    expect(snapshot.remarks.join()).toContain('commits of other processes wait');
    expect(commitOne).toThrow(/locked/);
    await reader.joinSnapshot(snapshot.token);
    expect(await snapshot.confirm()).toBe(true);
    expect(commitOne).toThrow(/locked/);
    await snapshot.release();
    await reader[Symbol.asyncDispose]();
    commitOne();
    expect(await rowsSeenBy(coordinator)).toBe(2);
  });
});

describe('snapshot in WAL mode', () => {
  it('is not confirmed when something was committed between the first reader and the last', async () => {
    const [coordinator, reader] = [await session(), await session()];
    const snapshot = await take(coordinator);
    commitOne();
    await reader.joinSnapshot(snapshot.token);
    expect([await rowsSeenBy(coordinator), await rowsSeenBy(reader)], 'two states').toEqual([1, 2]);
    expect(await snapshot.confirm()).toBe(false);
    const again = await take(coordinator);
    await reader.joinSnapshot(again.token);
    expect(await again.confirm()).toBe(true);
    expect([await rowsSeenBy(coordinator), await rowsSeenBy(reader)]).toEqual([2, 2]);
  });

  it('is taken under the write lock after five disturbed attempts', async () => {
    const [coordinator, reader] = [await session(), await session()];
    await disturbFiveTimes(coordinator);
    file.writer.exec('PRAGMA busy_timeout = 50');
    const snapshot = await take(coordinator);
    expect(snapshot.maxReaders).toBeNull();
    expect(commitOne).toThrow(/locked/);
    await reader.joinSnapshot(snapshot.token);
    expect(await snapshot.confirm()).toBe(true);
    commitOne();
    expect([await rowsSeenBy(coordinator), await rowsSeenBy(reader)]).toEqual([6, 6]);
    await snapshot.release();
    expect(await rowsSeenBy(coordinator)).toBe(7);
    expect(existsSync(`${file.path}-wal`), 'the -wal is still there').toBe(true);
  });
});

describe('snapshot beside a process that commits without pause', () => {
  it('is one state for all readers whenever it is confirmed', async () => {
    const script = `const db = new (require('node:sqlite').DatabaseSync)(process.argv[1], { timeout: 1000 });
      db.exec('PRAGMA synchronous = OFF'); const insert = db.prepare("INSERT INTO t (v) VALUES ('w')"); const end = Date.now() + 20000;
      const turn = () => { for (let i = 0; i < 3; i++) insert.run(); if (Date.now() < end) setTimeout(turn, 1); }; turn()`;
    const writer = spawn(process.execPath, ['-e', script, file.path], { stdio: 'ignore' });
    const exited = new Promise((resolve) => writer.once('exit', resolve));
    const sessions = [await session(), await session(), await session()];
    const [coordinator, ...readers] = sessions as [SourceSession, ...SourceSession[]];
    const counts = async () => new Set(await Promise.all(sessions.map(rowsSeenBy)));
    const rowsNow = () => Number(file.writer.prepare('SELECT count(*) AS n FROM t').get()?.['n']);
    await expect.poll(rowsNow, { timeout: 15_000, interval: 20 }).toBeGreaterThan(1);
    const seen: number[] = [];
    for (let attempt = 0; attempt < 40; attempt++) {
      const snapshot = await take(coordinator);
      // A writer that lost the processor while it held its lock: a run would go on with one reader.
      if (snapshot.maxReaders === 1) continue;
      for (const reader of readers) await reader.joinSnapshot(snapshot.token);
      if (!(await snapshot.confirm())) continue;
      const states = await counts();
      expect(states.size, 'one state').toBe(1);
      await setTimeout(20);
      expect(await counts(), 'and it stays').toEqual(states);
      seen.push(...states);
    }
    writer.kill('SIGKILL');
    await exited;
    expect(seen.length, 'confirmed in the end, by the write lock').toBeGreaterThan(10);
    expect(seen.at(-1), 'the writer got on').toBeGreaterThan(seen[0] ?? 0);
  });
});

describe('snapshot', () => {
  it('allows one reader when the write lock can not be had', async () => {
    const coordinator = await session();
    await disturbFiveTimes(coordinator);
    file.writer.exec('BEGIN IMMEDIATE');
    const snapshot = await take(coordinator);
    expect(snapshot.maxReaders).toBe(1);
    expect(await snapshot.confirm()).toBe(true);
    file.writer.exec('COMMIT');
  });

  it('refuses a reader that opened another file at the same path', async () => {
    const coordinator = await session();
    const snapshot = await take(coordinator);
    file.writer.exec('PRAGMA wal_checkpoint');
    copyFileSync(file.path, `${file.path}.copy`);
    renameSync(`${file.path}.copy`, file.path);
    const reader = await session();
    expect(await problemOf(reader.joinSnapshot(snapshot.token))).toMatchObject({
      code: 'SNAPSHOT_LOST',
      verdict: 'epoch-lost',
    });
  });

  it('says when it no longer lives', async () => {
    const coordinator = await session();
    const snapshot = await take(coordinator);
    await snapshot.check();
    await snapshot.release();
    expect(await problemOf(snapshot.check())).toMatchObject({ verdict: 'epoch-lost' });
  });
});

describe('proof that nothing changed', () => {
  async function settledSnapshot() {
    file.writer.close();
    await setTimeout(1100);
    const coordinator = await session();
    const snapshot = await take(coordinator);
    const table = await describeAll(coordinator, { schema: '', name: 't' });
    await snapshot.release();
    return { facts: snapshot.facts, table };
  }

  async function unchanged(facts: Snapshot['facts'], table: Awaited<ReturnType<typeof settledSnapshot>>['table']) {
    return (await session()).unchangedSince(facts, table, [], null);
  }

  it('holds after a reader was killed, and not after a write', async () => {
    const { facts, table } = await settledSnapshot();
    for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
    const script = `const db = new (require('node:sqlite').DatabaseSync)(process.argv[1], { readOnly: true });
      db.exec('BEGIN'); db.prepare('SELECT * FROM t').all(); process.kill(process.pid, 'SIGKILL')`;
    expect(spawnSync(process.execPath, ['-e', script, file.path]).signal).toBe('SIGKILL');
    expect(await unchanged(facts, table)).toBe('unchanged');
    const writer = new DatabaseSync(file.path);
    writer.exec("UPDATE t SET v = 'b'");
    expect(await unchanged(facts, table), 'in the -wal').toBe('unknown');
    writer.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    expect(await unchanged(facts, table), 'in the file').toBe('unknown');
    writer.close();
    expect(await unchanged(facts, table), 'closed').toBe('unknown');
  });

  it('is not given for a file that was written a moment ago, or has a -wal', async () => {
    const coordinator = await session();
    expect((await take(coordinator)).facts.proof).toEqual({});
    await setTimeout(1100);
    expect((await take(coordinator)).facts.proof, 'not empty -wal').toEqual({});
    const table = await describeAll(coordinator, { schema: '', name: 't' });
    expect(await coordinator.unchangedSince((await take(coordinator)).facts, table, [], null)).toBe('unknown');
  });
});
