/** The state of one worker now, read from shared memory; cheap to take often. */
export interface WorkerView {
  /** Counts from 1. */
  readonly worker: number;
  readonly table: string | null;
  readonly ordinal: number | null;
  readonly state: 'idle' | 'reading' | 'encoding' | 'writing' | 'waiting';
  /** Of the chunk in hand, so far. */
  readonly rows: number;
  readonly bytes: number;
}
