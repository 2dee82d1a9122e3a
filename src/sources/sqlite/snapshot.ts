import type { DatabaseSync } from 'node:sqlite';
import { SqlextractError } from '../../model/problem.ts';
import type { SnapshotToken } from '../../model/epoch.ts';
import type { Snapshot, SnapshotRequest } from '../source.ts';
import { connect, openForLock } from './connect.ts';
import type { SqliteOptions } from './parse.ts';
import { takeProof } from './proof.ts';
import { firstRow, numberCell } from './query.ts';
import type { Connection } from './query.ts';

/** So many epochs in a row that a commit disturbed, and the next one is taken under the write lock. */
const QUIET_ATTEMPTS = 5;

/**
 * How several read-only connections come to read one state, although SQLite has no way to name one:
 *
 *   watcher reads data_version ─▶ each reader begins and reads once ─▶ watcher reads data_version again
 *        same number: nobody committed in between, so all of them see the state of that stretch          ─▶ confirmed
 *        another:     take the epoch again ─(5 times)─▶ take it under the write lock, so that nobody can commit
 *                                                       ─(file can not be written)─▶ one reader alone
 *
 * The watcher is a connection of its own without a transaction: within one, data_version stands still
 * (https://www.sqlite.org/pragma.html#pragma_data_version). On a read-only connection BEGIN IMMEDIATE would lock nothing.
 */
export class SnapshotTaker {
  private readonly connection: Connection;
  private readonly options: SqliteOptions;
  private disturbed = 0;
  private end: () => void = () => {};

  constructor(connection: Connection, options: SqliteOptions) {
    this.connection = connection;
    this.options = options;
  }

  async take(request: SnapshotRequest): Promise<Snapshot> {
    this.release();
    const proof = await takeProof(this.options.path);
    const token: SnapshotToken = { mode: request.mode, file: this.connection.file };
    if (request.mode === 'none')
      return this.snapshot(token, proof, { maxReaders: null, confirm: async () => true, shared: false });
    const watcher = this.disturbed < QUIET_ATTEMPTS ? await this.quiet() : this.locked();
    beginRead(this.connection);
    return this.snapshot(token, proof, { shared: true, ...watcher });
  }

  /** Ends the epoch of this session; does nothing when there is none. */
  release(): void {
    this.end();
    this.end = () => {};
    endRead(this.connection.database);
  }

  private async quiet(): Promise<Alignment> {
    const watcher = await connect(this.options);
    const before = dataVersion(watcher);
    this.end = () => closeOnce(watcher.database);
    if (watcher.file !== this.connection.file) throw epochLost(this.options.path);
    const confirm = async (): Promise<boolean> => {
      const same = dataVersion(watcher) === before;
      this.end();
      this.disturbed = same ? 0 : this.disturbed + 1;
      return same;
    };
    return { maxReaders: null, confirm };
  }

  private locked(): Alignment {
    const lock = takeWriteLock(this.options);
    if (lock === null) return { maxReaders: 1, confirm: async () => true };
    // Closed while the others are open: the last to close a WAL database that can write it removes its -wal.
    this.end = () => closeOnce(lock);
    const confirm = async (): Promise<boolean> => {
      this.end();
      return true;
    };
    return { maxReaders: null, confirm };
  }

  private snapshot(
    token: SnapshotToken,
    proof: Readonly<Record<string, string>>,
    how: Alignment & { shared: boolean },
  ): Snapshot {
    const takenAt = new Date().toISOString();
    return {
      token,
      facts: { takenAt, label: `state of ${this.options.path} at ${takenAt}`, shared: how.shared, proof },
      lease: null,
      resumed: false,
      remarks: how.shared ? this.remarks() : [],
      maxReaders: how.maxReaders,
      confirm: () => how.confirm(),
      check: async () => {
        if (how.shared && !this.connection.database.isTransaction) throw epochLost(this.options.path);
      },
      release: async () => this.release(),
    };
  }

  private remarks(): readonly string[] {
    const mode = firstRow(this.connection, 'PRAGMA journal_mode')?.[0];
    if (this.options.immutable) return ['read as immutable: right only when nothing writes to the file'];
    return mode === 'wal'
      ? ['while the run reads, the WAL of the database can not be emptied and grows with every write']
      : ['the database is in rollback-journal mode: while the run reads, commits of other processes wait'];
  }
}

interface Alignment {
  readonly maxReaders: number | null;
  confirm(): Promise<boolean>;
}

/** A reader's part. Throws verdict epoch-lost when the file at the path is another than the one of the epoch. */
export function joinSnapshot(connection: Connection, token: SnapshotToken): void {
  endRead(connection.database);
  if (connection.file !== token['file']) throw epochLost(connection.path);
  if (token['mode'] === 'shared') beginRead(connection);
}

/** BEGIN alone fixes nothing: the state is that of the first read. */
function beginRead(connection: Connection): void {
  connection.database.exec('BEGIN');
  firstRow(connection, 'SELECT count(*) FROM sqlite_schema');
}

function endRead(database: DatabaseSync): void {
  if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
}

function dataVersion(watcher: Connection): number {
  return numberCell(firstRow(watcher, 'PRAGMA data_version') ?? [], 0);
}

/** Null when the file or its folder can not be written, or a writer holds on for longer than the timeout. */
function takeWriteLock(options: SqliteOptions): DatabaseSync | null {
  const database = openForLock(options);
  try {
    database?.exec('BEGIN IMMEDIATE');
    if (database === null || isReadOnly(database)) throw new Error('locks nothing');
    return database;
  } catch {
    if (database !== null) closeOnce(database);
    return null;
  }
}

/** SQLite opens a write-protected file read-only without a word, and BEGIN IMMEDIATE then locks nothing. Setting what is there needs the right to write and changes nothing once rolled back. */
function isReadOnly(database: DatabaseSync): boolean {
  try {
    const version = database.prepare('PRAGMA user_version').get() as unknown as [bigint];
    database.exec(`PRAGMA user_version = ${version[0]}`);
    return false;
  } catch {
    return true;
  }
}

function closeOnce(database: DatabaseSync): void {
  if (database.isOpen) database.close();
}

function epochLost(path: string): SqlextractError {
  return new SqlextractError({
    code: 'SNAPSHOT_LOST',
    message: `the snapshot of ${path} is gone: the file was replaced or the transaction ended`,
    hint: 'run the same command again',
    fault: 'source',
    verdict: 'epoch-lost',
  });
}
