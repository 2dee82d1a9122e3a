import type { Chunk, ChunkReport } from '../model/chunk.ts';
import type { Problem } from '../model/problem.ts';
import type { TableSchema } from '../model/table.ts';
import type { ValuePolicies } from '../model/value-policies.ts';
import type { Compression, FormatName } from '../formats/format.ts';
import type { SnapshotToken } from '../model/epoch.ts';
import type { SourceConfig } from '../sources/source.ts';
import type { RateLimits } from './throttle.ts';

/** What a worker needs for one chunk. Plain data only: it is cloned into the thread. */
export interface ChunkTask {
  readonly kind: 'chunk';
  readonly source: SourceConfig;
  readonly table: TableSchema;
  readonly chunk: Chunk;
  readonly key: readonly string[];
  readonly where: string | null;
  readonly epoch: number;
  /** Null: every chunk reads what is committed when it starts. */
  readonly token: SnapshotToken | null;
  /** A thread that lost its session may put another into the epoch by itself. */
  readonly joinsAlone: boolean;
  readonly policies: ValuePolicies;
  /** A read that has waited longer for the source is given up, milliseconds; null: it may take as long as it wants. */
  readonly maxQueryMs: number | null;
  readonly format: FormatName;
  readonly compression: Compression;
  readonly nullMarker: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Absolute path of the run's folder. */
  readonly folder: string;
  /** A file of the chunk is closed and the next begun when it has this many bytes. */
  readonly maxFileBytes: number;
  /** Upper bound of one batch, bytes; the shared bounds can be lower. */
  readonly batchBytes: number;
  /** Upper bound of one row group, bytes in memory. */
  readonly rowGroupBytes: number;
  readonly attempt: number;
  /** The table's number in the run, for the progress view. */
  readonly tableNumber: number;
}

/** Opens the thread's session, which belongs to no epoch yet. What fails here fails again, and is told, when the thread joins one. */
export interface OpenTask {
  readonly kind: 'open';
  readonly source: SourceConfig;
  readonly threads: number;
}

/** Puts every thread's session into the epoch, before any of them reads. */
export interface JoinTask {
  readonly kind: 'join';
  readonly source: SourceConfig;
  readonly token: SnapshotToken;
  /** How many threads take part: each waits for all, so that no thread takes two of these. */
  readonly threads: number;
}

/** Closes the thread's session: the last task of a run, one per thread. */
export interface LeaveTask {
  readonly kind: 'leave';
  readonly threads: number;
}

export type WorkerTask = ChunkTask | OpenTask | JoinTask | LeaveTask;

/** What a thread is given when it starts. */
export interface WorkerSetup {
  readonly shared: Int32Array<SharedArrayBuffer>;
  readonly parallelWrite: boolean;
  readonly rates: RateLimits;
  readonly faultPoint: string | null;
}

export type ChunkOutcome =
  | { readonly kind: 'done'; readonly report: ChunkReport }
  /** The stop flag was seen; nothing of the chunk is left. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly problem: Problem };

export type JoinOutcome = { readonly kind: 'joined' } | { readonly kind: 'failed'; readonly problem: Problem };
