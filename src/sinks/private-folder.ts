import { mkdir, open } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';

/**
 * Makes a folder (0700) and what is missing above it, durably: every folder that got a new entry is synced. Folders that are
 * there keep their mode. Threads that make one folder at the same time do not wait for each other's sync, so a run makes its
 * folder before it starts workers.
 */
export async function makePrivateFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const depth = relative(first, path).split(sep).filter(Boolean).length;
  let changed = dirname(path);
  for (let level = 0; level <= depth; level += 1) {
    await syncFolder(changed);
    changed = dirname(changed);
  }
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
