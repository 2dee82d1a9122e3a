import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { limitsFor } from '../deletes/key-memory.ts';
import { KeySets } from '../deletes/key-sets.ts';
import { keyColumns } from '../deletes/write-deletes.ts';
import type { OpenTable } from '../engine/begin-table.ts';
import type { RunWatcher } from '../engine/events.ts';
import type { ExtractRequest } from '../engine/request.ts';
import { describeColumnType } from '../model/column-type.ts';
import { faultPoint } from '../model/fault-point.ts';
import type { Manifest } from '../model/manifest.ts';
import { CHANGED } from '../sources/cursors.ts';
import type { WindowedCatchUp } from './decide.ts';
import { caughtUpOf } from '../model/run-links.ts';
import type { CatchUpOutcome } from './report.ts';
import type { Scanned } from './scan.ts';
import { scanSince } from './scan.ts';
import { writeLinks } from './write-links.ts';

/**
 * Reads what was written since the run began, and all keys, and writes both behind the run. What does not fit is answered by why, and nothing is
 * written: the table is to be read again.
 *
 *   rows of the run ── without keys that are gone, or not selected any more ── with rows written since ══ the table in the new snapshot
 */
export async function catchUpByWindow(
  request: ExtractRequest,
  table: OpenTable,
  decision: WindowedCatchUp,
  watcher: RunWatcher,
): Promise<CatchUpOutcome> {
  const scratch = join(request.stateDir, 'catch-up', table.handle.jobId);
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  try {
    const scanned = await scanSince(request, table, decision, join(scratch, 'scan'), watcher);
    if (scanned === null) return { kind: 'not-done' };
    const key = table.table.primaryKey;
    const other = otherType(decision.base.manifest, scanned.keys.manifest, key);
    if (other !== null) return again(`its key ${other} has another type when keys alone are read`);
    return await compareAndWrite(request, decision, scanned, key, scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function compareAndWrite(
  request: ExtractRequest,
  { base, window }: WindowedCatchUp,
  scanned: Scanned,
  key: readonly string[],
  scratch: string,
): Promise<CatchUpOutcome> {
  const { manifest: keys } = scanned.keys;
  const columns = keyColumns(base.manifest.schema.columns, key);
  await using sets = await KeySets.open(scratch, columns, limitsFor(keys, request.memoryLimitBytes));
  const { totals, selection, run } = base.manifest;
  const known = await sets.known({ store: null, links: [base] });
  const twice = known - (await sets.different());
  if (twice > 0 || known !== totals.rows) return again(`${twice} keys stand more than once in the files of run ${run}`);
  const all = selection.where === null;
  const left = await sets.gone(scanned.keys);
  const gone = all ? left : await sets.unselected(scanned.keys, CHANGED, scanned.rows);
  // Under a condition the keys are more than the rows that are selected, and say nothing of what is missing.
  const missing = all ? await sets.missing(scanned.keys, scanned.rows) : 0;
  if (missing > 0) return again(`${missing} of its keys are neither in run ${run} nor written since it began`);
  faultPoint('before-catch-up');
  const manifest = await writeLinks({ base, window, scanned, key, known, gone }, sets, scratch);
  const { rows } = scanned.rows.manifest.totals;
  const by = caughtUpOf({ runId: run, folder: base.folder }).run;
  return { kind: 'caught-up', by, manifest, rows, gone, consistency: scanned.consistency };
}

function again(why: string): CatchUpOutcome {
  return { kind: 'again', why, report: null };
}

/** Keys of two types would not be found equal. */
function otherType(base: Manifest, keys: Manifest, key: readonly string[]): string | null {
  const typeIn = ({ schema }: Manifest, name: string): string => {
    const found = schema.columns.find((column) => column.name === name);
    return found === undefined ? '' : describeColumnType(found.type);
  };
  return key.find((name) => typeIn(base, name) !== typeIn(keys, name)) ?? null;
}
