import { dirname, join } from 'node:path';
import type { TableLoad } from '../ingest/ingest-plan.ts';
import type { ManifestPlace } from '../ingest/load-order.ts';
import type { LoadSession } from './loader.ts';
import { entryOf } from './read-ledger.ts';

export interface ChainReader {
  /** The manifest in a run's folder; null when there is none. */
  manifestIn(folder: string): ManifestPlace['manifest'] | null;
  /** Its number in a plan is given later. */
  plan(place: ManifestPlace): TableLoad;
}

/**
 * The windows of an incremental job, oldest first and with this one as the last, as far back as their manifests lie beside each other:
 *
 *   <out>/<table>/<run>/manifest.json ──previous──▶ <out>/<table>/<previous>/manifest.json ──▶ … ──▶ the first window
 *
 * A plain run is a chain of one, or the first of a chain that catches it up.
 */
export function allWindows(place: ManifestPlace, reader: ChainReader): readonly TableLoad[] {
  const [oldest, ...later] = [...backwards(place, reader)].toReversed();
  if (oldest === undefined) return [];
  const previous = oldest.incremental?.previous ?? null;
  if (previous === null) return [oldest, ...later];
  const remark = `run ${previous.run}, which the window of run ${oldest.source.run} goes on from, is not here: the target has to have it`;
  return [{ ...oldest, remarks: [...oldest.remarks, remark] }, ...later];
}

/**
 * Those of them that the target misses, oldest first; when it has the last one, that alone. Where a manifest is missing, or the newest run
 * of the ledger is none of the windows, the first of the list is one that the target refuses (LOAD_GAP), which says what is missing.
 */
export async function missingWindows(
  place: ManifestPlace,
  reader: ChainReader,
  session: Pick<LoadSession, 'entry' | 'newest'>,
): Promise<readonly TableLoad[]> {
  const last = reader.plan(place);
  if (previousOf(last) === null || (await entryOf(session, last)) !== null) return [last];
  const newest = new Set(await session.newest(last));
  const loads: TableLoad[] = [];
  for (const load of backwards(place, reader)) {
    loads.unshift(load);
    const previous = previousOf(load);
    if (previous !== null && newest.has(previous)) return loads;
  }
  return notLoaded(loads, session);
}

/** What somebody else loaded in between is the newest then: the windows before that are in the ledger all the same. */
async function notLoaded(
  loads: readonly TableLoad[],
  session: Pick<LoadSession, 'entry'>,
): Promise<readonly TableLoad[]> {
  const first = loads.findIndex((load) => previousOf(load) === null);
  if (first === -1 || loads[first] === undefined || (await entryOf(session, loads[first])) === null) return loads;
  const missing: TableLoad[] = [];
  for (const load of loads) if ((await entryOf(session, load)) === null) missing.push(load);
  return missing;
}

function* backwards(place: ManifestPlace, reader: ChainReader): Generator<TableLoad> {
  const seen = new Set<string>();
  const caughtUp = new Map<string, string>();
  for (let at: ManifestPlace | null = place; at !== null; at = windowBefore(at, reader)) {
    const { run, catchUp } = at.manifest;
    if (seen.has(run)) return;
    seen.add(run);
    if (catchUp?.last === true) caughtUp.set(catchUp.run, run);
    const by = caughtUp.get(catchUp?.run ?? run);
    yield reader.plan(by === undefined || by === run ? at : { ...at, caughtUpBy: by });
  }
}

function windowBefore({ manifest, folder }: ManifestPlace, reader: ChainReader): ManifestPlace | null {
  const previous = manifest.incremental?.previous ?? null;
  if (previous === null) return null;
  const before = join(dirname(folder), previous);
  const found = reader.manifestIn(before);
  if (found === null || found.job !== manifest.job || found.run !== previous) return null;
  const first = found.incremental === undefined;
  return first && manifest.catchUp?.run !== previous ? null : { manifest: found, folder: before };
}

function previousOf({ incremental }: TableLoad): string | null {
  return incremental?.previous?.ledger ?? null;
}

/** The plan's own numbers, 1, 2, …: names of scripts are made of them. */
export function numbered(loads: readonly TableLoad[]): readonly TableLoad[] {
  return loads.map((load, index) => ({ ...load, number: index + 1 }));
}
