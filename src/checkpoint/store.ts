import type { Chunk, ChunkReport } from '../model/chunk.ts';
import type { PlanBasis, PlanProgress } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { EpochFacts, SnapshotLease } from '../model/epoch.ts';
import type { IncrementalWindow } from '../model/cursor.ts';
import type { IncrementalState } from '../model/incremental-state.ts';
import type { Fingerprint } from './fingerprint.ts';

/**
 * What is done, of one job. One writer: the main thread, under the job's lock.
 *
 * A run:      planning ──▶ running ──▶ complete (manifest written) ; any of them ──▶ discarded (--fresh)
 * A chunk:    planned ──▶ started ──▶ done ; started ──▶ planned again (failed, or its run was killed) ;
 *             planned ──▶ planned with a smaller range, the rest being a new chunk ;
 *             done ──▶ planned (its file is missing or short, or its epoch is lost and it was read by blocks)
 *
 * Every method is one durable transaction (synchronous=FULL) when it returns.
 */
export interface CheckpointStore extends Disposable {
  /** The run that is not discarded and is the newest; null for a new job. */
  currentRun(): RunRecord | null;
  beginRun(run: NewRun): RunRecord;
  discardRun(runId: string, reason: string): void;
  /** Records the chunks and the point up to which the key is covered, in one transaction, before any byte of them is read. */
  savePlan(runId: string, progress: PlanProgress, chunks: readonly Chunk[]): void;
  chunks(runId: string): readonly ChunkRecord[];
  started(runId: string, ordinal: number, attempt: number): void;
  done(runId: string, report: ChunkReport): void;
  failed(runId: string, ordinal: number, problem: Problem): void;
  /** Gives a planned chunk the first part of its range, and the rest to a new one (of an ordinal that is not taken), at once. */
  cut(runId: string, kept: Chunk, rest: Chunk, reason: string): void;
  /** Puts done chunks back to planned, with the reason said in the log table. */
  reopen(runId: string, ordinals: readonly number[], reason: string): void;
  beginEpoch(runId: string, facts: EpochFacts, lease: SnapshotLease | null): EpochRecord;
  /** After the manifest is durable. What an incremental job remembers moves in the same transaction. */
  completeRun(runId: string, level: ConsistencyLevel, incremental?: IncrementalState): void;
  incremental(): IncrementalState | null;
  /** By a person's word: the reason is kept. */
  setIncremental(state: IncrementalState, reason: string): void;
  runs(): readonly RunRecord[];
}

export type RunStatus = 'running' | 'complete' | 'discarded';
export type ConsistencyLevel = 'snapshot' | 'unchanged' | 'mixed' | 'chunk';

export interface NewRun {
  readonly runId: string;
  readonly runKey: string | null;
  readonly fingerprint: Fingerprint;
  /** Absolute folder of the run's files. */
  readonly folder: string;
  readonly commandLine: string;
  readonly toolVersion: string;
  /** What the plan was made of (key, physical parts), so that a rerun goes on with the same. Plain JSON. */
  readonly planBasis: PlanBasis;
  /** Null: not an incremental run. */
  readonly window: IncrementalWindow | null;
}

export interface RunRecord {
  readonly runId: string;
  readonly runKey: string | null;
  readonly status: RunStatus;
  readonly fingerprint: Fingerprint;
  readonly folder: string;
  readonly planBasis: PlanBasis;
  readonly progress: PlanProgress;
  readonly epochs: readonly EpochRecord[];
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly level: ConsistencyLevel | null;
  readonly window: IncrementalWindow | null;
}

export interface EpochRecord {
  /** Counts from 1 within a run. */
  readonly epoch: number;
  readonly facts: EpochFacts;
  readonly lease: SnapshotLease | null;
}

export interface ChunkRecord {
  readonly chunk: Chunk;
  readonly status: 'planned' | 'started' | 'done';
  readonly attempts: number;
  /** Only when done. */
  readonly report: ChunkReport | null;
  readonly lastProblem: Problem | null;
}
