import type { JobHandle } from '../checkpoint/open-job.ts';
import type { FittedIncrement } from '../engine/fit-increment.ts';
import type { RunRecord } from '../checkpoint/store.ts';
import type { IncrementalWindow } from '../model/cursor.ts';

/** One table's run, under the lock of its job. */
export interface ChangesRun {
  readonly handle: JobHandle;
  readonly name: string;
  readonly fitted: FittedIncrement;
  readonly record: RunRecord;
  readonly window: IncrementalWindow;
  /** Of the job, below the state folder. */
  readonly store: string;
  readonly scratch: string;
}
