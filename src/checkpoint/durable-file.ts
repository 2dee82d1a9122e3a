import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

/**
 * Puts a small file in place whole and durable, or not at all: temporary name in the same folder (0600), sync, rename, sync
 * of the folder. A file that has the name is replaced. Throws the file system's error, without a temporary file left.
 */
export function writeDurably(path: string, text: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    writeSynced(temporary, text);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/** The deletion is durable when it returns. A file that is not there is none. */
export function removeDurably(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  syncFolder(dirname(path));
}

/** Makes an empty file (0600) durably unless there is one. */
export function createDurably(path: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
  } catch (error) {
    // Not opened and closed again: that would drop this process's locks on it.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  closeSync(descriptor);
  syncFolder(dirname(path));
}

/** A folder and what is missing above it, 0700, each new entry synced. Folders that are there keep their mode. */
export function makeFolderDurably(folder: string): void {
  const path = resolve(folder);
  const first = makeLevels(path);
  if (first === undefined) return;
  const depth = relative(first, path).split(sep).filter(Boolean).length;
  let changed = dirname(path);
  for (let level = 0; level <= depth; level += 1) {
    syncFolder(changed);
    changed = dirname(changed);
  }
}

/** The highest folder that was made. Level by level: Node's own recursive form never returns below /proc. */
function makeLevels(path: string): string | undefined {
  try {
    mkdirSync(path, { mode: 0o700 });
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return undefined;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
  }
  const first = makeLevels(dirname(path));
  mkdirSync(path, { mode: 0o700 });
  return first ?? path;
}

function writeSynced(path: string, text: string): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const descriptor = openSync(path, flags, 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Windows has no such call and needs none. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
