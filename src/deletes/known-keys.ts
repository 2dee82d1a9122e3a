import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MANIFEST_NAME, readManifest } from '../checkpoint/manifest.ts';
import type { Manifest } from '../model/manifest.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';

/** A link of the chain of windows, with the folder of its files. */
export interface Link {
  readonly manifest: Manifest;
  /** Absolute. */
  readonly folder: string;
}

/** The keys that targets should have: those of `store`, and then what each link brought or took, oldest first. */
export interface KnownKeys {
  /** A Parquet file of keys; null: none to begin with. */
  readonly store: string | null;
  readonly links: readonly Link[];
}

const NAME = /^known-(.+)\.parquet$/;

export function storeName(run: string): string {
  return `known-${run}.parquet`;
}

/**
 * Walks from the newest link back to the newest one whose keys are stored, or to the one that began anew. Throws DELETES_UNKNOWN when
 * a link between is gone: a key that nobody knows of would never be found to be gone.
 */
export function knownKeys(newest: Link, storeFolder: string): KnownKeys {
  const stored = storedRuns(storeFolder);
  const links: Link[] = [];
  for (let link = newest; ; link = linkBefore(link)) {
    if (stored.has(link.manifest.run)) return { store: join(storeFolder, storeName(link.manifest.run)), links };
    links.unshift(link);
    if (link.manifest.incremental?.reset === true) return { store: null, links };
  }
}

/** Stored key sets of a job, by the run that they are of. */
function storedRuns(storeFolder: string): ReadonlySet<string> {
  if (!existsSync(storeFolder)) return new Set();
  return new Set(readdirSync(storeFolder).flatMap((name) => NAME.exec(name)?.[1] ?? []));
}

function linkBefore({ manifest, folder }: Link): Link {
  const previous = manifest.incremental?.previous ?? null;
  if (previous === null) throw unknown(manifest, 'nothing says what was loaded before its watermark was set');
  const before = join(dirname(folder), previous);
  const path = join(before, MANIFEST_NAME);
  if (!existsSync(path)) throw unknown(manifest, `the files of run ${previous} are gone`);
  return { manifest: readManifest(path), folder: before };
}

function unknown({ table, run }: Manifest, why: string): SqlextractError {
  return new SqlextractError({
    code: 'DELETES_UNKNOWN',
    message: `${displayName(table)}: which keys were delivered before run ${run} is not known, as ${why}`,
    hint: `begin anew: sqlextract watermark reset --table ${displayName(table)}, then the same command; keep --detect-deletes on from then on`,
    fault: 'state',
  });
}
