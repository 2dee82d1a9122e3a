import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isTemporaryName } from '../sinks/temporary-name.ts';

const OURS = /^(part-\d{6,}(-\d{4,})?\.[a-z.]+|manifest\.json)$/;

/**
 * Removes what a run left in its own folder: files of our names only, then the folder when nothing else is in it. Returns the
 * number of files removed; a folder that is not there has none.
 */
export async function discardFiles(folder: string): Promise<number> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const ours = names.filter((name) => OURS.test(name) || isTemporaryName(name));
  for (const name of ours) await rm(join(folder, name), { force: true });
  if (ours.length === names.length && names.length > 0) await rmdir(folder);
  return ours.length;
}
