import type { Stats } from 'node:fs';
import { lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { MANIFEST_NAME } from '../checkpoint/manifest.ts';
import { REMOVED_NAME } from '../checkpoint/removed-files.ts';
import { isChunkFileName } from '../model/run-file-name.ts';
import { isTemporaryName } from '../sinks/temporary-name.ts';
import type { CleanItem } from './clean-plan.ts';

type FileFacts = CleanItem['files'][number];

/** What lies in a run's own folder. Only regular files under names that nobody else gives are ours. */
export type RunFolder =
  | { readonly kind: 'none' }
  /** A symbolic link, or not the folder of this run: nothing in it is touched. */
  | { readonly kind: 'refused'; readonly why: string }
  | {
      readonly kind: 'folder';
      readonly data: readonly FileFacts[];
      /** manifest.json, removed.json */
      readonly records: readonly FileFacts[];
      readonly temporary: readonly FileFacts[];
      readonly foreign: number;
    };

/** Below a file there is nothing either. */
function factsOrNone(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** `folder` as the state has it. A folder of another name than the run's was written there by no run of ours. */
export function readRunFolder(folder: string, runId: string): RunFolder {
  const found = factsOrNone(folder);
  if (found === undefined) return { kind: 'none' };
  if (basename(folder) !== runId) return { kind: 'refused', why: `${folder} is not named like its run ${runId}` };
  if (!found.isDirectory()) return { kind: 'refused', why: `${folder} is no folder` };
  if (!lstatSync(dirname(folder)).isDirectory())
    return { kind: 'refused', why: `${dirname(folder)} is a symbolic link` };
  const files = readdirSync(folder).map((name) => ({ name, ...factsOf(join(folder, name)) }));
  const ours = (is: (name: string) => boolean): readonly FileFacts[] =>
    files.filter(({ name, regular }) => regular && is(name)).map(({ name, bytes }) => ({ name, bytes }));
  const data = ours(isChunkFileName);
  const records = ours((name) => name === MANIFEST_NAME || name === REMOVED_NAME);
  const temporary = ours(isTemporaryName);
  const foreign = files.length - data.length - records.length - temporary.length;
  return { kind: 'folder', data, records, temporary, foreign };
}

function factsOf(path: string): { readonly regular: boolean; readonly bytes: number } {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return { regular: found?.isFile() === true, bytes: found?.size ?? 0 };
}
