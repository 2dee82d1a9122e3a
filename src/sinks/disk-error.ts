import { SqlextractError } from '../model/problem.ts';

/** An error of the file system as one that a person can act on (fault disk). Errors that are already that pass unchanged. */
export function diskError(error: unknown, path: string): SqlextractError {
  if (error instanceof SqlextractError) return error;
  const thrown = error instanceof Error ? error : new Error(String(error));
  const said = { fault: 'disk', causes: [thrown.message] } as const;
  switch ((thrown as NodeJS.ErrnoException).code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new SqlextractError(
        {
          ...said,
          code: 'DISK_FULL',
          message: `no space is left for ${path}`,
          hint: 'free some space, then run the same command again: what is done stays done',
        },
        error,
      );
    case 'EFBIG':
      return new SqlextractError(
        {
          ...said,
          code: 'FILE_TOO_LARGE',
          message: `${path} would be larger than the file system or the limit of this user (ulimit -f) allows`,
          hint: 'raise the limit or use a smaller --chunk-size with --fresh',
        },
        error,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'ENOENT':
    case 'ELOOP':
      return new SqlextractError(
        {
          ...said,
          code: 'OUTPUT_NOT_WRITABLE',
          message: `${path} cannot be written (${(thrown as NodeJS.ErrnoException).code})`,
          hint: 'choose another folder with --out, or change the permissions of this one',
        },
        error,
      );
    default:
      return new SqlextractError(
        {
          ...said,
          code: 'DISK_ERROR',
          message: `writing ${path} failed`,
          hint: 'look at the disk, then run the same command again: the unfinished file is written anew',
        },
        error,
      );
  }
}

export function fileInTheWay(path: string): SqlextractError {
  return new SqlextractError({
    code: 'FILE_IN_THE_WAY',
    message: `${path} exists and was not written by this run`,
    hint: 'move it away, or choose another folder with --out',
    fault: 'disk',
  });
}
