import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolderDurably } from '../checkpoint/durable-file.ts';
import { openJob } from '../checkpoint/open-job.ts';
import { newRunId } from '../checkpoint/run-marker.ts';
import type { RunRecord } from '../checkpoint/store.ts';
import { makeRunFolder } from '../engine/begin-table.ts';
import { checkRefusals } from '../engine/check-refusals.ts';
import { decideRun } from '../engine/decide-run.ts';
import type { RunWatcher } from '../engine/events.ts';
import { fingerprintOf } from '../engine/fingerprint-of.ts';
import { fitIncrement } from '../engine/fit-increment.ts';
import { jobOf } from '../engine/job-of.ts';
import { lastLink } from '../engine/last-link.ts';
import { hashWindow } from '../engine/hash-window.ts';
import { promiseText } from '../engine/promise-text.ts';
import type { TableReport } from '../engine/report.ts';
import type { ExtractRequest } from '../engine/request.ts';
import type { ResolvedTable } from '../engine/resolved-table.ts';
import { uniqueKeyOf } from '../engine/unique-key.ts';
import { folderNameOf } from '../sinks/folder-name.ts';
import { alreadyReport, changesReport } from './changes-report.ts';
import { compareRows } from './compare-rows.ts';
import { finishChanges, recoverChanges } from './finish-changes.ts';
import { storeFolderOf, writePending } from './stored-rows.ts';
import { faultPoint } from '../model/fault-point.ts';
import type { ChangesRun } from './changes-run.ts';

/**
 * What is new, changed or gone in a table since the job's last run, found by comparing all of its rows.
 *
 *   a killed run is finished or discarded ─▶ all rows are read ─▶ compared with the stored hashes ─▶ files, stored set, pending: durable
 *     ─▶ manifests, latest.json, state ─▶ older sets go
 *
 * Killed before `pending` is there, the next run finds the same changes again; after it, the next run first writes what is missing.
 */
export async function changesOf(
  request: ExtractRequest,
  found: ResolvedTable,
  watcher: RunWatcher,
): Promise<TableReport> {
  // What is compared are Parquet files, whatever is delivered.
  await checkRefusals({ ...found, settings: { ...found.settings, format: 'parquet' } });
  const begun = await begin(request, found, watcher);
  if (begun.kind === 'already') return alreadyReport(begun.name, begun.run);
  using _ = begun.run.handle;
  const { run } = begun;
  await rm(run.scratch, { recursive: true, force: true });
  await mkdir(run.scratch, { recursive: true, mode: 0o700 });
  try {
    const compared = await compareRows(request, run, watcher);
    faultPoint('before-changes');
    writePending(run.store, compared.pending);
    faultPoint('after-changes');
    await finishChanges(run.handle.store, run.store, compared.pending);
    return changesReport(run, compared);
  } finally {
    await rm(run.scratch, { recursive: true, force: true });
  }
}

type Begun =
  | { readonly kind: 'run'; readonly run: ChangesRun }
  | { readonly kind: 'already'; readonly name: string; readonly run: RunRecord };

/** The session is closed before the rows are read: it counts among the connections. */
async function begin(request: ExtractRequest, found: ResolvedTable, watcher: RunWatcher): Promise<Begun> {
  await using session = await request.driver.open(request.source, 'coordinator');
  const identity = await session.identity();
  const { commandLine, toolVersion, stateDir } = request;
  const handle = openJob({ stateDir, job: jobOf(request, identity, found), commandLine, toolVersion });
  try {
    const store = storeFolderOf(stateDir, handle.jobId);
    makeFolderDurably(store);
    await recoverChanges(handle.store, store);
    const { incremental } = found.settings;
    if (incremental === null) throw new Error(`${found.name} is no incremental table`);
    const state = handle.store.incremental();
    const fitted = await fitIncrement(request, session, found, incremental, state, watcher);
    const { table, settings, name } = fitted.table;
    const fingerprint = fingerprintOf(identity, table, settings, request.out);
    const { runKey, fresh } = request;
    const current = handle.store.currentRun();
    const facts = { table: name, current, sameOpenRun: false, unloaded: false, fingerprint, runKey, fresh };
    const decision = decideRun(facts);
    if (decision.kind === 'already') {
      handle[Symbol.dispose]();
      return { kind: 'already', name, run: decision.run };
    }
    const window = hashWindow(uniqueKeyOf(name, table, incremental), fitted.state, lastLink(handle.store));
    watcher.event({ kind: 'remark', table: name, text: promiseText(window, handle.store.runs()) });
    const runId = newRunId(new Date());
    const folder = join(request.out, folderNameOf(table), runId);
    await makeRunFolder(folder);
    const planBasis = { kind: 'whole', why: 'all rows are compared with those of the last run' } as const;
    const newRun = { runId, runKey, fingerprint, folder, commandLine, toolVersion, planBasis, window };
    const record = handle.store.beginRun(newRun);
    return { kind: 'run', run: { handle, name, fitted, record, window, store, scratch: join(store, 'scratch') } };
  } catch (error) {
    handle[Symbol.dispose]();
    throw error;
  }
}
