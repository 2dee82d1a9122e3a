import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jobFilesOf } from '../checkpoint/job-files.ts';
import { displayName } from '../model/table.ts';
import type { CleanItem, CleanPlan } from './clean-plan.ts';

/** What `sync` remembers of a run that a target did not get (sync/unloaded-runs.ts), as far as it is looked at here. */
interface Remembered {
  readonly target: string;
  readonly load: {
    readonly tag: string;
    readonly source: {
      readonly job: string;
      readonly run: string;
      readonly table: { readonly schema: string; readonly name: string };
    };
  };
}

/**
 * Those whose job has no state any more: nothing can go on with the run. As long as there is a state the file stays: by it the next `sync`
 * loads the run, or takes away what it staged in the target.
 */
export function staleUnloaded(stateDir: string): CleanPlan {
  const folder = join(stateDir, 'sync');
  const found = namesIn(folder).flatMap((name) => {
    const one = remembered(join(folder, name));
    return one === null || hasState(stateDir, one) ? [] : [{ name, ...one }];
  });
  return {
    items: found.map(({ name, load: { source } }): CleanItem => {
      const bytes = lstatSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
      const table = displayName(source.table);
      return { kind: 'unloaded run', job: null, table, run: source.run, folder, files: [{ name, bytes }] };
    }),
    remarks: found.map(
      ({ target, load: { source, tag } }) =>
        `${displayName(source.table)}: run ${source.run} never got into ${target}, and its state is gone; ` +
        `staging tables that it left there have ${tag} in their names, and can be dropped`,
    ),
  };
}

/** Asked again when it is removed: a job may have begun anew meanwhile. */
export function isUnloadedStale(stateDir: string, { folder, files }: CleanItem): boolean {
  return files.every(({ name }) => {
    const one = remembered(join(folder, name));
    return one !== null && !hasState(stateDir, one);
  });
}

function hasState(stateDir: string, { load }: Remembered): boolean {
  return existsSync(jobFilesOf(stateDir, load.source.job).state);
}

function remembered(path: string): Remembered | null {
  try {
    const found = JSON.parse(readFileSync(path, 'utf8')) as Remembered & { readonly version?: number };
    return found.version === 1 ? found : null;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => /^[0-9a-f]{16}\.json$/.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
