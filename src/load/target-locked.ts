import { SqlextractError } from '../model/problem.ts';

/** What a server says of a lock that was waited for in vain. */
export function targetLocked(error: Error): SqlextractError {
  return new SqlextractError(
    {
      code: 'TARGET_LOCKED',
      message: 'somebody else has a lock of the table, and kept it for longer than a load waits; nothing was changed',
      hint: 'end that session (KILL), or wait for it; the same command goes on with the files that are staged',
      fault: 'source',
      causes: [error.message],
    },
    error,
  );
}
