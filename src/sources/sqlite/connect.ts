import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { SqlextractError } from '../../model/problem.ts';
import { sqliteError, sqliteResultCode } from './errors.ts';
import type { SqliteOptions } from './parse.ts';
import { fileIdentity, walBytes } from './proof.ts';
import type { Connection } from './query.ts';

/** SQLITE_CANTOPEN, SQLITE_READONLY: what a write-protected folder or a left journal ends in. */
const CANNOT_OPEN = [8, 14];

/**
 * A read-only connection that has read once, so that every obstacle shows here. Never creates a file in place of a missing one.
 *
 * The file itself is only ever looked at with `stat`: to open and close it here by other means would drop the POSIX locks of
 * every connection of this process (https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
 */
export async function connect(options: SqliteOptions): Promise<Connection> {
  await checkFile(options.path);
  if (options.immutable && (await walBytes(options.path)) > 0n) throw walLeftOut(options.path);
  const file = await fileIdentity(options.path);
  const database = openOrExplain(options);
  if (file !== null && file === (await fileIdentity(options.path))) return { database, path: options.path, file };
  database.close();
  throw replaced(options.path);
}

function openOrExplain(options: SqliteOptions): DatabaseSync {
  try {
    return openReadOnly(options);
  } catch (error) {
    throw CANNOT_OPEN.includes(sqliteResultCode(error) ?? 0)
      ? needsWriting(options, error)
      : sqliteError(error, options.path);
  }
}

function openReadOnly(options: SqliteOptions): DatabaseSync {
  const { path, immutable, timeoutMs } = options;
  const location = immutable ? `${pathToFileURL(path).href}?immutable=1` : path;
  const database = new DatabaseSync(location, {
    readOnly: true,
    readBigInts: true,
    returnArrays: true,
    timeout: timeoutMs,
  });
  try {
    database.exec('PRAGMA query_only = ON');
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A connection that may take the write lock; null when the file or its folder does not let us write. */
export function openForLock(options: SqliteOptions): DatabaseSync | null {
  if (options.immutable) return null;
  try {
    // mode=rw: a file that was removed meanwhile is not made anew.
    const location = `${pathToFileURL(options.path).href}?mode=rw`;
    return new DatabaseSync(location, { timeout: options.timeoutMs, readBigInts: true, returnArrays: true });
  } catch {
    return null;
  }
}

async function checkFile(path: string): Promise<void> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw notADatabase(path);
    await access(path, constants.R_OK);
  } catch (error) {
    if (error instanceof SqlextractError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw notFound(path);
    if (code === 'EACCES' || code === 'EPERM') throw noPermission(path);
    throw error;
  }
}

function notFound(path: string): SqlextractError {
  return new SqlextractError({
    code: 'SOURCE_NOT_FOUND',
    message: `there is no database file ${path}`,
    hint: 'check the path; `sqlextract init --sample` makes a sample database',
    fault: 'source',
  });
}

function notADatabase(path: string): SqlextractError {
  return new SqlextractError({
    code: 'SOURCE_NOT_A_DATABASE',
    message: `${path} is not a file`,
    hint: 'name the SQLite file itself',
    fault: 'source',
  });
}

function noPermission(path: string): SqlextractError {
  return new SqlextractError({
    code: 'SOURCE_PERMISSION',
    message: `${path} may not be read`,
    hint: 'give this user read permission on the file and its folder',
    fault: 'source',
  });
}

function walLeftOut(path: string): SqlextractError {
  return new SqlextractError({
    code: 'SOURCE_WAL_NOT_READ',
    message: `${path}-wal holds commits, which immutable=1 would leave out`,
    hint: 'open the source without immutable=1, or copy both files to a folder that can be written',
    fault: 'source',
  });
}

function replaced(path: string): SqlextractError {
  return new SqlextractError({
    code: 'SOURCE_REPLACED',
    message: `${path} was replaced by another file while it was opened`,
    hint: 'run the same command again',
    fault: 'source',
    verdict: 'reconnect',
  });
}

function needsWriting(options: SqliteOptions, cause: unknown): SqlextractError {
  return new SqlextractError(
    {
      code: 'SOURCE_READ_ONLY',
      message: `${options.path} can not be read without writing beside it (a WAL database, or a journal that a crash left)`,
      hint: `give write permission on its folder; or, when nothing writes to it now, use sqlite:${options.path}?immutable=1`,
      fault: 'source',
    },
    cause,
  );
}
