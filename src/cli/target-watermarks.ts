import { dirname, join } from 'node:path';
import type { FlagValues } from '../config/flag-values.ts';
import type { Settings } from '../config/settings.ts';
import { deletesOf } from '../model/run-links.ts';
import { openTarget } from '../load/load.ts';
import { missingWindows } from '../load/window-chain.ts';
import { manifestInFolder } from '../verify/find-manifests.ts';
import { runOfLedger } from '../ingest/plan-window.ts';
import { askedIngest, chainReader } from './ingest-plan-of.ts';
import { requestOf } from './run-load.ts';
import type { JobWatermark } from './watermarks.ts';

/** What a target has of a job, by its ledger. */
export interface TargetWatermark {
  readonly target: string;
  /** The newest run of the table in the ledger; null: none. */
  readonly run: string | null;
  /** The upper end of that run's window, the server's text; null: not known here. */
  readonly to: string | null;
  /** Links of the chain that the target misses; null: no manifest of the job is there to count by. */
  readonly behind: number | null;
}

/** Asks the target's ledger about each job. Throws TARGET_… when it cannot be reached. */
export async function targetWatermarks(
  settings: Settings,
  flags: FlagValues,
  toolVersion: string,
  jobs: readonly JobWatermark[],
): Promise<ReadonlyMap<string, TargetWatermark>> {
  const ingest = await askedIngest(settings, flags, { toolVersion, fallbackTarget: null, by: 'load' });
  const { place } = requestOf(settings, flags, ingest);
  await using session = await openTarget(ingest.target, place, 1);
  const reader = chainReader(ingest);
  const found = new Map<string, TargetWatermark>();
  for (const job of jobs) {
    const folder = folderOfLast(job);
    const manifest = folder === null ? null : manifestInFolder(folder);
    const nothing = { target: place.displayUrl, run: null, to: null, behind: null };
    if (folder === null || manifest === null) {
      found.set(job.job, nothing);
      continue;
    }
    const last = reader.plan({ manifest, folder });
    const [newest = null] = await session.newest(last);
    const missing = await missingWindows({ manifest, folder }, reader, session);
    const loaded = (await session.entry(last)) !== null;
    const run = newest === null ? null : runOfLedger(newest);
    const to = run === null ? null : endOf(join(dirname(folder), run));
    found.set(job.job, { ...nothing, run, to, behind: loaded ? 0 : missing.length });
  }
  return found;
}

/** An empty window, whose end an open transaction may hold far back, moves nothing. Behind a delete set is the window that it belongs to. */
function endOf(folder: string): string | null {
  const found = manifestInFolder(folder);
  const { previous = null } = found?.incremental ?? {};
  if (found?.deletes !== undefined && previous !== null) return endOf(join(dirname(folder), previous));
  const { from = null, to = null } = found?.incremental ?? {};
  return (found?.totals.rows === 0 ? from?.value : null) ?? to?.value ?? null;
}

/** The last link of the job's chain; null: no run has finished, or its files are gone. */
function folderOfLast({ lastRun, state }: JobWatermark): string | null {
  if (lastRun === null) return null;
  const link = join(dirname(lastRun.folder), state?.run ?? lastRun.runId);
  return [deletesOf(lastRun).folder, link, lastRun.folder].find((folder) => manifestInFolder(folder) !== null) ?? null;
}
