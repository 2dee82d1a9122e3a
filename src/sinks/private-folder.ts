import { mkdir, open, stat } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';

/**
 * Makes a folder (0700) and what is missing above it, durably: every folder that got a new entry is synced. Folders that are
 * there keep their mode. Threads that make one folder at the same time do not wait for each other's sync, so a run makes its
 * folder before it starts workers.
 */
export async function makePrivateFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  const first = await makeLevels(path);
  if (first === undefined) return;
  const depth = relative(first, path).split(sep).filter(Boolean).length;
  let changed = dirname(path);
  for (let level = 0; level <= depth; level += 1) {
    await syncFolder(changed);
    changed = dirname(changed);
  }
}

/** The highest folder that was made. Level by level: Node's own recursive form never returns below /proc. */
async function makeLevels(path: string): Promise<string | undefined> {
  try {
    await mkdir(path, { mode: 0o700 });
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return undefined;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
  }
  const first = await makeLevels(dirname(path));
  await mkdir(path, { mode: 0o700 }).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
  });
  return first ?? path;
}

/** Makes names that were added to or removed from a folder durable. Windows has no such call and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
