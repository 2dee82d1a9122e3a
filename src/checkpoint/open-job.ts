import { jobIdOf, type JobIdentity } from './job.ts';
import { jobFilesOf, type JobFiles } from './job-files.ts';
import { takeLock } from './lock.ts';
import { openSqliteStore, type SqliteStore } from './sqlite-store.ts';
import { prepareStateFolder } from './state-folder.ts';
import type { CheckpointStore } from './store.ts';

export interface OpenJobRequest {
  /** Absolute. Made when it is missing. */
  readonly stateDir: string;
  readonly job: JobIdentity;
  /** As typed, passwords removed: shown to a second process that is refused, and kept in the state's command log. */
  readonly commandLine: string;
  readonly toolVersion: string;
}

/** A job in hand: its lock is held until disposed. */
export interface JobHandle extends Disposable {
  readonly jobId: string;
  readonly identity: JobIdentity;
  readonly files: JobFiles;
  readonly store: CheckpointStore;
}

/**
 * Takes the job's lock, then opens its state, which is made when there is none.
 *
 * Throws JOB_LOCKED, STATE_NEWER, STATE_UNREADABLE, STATE_BUSY, STATE_DIR_NOT_LOCAL, STATE_DIR_NOT_WRITABLE (fault state), DISK_FULL,
 * DISK_ERROR (fault disk).
 */
export function openJob(request: OpenJobRequest): JobHandle {
  prepareStateFolder(request.stateDir);
  const jobId = jobIdOf(request.job);
  const files = jobFilesOf(request.stateDir, jobId);
  const lock = takeLock(files, request.commandLine);
  try {
    const store: SqliteStore = openSqliteStore(files.state);
    store.logCommand({ job: JSON.stringify(request.job), job_id: jobId }, request.toolVersion, request.commandLine);
    return {
      jobId,
      identity: request.job,
      files,
      store,
      [Symbol.dispose]: () => {
        store[Symbol.dispose]();
        lock[Symbol.dispose]();
      },
    };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}
