import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { caughtUpOf } from '../model/run-links.ts';
import { MANIFEST_NAME, readManifest } from '../checkpoint/manifest.ts';
import type { RunReport, TableReport } from '../engine/report.ts';
import type { TableLoad } from '../ingest/ingest-plan.ts';
import type { ManifestPlace } from '../ingest/load-order.ts';
import { openTarget } from '../load/load.ts';
import type { LoadSession } from '../load/loader.ts';
import { missingWindows, numbered } from '../load/window-chain.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Problem } from '../model/problem.ts';
import { toProblem } from '../model/problem.ts';
import { withFirstNulText } from '../verify/first-nul-text.ts';
import { manifestInFolder } from '../verify/find-manifests.ts';
import type { SyncRequest } from './sync-request.ts';
import type { UnloadedRuns } from './unloaded-runs.ts';

export interface PlannedLoads {
  readonly loads: readonly TableLoad[];
  readonly refused: readonly { readonly table: string; readonly problem: Problem }[];
  /** Of the runs of this call, by table. */
  readonly manifests: ReadonlyMap<string, Manifest>;
}

/** The loads of all tables that are complete; one that cannot be loaded as asked hides no other. */
export async function plannedLoads(
  request: SyncRequest,
  report: RunReport,
  unloaded: UnloadedRuns,
): Promise<PlannedLoads> {
  const loads: TableLoad[] = [];
  const refused: { table: string; problem: Problem }[] = [];
  const read = report.tables.filter(isComplete).map((one) => {
    const last = lastManifest(one);
    const { table, manifest } = one;
    return { table, window: readManifest(manifest), place: { manifest: readManifest(last), folder: dirname(last) } };
  });
  const isChained = read.some(({ place }) => (place.manifest.incremental?.previous ?? null) !== null);
  await using session = isChained ? await openTarget(request.target, request.place, 1) : null;
  for (const { table, place } of read) {
    try {
      loads.push(...(await loadsOfChain(request, place, session)));
    } catch (error) {
      const problem = toProblem(await withFirstNulText(error, place.manifest, place.folder));
      const { job } = place.manifest;
      if (problem.code === 'INGEST_MIXED') unloaded.mixed(job, place.folder);
      else if (isFinal(problem)) unloaded.end(job);
      refused.push({ table, problem });
    }
  }
  const manifests = new Map(read.map(({ table, window }) => [table, window]));
  return { loads: numbered(loads), refused, manifests };
}

/**
 * A run's load; for a window of an incremental job all windows that the target misses, oldest first: what an earlier call extracted and
 * did not load is among them. `session` may be null for runs that nothing lies before.
 */
export async function loadsOfChain(
  { planTable }: Pick<SyncRequest, 'planTable'>,
  place: ManifestPlace,
  session: Pick<LoadSession, 'entry' | 'newest'> | null,
): Promise<readonly TableLoad[]> {
  const plan = (each: ManifestPlace): TableLoad => planTable(each, 1);
  return session === null ? [plan(place)] : missingWindows(place, { manifestIn: manifestInFolder, plan }, session);
}

/** Of the last link behind a run: the delete set of its window, or what caught it up. */
function lastManifest({ runId, manifest, deletes }: CompleteTable): string {
  const { folder } = caughtUpOf({ runId, folder: dirname(manifest) });
  const caughtUp = join(folder, MANIFEST_NAME);
  return deletes?.manifest ?? (existsSync(caughtUp) ? caughtUp : manifest);
}

type CompleteTable = TableReport & { readonly manifest: string };

function isComplete(table: TableReport): table is CompleteTable {
  return table.manifest !== null && (table.status === 'complete' || table.status === 'already-done');
}

/** No other flag, and no other state of the target, makes this run one that can be loaded: the next call has to extract anew. */
export function isFinal({ code }: Problem): boolean {
  return code === 'LOAD_REFUSED';
}
