import { SqlextractError, toProblem } from '../../model/problem.ts';
import type { Fault, Problem, Verdict } from '../../model/problem.ts';

interface ErrorRule {
  readonly code: string;
  readonly says: string;
  readonly hint: string;
  readonly verdict: Verdict;
  readonly fault: Fault;
}

/** By primary result code (https://www.sqlite.org/rescode.html); extended codes are its lowest byte. Others are fatal. */
const RULES: Readonly<Record<number, ErrorRule>> = {
  3: rule('SOURCE_PERMISSION', 'may not be read', 'give this user read permission on the file and its folder'),
  5: rule(
    'SOURCE_BUSY',
    'is locked by another process',
    'wait for the writer to finish, or set a longer ?timeout=ms in the URL',
    'retry',
  ),
  6: rule('SOURCE_BUSY', 'is locked', 'wait for the writer to finish, or set a longer ?timeout=ms in the URL', 'retry'),
  7: rule(
    'SOURCE_OUT_OF_MEMORY',
    'could not be read: SQLite had no memory',
    'use fewer --workers or a smaller --buffer-size',
  ),
  8: rule(
    'SOURCE_READ_ONLY',
    'can not be read without writing',
    'a crashed writer left a journal, or the folder of a WAL database is write-protected: open it once with sqlite3, or add ?immutable=1 when nothing writes to it',
  ),
  10: rule('SOURCE_IO', 'could not be read from the disk', 'check the disk'),
  11: rule('SOURCE_CORRUPT', 'is damaged', 'check it with: sqlite3 <file> "PRAGMA integrity_check"'),
  13: rule(
    'SOURCE_DISK_FULL',
    'needs temporary space that the disk does not have',
    'free space in the temporary folder',
  ),
  14: rule(
    'SOURCE_CANNOT_OPEN',
    'could not be opened',
    'a WAL database needs a folder it can write its -shm file to; add ?immutable=1 when nothing writes to it',
  ),
  17: rule(
    'SOURCE_SCHEMA_CHANGED',
    'changed its schema during the run',
    'start the run again with --fresh',
    'epoch-lost',
  ),
  23: rule(
    'SOURCE_PERMISSION',
    'refused the statement',
    'remove what is not a plain SELECT condition from --where',
    'fatal',
    'usage',
  ),
  26: rule(
    'SOURCE_NOT_A_DATABASE',
    'is not an SQLite database',
    'check the path; an encrypted database can not be read',
  ),
};

function rule(
  code: string,
  says: string,
  hint: string,
  verdict: Verdict = 'fatal',
  fault: Fault = 'source',
): ErrorRule {
  return { code, says, hint, verdict, fault };
}

/** The primary result code of an error of node:sqlite; null for every other error. */
export function sqliteResultCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error)) return null;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : null;
}

export function classifySqliteError(error: unknown, path = 'the database'): Problem {
  if (error instanceof SqlextractError) return error.problem;
  const code = sqliteResultCode(error);
  if (code === null || !(error instanceof Error)) return toProblem(error);
  const known = RULES[code];
  if (known === undefined) {
    return {
      code: 'SOURCE_QUERY',
      message: `${path} refused a query: ${error.message}`,
      hint: 'check --where and the definition of the view or table',
      fault: 'source',
      verdict: 'fatal',
      causes: [error.message],
    };
  }
  const { says, ...problem } = known;
  return { ...problem, message: `${path} ${says}`, causes: [`${error.message} (SQLite result code ${code})`] };
}

/** The error to throw for one that node:sqlite threw. */
export function sqliteError(error: unknown, path: string): Error {
  if (error instanceof SqlextractError) return error;
  return sqliteResultCode(error) === null && error instanceof Error
    ? error
    : new SqlextractError(classifySqliteError(error, path), error);
}
