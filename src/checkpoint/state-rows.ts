import type { ChunkFile, ChunkReport } from '../model/chunk.ts';
import type { Watermark } from '../model/cursor.ts';
import type { IncrementalState } from '../model/incremental-state.ts';
import type { ChunkRecord, EpochRecord, RunRecord } from './store.ts';

/** A row as node:sqlite gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** The rows of the state's tables (schema.ts) as the records of the contract (store.ts). */
export function runOf(row: Row, epochs: readonly EpochRecord[]): RunRecord {
  return {
    runId: text(row, 'run_id'),
    runKey: textOrNull(row, 'run_key'),
    status: text(row, 'status') as RunRecord['status'],
    fingerprint: json(row, 'fingerprint'),
    folder: text(row, 'folder'),
    planBasis: json(row, 'plan_basis'),
    progress: {
      complete: row['plan_complete'] === 1,
      coveredTo: jsonOrNull(row, 'covered_to'),
      nextPart: number(row, 'next_part'),
      nextBlock: number(row, 'next_block'),
    },
    epochs,
    startedAt: text(row, 'started_at'),
    finishedAt: textOrNull(row, 'finished_at'),
    level: textOrNull(row, 'level') as RunRecord['level'],
    window: isMissing(row, 'window') ? null : json(row, 'window'),
  };
}

export function incrementalOf(row: Row): IncrementalState {
  return {
    watermark: row['value'] === null ? null : watermarkOf(row),
    strategy: text(row, 'strategy') as IncrementalState['strategy'],
    selectionHash: text(row, 'selection_hash'),
    configurationHash: text(row, 'configuration_hash'),
    columns: json(row, 'columns'),
    run: textOrNull(row, 'last_run'),
  };
}

function watermarkOf(row: Row): Watermark {
  return {
    column: {
      name: text(row, 'column_name'),
      kind: text(row, 'kind') as Watermark['column']['kind'],
      nativeType: text(row, 'native_type'),
      nullable: row['nullable'] === 1,
    },
    from: { value: text(row, 'value'), ties: json(row, 'ties') },
    run: textOrNull(row, 'moved_by_run'),
    movedAt: text(row, 'moved_at'),
  };
}

export function epochOf(row: Row): EpochRecord {
  return {
    epoch: number(row, 'epoch'),
    facts: {
      takenAt: text(row, 'taken_at'),
      label: text(row, 'label'),
      shared: row['shared'] === 1,
      ...(isMissing(row, 'spread') ? {} : { spread: text(row, 'spread') }),
      proof: json(row, 'proof'),
    },
    lease: jsonOrNull(row, 'lease'),
  };
}

export function chunkOf(row: Row, files: readonly ChunkFile[]): ChunkRecord {
  const ordinal = number(row, 'ordinal');
  const status = text(row, 'status') as ChunkRecord['status'];
  return {
    chunk: {
      ordinal,
      range: json(row, 'range'),
      limit: row['row_limit'] === null ? null : number(row, 'row_limit'),
    },
    status,
    attempts: number(row, 'attempts'),
    report: status === 'done' ? reportOf(row, ordinal, files) : null,
    lastProblem: jsonOrNull(row, 'last_problem'),
  };
}

export function fileOf(row: Row): ChunkFile {
  return {
    path: text(row, 'path'),
    rows: number(row, 'rows'),
    bytes: number(row, 'bytes'),
    sha256: text(row, 'sha256'),
    nullCounts: json(row, 'null_counts'),
    maxBytes: json(row, 'max_bytes'),
    ...(isMissing(row, 'digits') ? {} : { digits: json(row, 'digits') }),
    ...(isMissing(row, 'nul_texts') ? {} : { nulTexts: json(row, 'nul_texts') }),
  };
}

function reportOf(row: Row, ordinal: number, files: readonly ChunkFile[]): ChunkReport {
  return {
    ordinal,
    rows: number(row, 'rows'),
    files,
    epoch: number(row, 'epoch'),
    startedAt: text(row, 'started_at'),
    finishedAt: text(row, 'finished_at'),
    nullMarkerCells: number(row, 'null_marker_cells'),
    replacedCells: isMissing(row, 'replaced_cells') ? {} : json(row, 'replaced_cells'),
  };
}

/** NULL, or a column that the state's version did not have yet. */
function isMissing(row: Row, column: string): boolean {
  return row[column] === null || row[column] === undefined;
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new TypeError(`the state's column ${column} holds no text`);
  return value;
}

export function number(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw new TypeError(`the state's column ${column} holds no number`);
  return value;
}

function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

/** Written by this program under the same schema version; what it is, is checked no further. */
function json(row: Row, column: string): never {
  return JSON.parse(text(row, column)) as never;
}

function jsonOrNull(row: Row, column: string): never | null {
  return row[column] === null ? null : json(row, column);
}
