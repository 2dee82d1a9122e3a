import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from './durable-file.ts';
import { overState, stateUnreadable } from './state-error.ts';

export const REMOVED_NAME = 'removed.json';

/** Beside the manifest of a run whose files were removed on purpose (`clean --loaded`): they are not lost. */
export interface RemovedFiles {
  readonly version: 1;
  readonly run: string;
  /** ISO 8601. */
  readonly removedAt: string;
  readonly reason: 'loaded';
  /** Names in the manifest's folder. */
  readonly files: readonly string[];
}

/** Durable when it returns, and before the first of the files is removed: a file that is missing without it is lost. */
export function writeRemovedFiles(folder: string, record: RemovedFiles): void {
  const path = join(folder, REMOVED_NAME);
  overState(path, () => writeDurably(path, `${JSON.stringify(record, null, 2)}\n`));
}

/** Null when nothing was removed. Throws STATE_UNREADABLE when the record is not of this run, or damaged. */
export function readRemovedFiles(folder: string, run: string): RemovedFiles | null {
  const path = join(folder, REMOVED_NAME);
  const text = overState(path, () => readIfThere(path));
  if (text === null) return null;
  const found = parse(text, path);
  const names = found.files;
  const sound = found.version === 1 && found.run === run && typeof found.removedAt === 'string';
  if (!sound || !Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    throw stateUnreadable(path, `it does not say what was removed of run ${run}`);
  }
  return { version: 1, run, removedAt: found.removedAt, reason: 'loaded', files: names };
}

function parse(text: string, path: string): Partial<RemovedFiles> {
  try {
    return (JSON.parse(text) as Partial<RemovedFiles> | null) ?? {};
  } catch (error) {
    throw stateUnreadable(path, 'it is not JSON', error);
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
