import { randomBytes } from 'node:crypto';
import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

const TEMPORARY = /^\.[^/]+\.[0-9a-f]{16}\.tmp$/;

/** `.part-000001.parquet.1f3a9c0b7d2e4f50.tmp`: hidden, in the folder of the final name, never used twice. */
export function temporaryNameOf(name: string): string {
  return `.${name}.${randomBytes(8).toString('hex')}.tmp`;
}

export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name);
}

/**
 * Deletes what killed writers left in one folder, and nothing else: only regular files named by `temporaryNameOf`. Only for
 * a run's own folder, under its job's lock: it would take the file of a living writer too. Returns the names, sorted; none
 * when there is no such folder.
 */
export async function sweepTemporary(folder: string): Promise<readonly string[]> {
  const swept: string[] = [];
  for (const name of (await namesIn(folder)).filter(isTemporaryName).sort()) {
    const path = join(folder, name);
    if (!(await lstat(path)).isFile()) continue;
    await unlink(path);
    swept.push(name);
  }
  return swept;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
