import type { DatabaseSync } from 'node:sqlite';
import type { ChunkFile } from '../model/chunk.ts';
import { chunkOf, epochOf, fileOf, number, runOf, type Row } from './state-rows.ts';
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
