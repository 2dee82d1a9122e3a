import { lstatSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { CleanItem, CleanOptions } from './clean-plan.ts';

/**
 * Where a job's keys and rows are compared, below the state folder. A run removes its own when it ends, so that what lies there while nobody works
 * on the job was left by a killed one, and holds nothing that another needs.
 */
export function scratchOf(
  { jobId, table }: { readonly jobId: string; readonly table: string },
  { stateDir }: Pick<CleanOptions, 'stateDir'>,
): readonly CleanItem[] {
  return [join(stateDir, 'keys', jobId, 'scratch'), join(stateDir, 'catch-up', jobId)].flatMap((folder) => {
    if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
    return [{ kind: 'scratch folder' as const, job: jobId, table, run: null, folder, files: filesBelow(folder) }];
  });
}

function filesBelow(folder: string): CleanItem['files'] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { name: relative(folder, path), bytes: lstatSync(path, { throwIfNoEntry: false })?.size ?? 0 };
    });
}
