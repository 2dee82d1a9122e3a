import { DatabaseSync } from 'node:sqlite';
import { SqlextractError } from '../model/problem.ts';
import { createDurably } from './durable-file.ts';
import type { JobFiles } from './job-files.ts';
import { describeOwner, readLivingOwner, removeOwner, writeOwner } from './owner.ts';
import { overState } from './state-error.ts';

/** Two starts at the same instant can refuse each other; after a few tries at random times exactly one has it. */
const TRIES = 8;
const LONGEST_PAUSE_MS = 60;
const SQLITE_BUSY = 5;

/** Held until disposed, or until the process ends in whatever way. */
export interface JobLock extends Disposable {
  readonly path: string;
}

/**
 * Takes the job's lock: an exclusive transaction over an SQLite file that holds nothing. The kernel releases it when the process
 * is killed. It also releases it when anything in the process opens and closes the file (the rule of POSIX locks), so nothing
 * else does: not to read it, copy it or hash it.
 *
 * Throws JOB_LOCKED with the holder's pid, command and start when another process (or this one) has it.
 */
export function takeLock(files: JobFiles, command: string): JobLock {
  return overState(files.lock, () => {
    createDurably(files.lock);
    for (let left = TRIES; ; left -= 1) {
      const database = tryLock(files.lock);
      if (database !== null) return held(database, files, command);
      if (left <= 1) throw jobLocked(files);
      pause(1 + Math.random() * LONGEST_PAUSE_MS);
    }
  });
}

function held(database: DatabaseSync, files: JobFiles, command: string): JobLock {
  try {
    writeOwner(files.owner, command);
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    path: files.lock,
    [Symbol.dispose]: () => {
      if (!database.isOpen) return;
      removeOwner(files.owner);
      database.close();
    },
  };
}

function tryLock(path: string): DatabaseSync | null {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // The journal in memory: no -journal file beside it.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY) return null;
    throw error;
  }
}

function jobLocked(files: JobFiles): SqlextractError {
  const owner = readLivingOwner(files.owner);
  return new SqlextractError({
    code: 'JOB_LOCKED',
    message: `locked by ${owner === null ? 'a process that did not leave its name' : describeOwner(owner)}`,
    hint: 'wait until it has ended, or stop it; to work on the same table with another state use --job <name>',
    fault: 'state',
  });
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
