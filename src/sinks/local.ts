import { constants } from 'node:fs';
import { lstat, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError, fileInTheWay } from './disk-error.ts';
import { LocalFile } from './local-file.ts';
import { makePrivateFolder, syncFolder } from './private-folder.ts';
import type { Sink } from './sink.ts';
import { temporaryNameOf } from './temporary-name.ts';
import { faultPoint } from '../model/fault-point.ts';

export interface LocalSinkOptions {
  /** Absolute; made (0700) when missing. Its file system is that of the temporary files too. */
  readonly folder: string;
  /** Shared by all threads of the run: one file is written at a time. Null or left out: files are written side by side. */
  readonly writeLock?: Int32Array | null;
  /**
   * Whether a file of this final name can only be ours (an earlier attempt at the chunk got that far). Left out: never, so
   * that any file found under a final name is in the way.
   */
  mayReplace?(name: string): boolean;
}

/**
 * Files in a local folder. Throws SqlextractError of fault disk: FILE_IN_THE_WAY, DISK_FULL, FILE_TOO_LARGE,
 * OUTPUT_NOT_WRITABLE, DISK_ERROR.
 */
export function localSink(options: LocalSinkOptions): Sink {
  const lock = options.writeLock ?? null;
  return {
    begin: async (name) => {
      requirePlainName(name);
      const path = join(options.folder, name);
      const temporary = join(options.folder, temporaryNameOf(name));
      try {
        await makePrivateFolder(options.folder);
        await refuseForeign(options, name);
        const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
        const handle = await open(temporary, flags, 0o600);
        return new LocalFile({ handle, temporary, path, lock, publish: () => publish(options, name, temporary) });
      } catch (error) {
        throw diskError(error, path);
      }
    },
  };
}

async function publish(options: LocalSinkOptions, name: string, temporary: string): Promise<void> {
  await refuseForeign(options, name);
  faultPoint('before-rename');
  await rename(temporary, join(options.folder, name));
  faultPoint('after-rename');
  await syncFolder(options.folder);
}

/** A symbolic link or a folder is never ours. */
async function refuseForeign(options: LocalSinkOptions, name: string): Promise<void> {
  const path = join(options.folder, name);
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (found === null) return;
  if (!found.isFile() || options.mayReplace?.(name) !== true) throw fileInTheWay(path);
}

function requirePlainName(name: string): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/.test(name))
    throw new Error(`not a name of a chunk's file: ${JSON.stringify(name)}`);
}
