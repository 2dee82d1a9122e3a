import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openForWriting, openReadOnly } from '../../src/checkpoint/schema.ts';
import { openSqliteStore } from '../../src/checkpoint/sqlite-store.ts';
import { stateReader } from '../../src/checkpoint/state-reader.ts';
import { checkpointSuite, newRun, report } from '../conformance/checkpoint.suite.ts';

const root = mkdtempSync(join(tmpdir(), 'sqlextract-store-'));
let made = 0;

function newPath(): string {
  made += 1;
  return join(root, `state-${made}.sqlite`);
}

afterAll(() => rmSync(root, { recursive: true, force: true }));

checkpointSuite('the SQLite store', () => {
  const path = newPath();
  return { open: () => openSqliteStore(path) };
});

describe('the SQLite store', () => {
  it('syncs every commit, and can be read while it is written', () => {
    const path = newPath();
    const database = openForWriting(path);
    expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    database.exec('BEGIN IMMEDIATE');
    const reader = openReadOnly(path);
    expect(reader.prepare('SELECT count(*) AS runs FROM runs').get()).toEqual({ runs: 0 });
    expect(() => reader.exec("INSERT INTO setup VALUES ('a', 'b')")).toThrow(/readonly/);
    reader.close();
    database.close();
  });

  it('keeps its files to their owner whatever the umask', () => {
    const before = process.umask(0);
    const path = newPath();
    try {
      using store = openSqliteStore(path);
      store.beginRun(newRun('r1'));
      expect(['', '-wal', '-shm'].map((suffix) => statSync(`${path}${suffix}`).mode & 0o777)).toEqual([
        0o600, 0o600, 0o600,
      ]);
    } finally {
      process.umask(before);
    }
  });

  it('refuses the state of a newer program and leaves it as it is', () => {
    const path = newPath();
    openSqliteStore(path)[Symbol.dispose]();
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(() => openSqliteStore(path)).toThrow(problem('STATE_NEWER', 'state version 99, this one knows 4'));
    expect(() => openSqliteStore(path)).toThrow(problem('STATE_NEWER', path));
  });

  it('takes over the state of version 1, which can also be read before that', () => {
    const path = newPath();
    const old = new DatabaseSync(path);
    old.exec(readFileSync(join(import.meta.dirname, 'state-version-1.sql'), 'utf8'));
    old.close();
    const before = openReadOnly(path);
    const seen = stateReader(before).chunks('r1');
    expect(seen[0]?.report).toMatchObject({ rows: 0, replacedCells: {} });
    expect(stateReader(before).currentRun()?.epochs[0]?.facts).not.toHaveProperty('spread');
    before.close();
    {
      using store = openSqliteStore(path);
      expect(store.chunks('r1').map(({ status }) => status)).toEqual(['done', 'planned']);
      store.started('r1', 2, 2);
      store.done('r1', { ...report(2), replacedCells: { born: 3 } });
    }
    using again = openSqliteStore(path);
    expect(again.chunks('r1').map((chunk) => chunk.report?.replacedCells)).toEqual([{}, { born: 3 }]);
    const database = openReadOnly(path);
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 4 });
    database.close();
  });

  it('refuses what is no state: other text, a truncated state, another program’s database', () => {
    const text = newPath();
    writeFileSync(text, 'this is not a database, and long enough to be told from one '.repeat(20));
    expect(() => openSqliteStore(text)).toThrow(problem('STATE_UNREADABLE', text));

    const other = newPath();
    const database = new DatabaseSync(other);
    database.exec('CREATE TABLE customers (id INTEGER)');
    database.close();
    expect(() => openSqliteStore(other)).toThrow(problem('STATE_UNREADABLE', 'another program'));

    const damaged = newPath();
    openSqliteStore(damaged)[Symbol.dispose]();
    const bytes = readFileSync(damaged);
    writeFileSync(damaged, bytes.fill(0xff, 4096));
    expect(() => openSqliteStore(damaged)).toThrow(problem('STATE_UNREADABLE', damaged));
  });

  it('says that another program keeps it locked', () => {
    const path = newPath();
    openSqliteStore(path)[Symbol.dispose]();
    const other = new DatabaseSync(path);
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    expect(() => openSqliteStore(path)).toThrow(problem('STATE_BUSY', path));
    other.close();
    openSqliteStore(path)[Symbol.dispose]();
  });

  it('can be read by a person', () => {
    const path = newPath();
    using store = openSqliteStore(path);
    store.beginRun(newRun('r1'));
    store.logCommand({ job: '{}' }, '0.1.0', 'sqlextract extract --table users');
    const seen = new DatabaseSync(path, { readOnly: true });
    expect(seen.prepare('SELECT run_id, kind, text FROM events').all()).toEqual([
      { run_id: 'r1', kind: 'begun', text: 'sqlextract extract --table users' },
    ]);
    expect(seen.prepare('SELECT command_line, tool_version, pid FROM command_log').all()).toEqual([
      { command_line: 'sqlextract extract --table users', tool_version: '0.1.0', pid: process.pid },
    ]);
    seen.close();
  });
});

function problem(code: string, text: string): object {
  return expect.objectContaining({
    problem: expect.objectContaining({
      code,
      fault: 'state',
      message: expect.stringContaining(text),
      hint: expect.any(String),
    }),
  });
}
