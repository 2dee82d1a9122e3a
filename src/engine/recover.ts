import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { ChunkFile, ChunkReport } from '../model/chunk.ts';
import { SqlextractError } from '../model/problem.ts';
import type { RunWatcher } from './events.ts';
import type { TableRun } from './table-run.ts';
import { addReport, NO_TOTALS } from './table-run.ts';

const STATS_AT_ONCE = 16;

/**
 * Compares what the state says is done with the folder: a chunk whose file is missing or has another size is read again, and it
 * is said. (Contents are compared by `verify`; the commit order makes a file of the right name and size the right file.)
 */
export async function checkDoneFiles(run: TableRun, watcher: RunWatcher): Promise<void> {
  const limit = pLimit(STATS_AT_ONCE);
  const checked = await Promise.all(
    [...run.done.values()].map(async (report) =>
      limit(async () => ({ report, lost: await firstLostFile(run, report) })),
    ),
  );
  for (const { report, lost } of checked) {
    if (lost === null) continue;
    reopen(run, [report.ordinal], `${lost.path} is missing or has another size`);
    const text = `${lost.path} is missing or has another size than ${lost.bytes} bytes: its chunk is read again`;
    watcher.event({ kind: 'remark', table: run.name, text });
  }
}

/** Block ranges mean something only inside their own snapshot: those of a lost one are read again. */
export function reopenBlocks(run: TableRun, watcher: RunWatcher): void {
  const stale = [...run.done.values()].filter(
    (report) => report.epoch !== run.epoch && run.chunks.get(report.ordinal)?.range.kind === 'physical',
  );
  if (stale.length === 0) return;
  reopen(
    run,
    stale.map((report) => report.ordinal),
    'read by blocks in a snapshot that is gone',
  );
  const text = `${stale.length} chunks were read by blocks in a snapshot that is gone: they are read again`;
  watcher.event({ kind: 'remark', table: run.name, text });
}

async function firstLostFile(run: TableRun, report: ChunkReport): Promise<ChunkFile | null> {
  for (const file of report.files) {
    const found = await stat(join(run.folder, file.path)).catch(() => null);
    if (found === null || found.size !== file.bytes) return file;
  }
  return null;
}

function reopen(run: TableRun, ordinals: readonly number[], reason: string): void {
  run.store.reopen(run.runId, ordinals, reason);
  for (const ordinal of ordinals) {
    run.done.delete(ordinal);
    const chunk = run.chunks.get(ordinal);
    if (chunk !== undefined) run.pending.push(chunk);
  }
  run.pending.sort((a, b) => a.ordinal - b.ordinal);
  run.totals = [...run.done.values()].reduce(addReport, NO_TOTALS);
}

/** Before the manifest is written: every file it will name is there, with its size. Throws FILE_LOST. */
export async function requireFilesThere(run: TableRun): Promise<void> {
  const limit = pLimit(STATS_AT_ONCE);
  const lost = await Promise.all(
    [...run.done.values()].map(async (report) => limit(async () => firstLostFile(run, report))),
  );
  const first = lost.find((file) => file !== null);
  if (first === undefined || first === null) return;
  throw new SqlextractError({
    code: 'FILE_LOST',
    message: `${join(run.folder, first.path)} of ${run.name} is missing or has another size than the ${first.bytes} bytes that were written`,
    hint: 'find out who changed it, then run the same command again: its chunk is read again',
    fault: 'disk',
  });
}
