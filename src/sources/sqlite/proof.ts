import { stat } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';

/** A file system may keep times this coarsely, milliseconds: a younger file can change again without showing it. */
const COARSEST_CLOCK_MS = 1000;

export type FileProof = Readonly<Record<string, string>>;

/**
 * What the database file looks like from outside, for a later comparison; {} when it would prove nothing. Taken before the
 * snapshot's first read: a commit in between makes the later comparison fail, never succeed.
 *
 * Only with an empty or missing `-wal`: a commit whose frames lie there already may become visible later without another write,
 * while an empty one can become a commit only by growing, and is emptied again only by writing to the database file. In
 * rollback-journal mode every commit writes to the database file.
 */
export async function takeProof(path: string): Promise<FileProof> {
  const seen = await lookAt(path);
  if (seen === null || seen.walBytes > 0n) return {};
  const youngest = Date.now() - COARSEST_CLOCK_MS;
  const settled = seen.database.mtimeMs < youngest && seen.database.ctimeMs < youngest;
  return settled ? tuple(seen.database) : {};
}

/** Never 'changed': a touched file may still hold the same rows. */
export async function compareProof(path: string, proof: FileProof): Promise<'unchanged' | 'unknown'> {
  if (Object.keys(proof).length === 0) return 'unknown';
  const seen = await lookAt(path);
  if (seen === null || seen.walBytes > 0n) return 'unknown';
  const now = tuple(seen.database);
  return Object.keys(now).every((name) => now[name] === proof[name]) ? 'unchanged' : 'unknown';
}

/** `device:inode`, which says whether two sessions opened the same file; null when there is none at the path. */
export async function fileIdentity(path: string): Promise<string | null> {
  const stats = await statOrNull(path);
  return stats === null ? null : `${stats.dev}:${stats.ino}`;
}

/** Size of the write-ahead log; a reader may leave an empty one behind, which is as good as none. */
export async function walBytes(path: string): Promise<bigint> {
  return (await statOrNull(`${path}-wal`))?.size ?? 0n;
}

async function lookAt(path: string): Promise<{ database: BigIntStats; walBytes: bigint } | null> {
  const database = await statOrNull(path);
  return database === null ? null : { database, walBytes: await walBytes(path) };
}

function tuple(stats: BigIntStats): FileProof {
  return {
    inode: `${stats.dev}:${stats.ino}`,
    bytes: String(stats.size),
    modifiedNs: String(stats.mtimeNs),
    changedNs: String(stats.ctimeNs),
  };
}

async function statOrNull(path: string): Promise<BigIntStats | null> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
