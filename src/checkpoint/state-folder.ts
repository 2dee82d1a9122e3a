import { accessSync, constants, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { SqlextractError } from '../model/problem.ts';
import { makeFolderDurably } from './durable-file.ts';
import { overState } from './state-error.ts';

/**
 * File systems on which a lock of one host means nothing to another, or where SQLite's shared memory does not work
 * (https://www.sqlite.org/wal.html, "Activity… must be on the same host"). Numbers from Linux, statfs(2) and linux/magic.h.
 */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x19830326, 'BeeGFS'],
  [0x47504653, 'GPFS'],
]);

export const JOBS_FOLDER = 'jobs';
export const RUNS_FOLDER = 'runs';

/**
 * Makes the state folder (0700) when it is missing and checks it. Throws STATE_DIR_NOT_WRITABLE, STATE_DIR_NOT_LOCAL,
 * DISK_FULL.
 */
export function prepareStateFolder(stateDir: string): void {
  overState(stateDir, () => {
    makeFolderDurably(stateDir);
    accessSync(stateDir, constants.W_OK | constants.X_OK);
    requireLocal(stateDir);
    makeFolderDurably(join(stateDir, JOBS_FOLDER));
    makeFolderDurably(join(stateDir, RUNS_FOLDER));
  });
}

/** `fileSystemType` is for tests: the type number of the folder's file system. Only Linux gives numbers that can be told apart. */
export function requireLocal(stateDir: string, fileSystemType: number = typeNumberOf(stateDir)): void {
  const network = NETWORK_FILE_SYSTEMS.get(fileSystemType);
  if (network === undefined) return;
  throw new SqlextractError({
    code: 'STATE_DIR_NOT_LOCAL',
    message: `the state folder ${stateDir} lies on ${network}, where a lock does not keep another host out`,
    hint: 'choose a folder on a local disk with --state-dir; the output may stay where it is',
    fault: 'state',
  });
}

function typeNumberOf(folder: string): number {
  return process.platform === 'linux' ? statfsSync(folder).type >>> 0 : 0;
}
