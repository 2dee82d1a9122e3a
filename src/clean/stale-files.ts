import { lstatSync, readdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { readLivingOwner } from '../checkpoint/owner.ts';
import { JOBS_FOLDER, RUNS_FOLDER } from '../checkpoint/state-folder.ts';
import { isTemporaryName } from '../sinks/temporary-name.ts';
import type { CleanItem, CleanKind } from './clean-plan.ts';

/** Small files are written in moments: a temporary one of this age was left by a killed process. So is a socket nobody answers at. */
const LEFT_AFTER_MS = 10 * 60_000;

/** Files of writers that were killed, directly in folders that several processes share. */
export function staleTemporary(stateDir: string, tableFolders: readonly string[], now: number): readonly CleanItem[] {
  const keys = namesIn(join(stateDir, 'keys')).map((job) => join('keys', job));
  const inState = [JOBS_FOLDER, RUNS_FOLDER, 'sync', ...keys].map((name) => join(stateDir, name));
  return [
    ...inState.flatMap((folder) => itemsOf('temporary files', folder, oldTemporary(folder, now))),
    ...tableFolders.flatMap((folder) =>
      itemsOf(
        'temporary files',
        folder,
        oldTemporary(folder, now).filter((name) => name.startsWith('.latest.json.')),
      ),
    ),
  ];
}

/** Of jobs whose owner was killed. Taking the job's lock and leaving it removes the file. */
export function staleOwners(stateDir: string): readonly CleanItem[] {
  const folder = join(stateDir, JOBS_FOLDER);
  return namesIn(folder)
    .filter((name) => name.endsWith('.owner.json') && isRegular(join(folder, name)))
    .filter((name) => readLivingOwner(join(folder, name)) === null)
    .flatMap((name) => itemsOf('owner file', folder, [name], name.slice(0, -'.owner.json'.length)));
}

/** Sockets that a killed holder of a snapshot left: the kernel says that no process listens. */
export async function staleSockets(stateDir: string, now: number): Promise<readonly CleanItem[]> {
  const folder = join(stateDir, 'run');
  const sockets = namesIn(folder).filter((name) => /^holder-[0-9a-f]{12}\.sock$/.test(name));
  const stale: string[] = [];
  for (const name of sockets) if (await isDeadSocket(join(folder, name), now)) stale.push(name);
  return itemsOf('holder socket', folder, stale);
}

/** A socket that was made a moment ago may not be listened at yet. */
export async function isDeadSocket(path: string, now: number): Promise<boolean> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isSocket() || found.mtimeMs > now - LEFT_AFTER_MS) return false;
  const socket = createConnection(path);
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
  } finally {
    socket.destroy();
  }
}

function oldTemporary(folder: string, now: number): readonly string[] {
  return namesIn(folder).filter((name) => {
    if (!isTemporaryName(name)) return false;
    const found = lstatSync(join(folder, name), { throwIfNoEntry: false });
    return found?.isFile() === true && found.mtimeMs < now - LEFT_AFTER_MS;
  });
}

function itemsOf(
  kind: CleanKind,
  folder: string,
  names: readonly string[],
  job: string | null = null,
): readonly CleanItem[] {
  if (names.length === 0) return [];
  const files = names.map((name) => ({
    name,
    bytes: lstatSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0,
  }));
  return [{ kind, job, table: null, run: null, folder, files }];
}

function isRegular(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
