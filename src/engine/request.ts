import type { IncrementalSettings } from '../model/incremental-settings.ts';
import type { ValuePolicies } from '../model/value-policies.ts';
import type { RateLimits } from '../workers/throttle.ts';
import type { RetryBudget } from './retry.ts';
import type { Compression, FormatName } from '../formats/format.ts';
import type { ColumnSelection, SourceConfig, SourceDriver } from '../sources/source.ts';

/** Everything one `extract` needs, decided: flags, environment, file and defaults are already merged (config/). */
export interface ExtractRequest {
  readonly driver: SourceDriver;
  readonly source: SourceConfig;
  readonly tables: TablePatterns;
  readonly queries: readonly QueryOrder[];
  querySettings(name: string): TableSettings;
  /** The same for all tables, and part of each table's selection. */
  readonly policies: ValuePolicies;
  /** Settings of a table, by the name that the pattern resolved to. */
  tableSettings(schema: string, name: string): TableSettings;
  /** Absolute. */
  readonly out: string;
  /** Absolute. */
  readonly stateDir: string;
  readonly jobName: string | null;
  readonly runKey: string | null;
  readonly fresh: boolean;
  readonly consistency: 'snapshot' | 'require' | 'chunk';
  readonly holdMs: number;
  /** The snapshot is kept for `holdMs` also after the run has finished, so that `verify --against-source` can compare inside it. */
  readonly keepSnapshot: boolean;
  /** A source may take locks that keep others from writing, for moments, to put its readers into one state. */
  readonly allowLocks: boolean;
  readonly onTableError: 'stop' | 'continue';
  /** An incremental job whose settings are not those of its last run. */
  readonly onChange: 'warn' | 'fail' | 'restart';
  /** An incremental job whose table has other columns than at its last run. */
  readonly onDrift: 'fail' | 'add-columns' | 'freeze';
  readonly workers: number;
  /** At most so many sessions at a time, the coordinator's and a holder's among them; null: as many as the workers need. */
  readonly maxConnections: number | null;
  /** Over all workers. */
  readonly rates: RateLimits;
  /** How long one read of a chunk may wait for the source, milliseconds; null: for ever. */
  readonly maxQueryMs: number | null;
  readonly budget: RetryBudget;
  readonly batchRows: number;
  /** Memory for batches and row groups over all workers. */
  readonly bufferBytes: number;
  readonly parallelWrite: boolean;
  readonly toolVersion: string;
  /**
   * Only of `sync`: each table is counted in the source when it is read, and a complete run that is in `unloaded` is taken as it is
   * instead of a new one.
   */
  readonly sync: { readonly unloaded: ReadonlySet<string> } | null;
  /** As typed, passwords removed. */
  readonly commandLine: string;
  /** See model/fault-point.ts; null in every run but a crash test's. */
  readonly faultPoint: string | null;
  /** Aborted by the first signal: end at the next safe point. */
  readonly stop: AbortSignal;
  readonly memoryLimitBytes: number;
}

/** A query to read as if it were a table. */
export interface QueryOrder {
  readonly name: string;
  /** As typed. */
  readonly sql: string;
  readonly splitBy: string | null;
}

export interface TablePatterns {
  /** Names or globs (`*`, `?`), schema-qualified or not. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

export interface TableSettings {
  readonly selection: ColumnSelection;
  readonly where: string | null;
  readonly limit: number | null;
  readonly format: FormatName;
  readonly compression: Compression;
  readonly nullMarker: string;
  readonly chunkBytes: number;
  /** Null: all rows, every time. */
  readonly incremental: IncrementalSettings | null;
}
