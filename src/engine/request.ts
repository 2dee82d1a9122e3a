import type { Compression, FormatName } from '../formats/format.ts';
import type { ColumnSelection, SourceConfig, SourceDriver } from '../sources/source.ts';

/** Everything one `extract` needs, decided: flags, environment, file and defaults are already merged (config/). */
export interface ExtractRequest {
  readonly driver: SourceDriver;
  readonly source: SourceConfig;
  readonly tables: TablePatterns;
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
  readonly onTableError: 'stop' | 'continue';
  readonly workers: number;
  readonly batchRows: number;
  /** Memory for batches and row groups over all workers. */
  readonly bufferBytes: number;
  readonly parallelWrite: boolean;
  readonly toolVersion: string;
  /** As typed, passwords removed. */
  readonly commandLine: string;
  /** See model/fault-point.ts; null in every run but a crash test's. */
  readonly faultPoint: string | null;
  /** Aborted by the first signal: end at the next safe point. */
  readonly stop: AbortSignal;
  readonly memoryLimitBytes: number;
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
}
