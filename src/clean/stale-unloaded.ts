import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { jobFilesOf } from '../checkpoint/job-files.ts';
import { displayName } from '../model/table.ts';
import type { UnloadedRun } from '../sync/unloaded-runs.ts';
import { unloadedFiles } from '../sync/unloaded-runs.ts';
import type { CleanItem, CleanPlan } from './clean-plan.ts';

/**
 * Those whose job has no state any more: nothing can go on with the run. As long as there is a state the file stays: by it the next `sync`
 * loads the run, or takes away what it staged in the target.
 */
export function staleUnloaded(stateDir: string): CleanPlan {
  const folder = join(stateDir, 'sync');
  const found = unloadedFiles(stateDir)
    .filter(({ run }) => !hasState(stateDir, run))
    .map(({ name, run }) => ({ name, ...run }));
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
export function isUnloadedStale(stateDir: string, { files }: CleanItem): boolean {
  const known = unloadedFiles(stateDir);
  return files.every(({ name }) => known.some((one) => one.name === name && !hasState(stateDir, one.run)));
}

function hasState(stateDir: string, { load }: UnloadedRun): boolean {
  return existsSync(jobFilesOf(stateDir, load.source.job).state);
}
