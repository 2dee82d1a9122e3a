import { SqlextractError } from '../model/problem.ts';

/**
 * Anything that SQLite or the file system throws over a file of the state folder, as an error that a person can act on:
 * STATE_UNREADABLE, STATE_DIR_NOT_WRITABLE, STATE_BUSY (fault state), DISK_FULL, DISK_ERROR (fault disk). An error that is
 * none of these is a bug of ours and passes unchanged.
 */
export function stateError(error: unknown, path: string): unknown {
  if (error instanceof SqlextractError || !(error instanceof Error)) return error;
  const facts = factsOf(kindOf(error), path);
  return facts === null ? error : new SqlextractError({ ...facts, causes: [error.message] }, error);
}

/** Runs `work` with its errors put through `stateError`. */
export function overState<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw stateError(error, path);
  }
}

export function stateUnreadable(path: string, why: string, cause?: unknown): SqlextractError {
  return new SqlextractError(
    {
      code: 'STATE_UNREADABLE',
      message: `the state file ${path} cannot be used: ${why}`,
      hint: 'restore it from a backup, or move it (with its -wal and -shm) away: the next extract then starts from the beginning',
      fault: 'state',
    },
    cause,
  );
}

type Trouble = 'unreadable' | 'not writable' | 'full' | 'broken' | 'busy';

/** https://www.sqlite.org/rescode.html: the low byte is the primary code. */
const SQLITE_CODES: Readonly<Record<number, Trouble>> = {
  3: 'not writable',
  5: 'busy',
  6: 'busy',
  8: 'not writable',
  10: 'broken',
  11: 'unreadable',
  13: 'full',
  14: 'not writable',
  23: 'not writable',
  26: 'unreadable',
};

const SYSTEM_CODES: Readonly<Record<string, Trouble>> = {
  EACCES: 'not writable',
  EPERM: 'not writable',
  EROFS: 'not writable',
  ENOTDIR: 'not writable',
  ENOENT: 'not writable',
  ELOOP: 'not writable',
  EEXIST: 'not writable',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EIO: 'broken',
};

function kindOf(error: Error): Trouble | null {
  const { code, errcode } = error as { code?: string; errcode?: number };
  if (code === 'ERR_SQLITE_ERROR' && errcode !== undefined) return SQLITE_CODES[errcode & 0xff] ?? null;
  return code === undefined ? null : (SYSTEM_CODES[code] ?? null);
}

function factsOf(trouble: Trouble | null, path: string): SqlextractError['problem'] | null {
  switch (trouble) {
    case null:
      return null;
    case 'unreadable':
      return stateUnreadable(path, 'it is damaged or not a state file').problem;
    case 'not writable':
      return {
        code: 'STATE_DIR_NOT_WRITABLE',
        message: `${path} cannot be written`,
        hint: 'choose a folder of your own on a local disk with --state-dir',
        fault: 'state',
        verdict: 'fatal',
      };
    case 'busy':
      return {
        code: 'STATE_BUSY',
        message: `another program keeps ${path} locked`,
        hint: 'close what has the file open (sqlite3, a backup), then run the same command again',
        fault: 'state',
        verdict: 'fatal',
      };
    case 'full':
      return {
        code: 'DISK_FULL',
        message: `no space is left for the state in ${path}`,
        hint: 'free some space, then run the same command again: what is done stays done',
        fault: 'disk',
        verdict: 'fatal',
      };
    case 'broken':
      return {
        code: 'DISK_ERROR',
        message: `reading or writing ${path} failed`,
        hint: 'look at the disk, then run the same command again',
        fault: 'disk',
        verdict: 'fatal',
      };
    default:
      return trouble satisfies never;
  }
}
