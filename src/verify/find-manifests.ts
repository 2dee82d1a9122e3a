import { lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LATEST_NAME, MANIFEST_NAME, readLatest, readManifest } from '../checkpoint/manifest.ts';
import type { Manifest } from '../model/manifest.ts';
import { type Problem, SqlextractError, toProblem } from '../model/problem.ts';
import { displayName, type TableName } from '../model/table.ts';

export interface ManifestSearch {
  /** Absolute: the folder that holds a folder for each table. */
  readonly out: string;
  /** Null: the last finished run of each table. */
  readonly run: string | null;
  /** As typed; empty: all tables. */
  readonly tables: readonly string[];
  matches(pattern: string, table: TableName): boolean;
}

export type FoundManifest =
  | { readonly kind: 'manifest'; readonly path: string; readonly manifest: Manifest }
  | { readonly kind: 'unreadable'; readonly path: string; readonly table: string; readonly problem: Problem };

/**
 * The manifests below the output folder, by table folder. One that cannot be read hides no other, but those of tables that were not
 * asked for are left out where their name can still be told. Throws NO_FINISHED_RUN when a table or a run that was asked for has none.
 */
export function findManifests(search: ManifestSearch): readonly FoundManifest[] {
  const found = tableFolders(search.out).flatMap((name) => {
    const folder = join(search.out, name);
    const one = manifestIn(folder, name, search.run);
    return one === null ? [] : [one];
  });
  const wanted = found.filter((one) => search.tables.length === 0 || isWanted(search, one));
  const lacking = search.tables.find((pattern) => !wanted.some((one) => matchesOne(search, pattern, one)));
  if (wanted.length === 0 || lacking !== undefined) throw noFinishedRun(search, lacking ?? null);
  return wanted;
}

/** A manifest that was named by itself, or by its folder. Throws MANIFEST_MISSING, MANIFEST_NEWER, MANIFEST_INVALID. */
export function manifestAt(path: string): FoundManifest {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const file = isFolder ? join(path, MANIFEST_NAME) : path;
  return { kind: 'manifest', path: file, manifest: readManifest(file) };
}

/** The manifest in a run's folder; null when there is none. Throws MANIFEST_NEWER, MANIFEST_INVALID. */
export function manifestInFolder(folder: string): Manifest | null {
  const path = join(folder, MANIFEST_NAME);
  return isThere(path) ? readManifest(path) : null;
}

function manifestIn(folder: string, name: string, run: string | null): FoundManifest | null {
  const pointer = join(folder, LATEST_NAME);
  let path = pointer;
  try {
    if (run === null && !isThere(pointer)) return null;
    path = join(folder, run === null ? readLatest(folder).manifest : join(run, MANIFEST_NAME));
    if (run !== null && !isThere(path)) return null;
    return { kind: 'manifest', path, manifest: readManifest(path) };
  } catch (error) {
    return { kind: 'unreadable', path, table: name, problem: toProblem(error) };
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function tableFolders(out: string): readonly string[] {
  try {
    const entries = readdirSync(out, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new SqlextractError(
      {
        code: 'OUTPUT_NOT_READABLE',
        message: `the folder ${out} cannot be read`,
        hint: 'name the folder that extract wrote into with --out',
        fault: 'disk',
        causes: [(error as Error).message],
      },
      error,
    );
  }
}

function isWanted(search: ManifestSearch, one: FoundManifest): boolean {
  return search.tables.some((pattern) => matchesOne(search, pattern, one));
}

/** Of a manifest that cannot be read only its folder's name is known; it is the table's own for all plain names. */
function matchesOne(search: ManifestSearch, pattern: string, one: FoundManifest): boolean {
  if (one.kind === 'manifest') return search.matches(pattern, one.manifest.table);
  const [schema = '', ...rest] = one.table.split('.');
  return search.matches(pattern, rest.length === 0 ? { schema: '', name: schema } : { schema, name: rest.join('.') });
}

function noFinishedRun(search: ManifestSearch, table: string | null): SqlextractError {
  const run = search.run === null ? 'no finished run' : `no manifest of run ${search.run}`;
  return new SqlextractError({
    code: 'NO_FINISHED_RUN',
    message: `there is ${run}${table === null ? '' : ` of ${table}`} in ${search.out}`,
    hint: 'see `sqlextract status` for what there is, name another folder with --out, or run extract until it says that it is done',
    fault: 'usage',
  });
}

/** For reports: the name of the manifest's table. */
export function tableOf(manifest: Manifest): string {
  return displayName(manifest.table);
}
