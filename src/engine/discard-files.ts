import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_NAME } from '../checkpoint/manifest.ts';
import { isChunkFileName } from '../model/run-file-name.ts';
import { isTemporaryName } from '../sinks/temporary-name.ts';

/**
 * Removes what a run left in its own folder: files of our names only, then the folder when nothing else is in it. A folder that
 * is not there holds nothing.
 */
export async function discardFiles(folder: string): Promise<void> {
  const names = await namesIn(folder);
  if (names === null) return;
  const ours = names.filter((name) => isChunkFileName(name) || isTemporaryName(name) || name === MANIFEST_NAME);
  for (const name of ours) await rm(join(folder, name), { force: true });
  if (ours.length === names.length) await rmdir(folder);
}

async function namesIn(folder: string): Promise<readonly string[] | null> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
