import { join } from 'node:path';
import { JOBS_FOLDER } from './state-folder.ts';

/** The files of one job, absolute when the state folder is. SQLite adds `-wal` and `-shm` to the state. */
export interface JobFiles {
  readonly state: string;
  /** Held in an exclusive transaction while a process works on the job. Nothing but `takeLock` may open it. */
  readonly lock: string;
  /** Who holds the lock, to be read without touching it. */
  readonly owner: string;
}

export function jobFilesOf(stateDir: string, jobId: string): JobFiles {
  const stem = join(stateDir, JOBS_FOLDER, jobId);
  return { state: `${stem}.sqlite`, lock: `${stem}.lock`, owner: `${stem}.owner.json` };
}
