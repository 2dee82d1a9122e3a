import { join } from 'node:path';
import type { RunEvent, RunWatcher } from '../engine/events.ts';
import type { RunReport } from '../engine/report.ts';
import { extractAll } from '../changes/extract-all.ts';
import type { RunDraft } from '../engine/run-draft.ts';
import type { LoadFile } from '../ingest/ingest-plan.ts';
import type { PlannedManifest } from '../ingest/load-order.ts';
import { openTarget } from '../load/load.ts';
import type { ChunkFile } from '../model/chunk.ts';
import { EarlyStager } from './early-stager.ts';
import type { SyncRequest } from './sync-request.ts';
import type { TableVerdict } from './sync-report.ts';
import type { UnloadedRuns } from './unloaded-runs.ts';

/**
 * The extract, and beside it the staging of its chunks as they are done. The target is connected to before the first row is read: one that
 * cannot be reached, or cannot hold a column, is told of now.
 */
export async function extractAndStage(
  request: SyncRequest,
  watcher: RunWatcher,
  unloaded: UnloadedRuns,
  counted: Map<string, NonNullable<TableVerdict['source']>>,
): Promise<RunReport> {
  const stager = await stagerOf(request, (table, text) => watcher.event({ kind: 'remark', table, text }));
  const folders = new Map<string, string>();
  const event = (one: RunEvent): void => {
    watcher.event(one);
    if (one.kind === 'source-counted') counted.set(one.table, { rows: one.rows, when: one.when });
    if (one.kind === 'chunk-done')
      stager?.add(
        one.table,
        one.files.map((file) => fileOf(file, folders.get(one.table) ?? '')),
      );
    if (one.kind !== 'run-begun') return;
    const draft = request.planTable({ manifest: manifestOf(one.draft), folder: one.draft.folder }, 1);
    folders.set(one.table, one.draft.folder);
    const left = unloaded.begin(draft);
    if (left !== null) stager?.discard(left);
    stager?.begin(one.table, draft);
  };
  const before = unloaded.runs();
  const extract = { ...request.extract, sync: { unloaded: before } };
  let end: 'complete' | 'failed' = 'failed';
  try {
    const report = await extractAll(extract, { event, attach: (view) => watcher.attach(view) });
    for (const { table, status, runId } of report.tables) {
      if (status !== 'already-done' || !before.has(runId)) continue;
      const text = `run ${runId}, which an earlier call extracted, is loaded as it is; --fresh extracts anew`;
      watcher.event({ kind: 'remark', table, text });
    }
    if (report.status === 'complete' || report.status === 'already-done') end = 'complete';
    return report;
  } finally {
    await stager?.end(end);
  }
}

/** A target that stages nothing is let go while the run goes on: others may want its file. */
async function stagerOf(
  { target, place, plan, evolve, early }: SyncRequest,
  onRemark: (table: string, text: string) => void,
): Promise<EarlyStager | null> {
  const session = await openTarget(target, place, plan.options.parallel);
  if (session.stages && early) return new EarlyStager({ session, target, place, plan, evolve, onRemark });
  await session[Symbol.asyncDispose]();
  return null;
}

function fileOf({ path, rows, bytes, sha256 }: ChunkFile, folder: string): LoadFile {
  return { number: 1, name: path, path: join(folder, path), rows, bytes, sha256 };
}

/** As much of a manifest as there is before the first row; what it lacks is looked at when the manifest is there. */
function manifestOf({ run, job, source, table, schema, format, startedAt, incremental }: RunDraft): PlannedManifest {
  const totals = { rows: 0, bytes: 0, files: 0, nullCounts: [], maxBytes: [], markerCells: 0 };
  return {
    run,
    job,
    source,
    table,
    schema,
    format,
    startedAt,
    consistency: { level: 'snapshot', sentence: '', epochs: [] },
    totals,
    files: [],
    ...(incremental === undefined ? {} : { incremental }),
  };
}
