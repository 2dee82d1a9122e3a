import { jobFilesOf } from '../checkpoint/job-files.ts';
import { openForReading } from '../checkpoint/list-jobs.ts';
import { SqlextractError } from '../model/problem.ts';

/**
 * Whether the jobs of a run that this command does not work on have completed it too, or have left it for a later run. A state
 * that cannot be read counts as not complete: the run then stays open, which costs nothing but a line in `status`.
 */
export function otherJobsAreComplete(stateDir: string, runId: string, jobIds: readonly string[]): boolean {
  return jobIds.every((jobId) => {
    try {
      using state = openForReading(jobFilesOf(stateDir, jobId).state);
      const current = state.currentRun();
      return current !== null && (current.runId !== runId || current.status === 'complete');
    } catch (error) {
      if (error instanceof SqlextractError) return false;
      throw error;
    }
  });
}
