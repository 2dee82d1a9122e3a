import type { DatabaseSync } from 'node:sqlite';
import type { ChunkFile } from '../model/chunk.ts';
import type { IncrementalState } from '../model/incremental-state.ts';
import { chunkOf, epochOf, fileOf, incrementalOf, number, runOf, type Row } from './state-rows.ts';
import type { ChunkRecord, EpochRecord, RunRecord } from './store.ts';

export interface RunTotals {
  readonly chunks: { readonly planned: number; readonly started: number; readonly done: number };
  /** Of done chunks. */
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
}

/** What can be asked of a state, by its writer and by `status`. Each answer is of one moment. */
export interface StateReader {
  /** Oldest first, discarded ones too. */
  runs(): readonly RunRecord[];
  /** The newest that is not discarded. */
  currentRun(): RunRecord | null;
  /** By ordinal. */
  chunks(runId: string): readonly ChunkRecord[];
  totals(runId: string): RunTotals;
  setup(name: string): string | null;
  /** Null: no incremental run of the job has finished, and nobody set its watermark. */
  incremental(): IncrementalState | null;
}

export function stateReader(database: DatabaseSync): StateReader {
  const allRuns = database.prepare('SELECT * FROM runs ORDER BY sequence');
  const newestRun = database.prepare("SELECT * FROM runs WHERE status <> 'discarded' ORDER BY sequence DESC LIMIT 1");
  const epochs = database.prepare('SELECT * FROM epochs WHERE run_id = ? ORDER BY epoch');
  const chunkRows = database.prepare('SELECT * FROM chunks WHERE run_id = ? ORDER BY ordinal');
  const fileRows = database.prepare('SELECT * FROM files WHERE run_id = ? ORDER BY ordinal, number');
  const setupRow = database.prepare('SELECT value FROM setup WHERE name = ?');
  const chunkCounts = database.prepare(
    'SELECT status, count(*) AS chunks FROM chunks WHERE run_id = ? GROUP BY status',
  );
  const fileSums = database.prepare(
    'SELECT count(*) AS files, coalesce(sum(rows), 0) AS rows, coalesce(sum(bytes), 0) AS bytes FROM files WHERE run_id = ?',
  );
  const hasIncremental = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'incremental'");
  const epochsOf = (run: Row): readonly EpochRecord[] => epochs.all(run['run_id'] as string).map(epochOf);
  return {
    runs: () => allRuns.all().map((run) => runOf(run, epochsOf(run))),
    currentRun: () => {
      const run = newestRun.get();
      return run === undefined ? null : runOf(run, epochsOf(run));
    },
    chunks: (runId) => {
      const files = groupByChunk(fileRows.all(runId));
      return chunkRows.all(runId).map((row) => chunkOf(row, files.get(number(row, 'ordinal')) ?? []));
    },
    totals: (runId) => totalsOf(chunkCounts.all(runId), fileSums.get(runId) ?? {}),
    incremental: () => {
      // A state of version 2 that is only read has no such table.
      if (hasIncremental.get() === undefined) return null;
      const row = database.prepare('SELECT * FROM incremental').get();
      return row === undefined ? null : incrementalOf(row);
    },
    setup: (name) => (setupRow.get(name)?.['value'] as string | undefined) ?? null,
  };
}

function groupByChunk(rows: readonly Row[]): ReadonlyMap<number, readonly ChunkFile[]> {
  const files = new Map<number, ChunkFile[]>();
  for (const row of rows) {
    const ordinal = number(row, 'ordinal');
    const known = files.get(ordinal);
    if (known === undefined) files.set(ordinal, [fileOf(row)]);
    else known.push(fileOf(row));
  }
  return files;
}

function totalsOf(counts: readonly Row[], sums: Row): RunTotals {
  const count = (status: string): number => {
    const row = counts.find((one) => one['status'] === status);
    return row === undefined ? 0 : number(row, 'chunks');
  };
  return {
    chunks: { planned: count('planned'), started: count('started'), done: count('done') },
    rows: number(sums, 'rows'),
    files: number(sums, 'files'),
    bytes: number(sums, 'bytes'),
  };
}
