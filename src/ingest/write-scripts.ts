import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SqlextractError } from '../model/problem.ts';
import type { IngestPlan, LoadFile } from './ingest-plan.ts';
import type { Script } from './target.ts';

/** What a folder of scripts always has: a folder without it, and with files in it, is somebody else's. */
export const PLAN_NAME = 'plan.json';

/**
 * Writes the scripts and `plan.json` into the folder. What an earlier call wrote there is taken away first, so that no script of
 * another mode lies beside; a folder with files and without a plan.json is left alone. Throws INGEST_FOLDER.
 */
export async function writeScripts(folder: string, plan: IngestPlan, scripts: readonly Script[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const there = await readdir(folder);
  if (there.length > 0 && !there.includes(PLAN_NAME)) throw foreignFolder(folder);
  for (const name of there.filter(isOurs)) await rm(join(folder, name), { force: true });
  for (const { name, text, executable } of scripts) {
    const path = join(folder, name);
    await writeFile(path, text);
    if (executable) await chmod(path, 0o755);
  }
  await writeFile(join(folder, PLAN_NAME), `${JSON.stringify(withoutPaths(plan), null, 2)}\n`);
}

/** Names that scripts have; logs and rejected rows that a run left stay. */
function isOurs(name: string): boolean {
  return /^(?:\d{2,}-[a-z0-9_-]+\.(?:sql|json)|run\.sh|upload\.sh|README\.md|plan\.json)$/.test(name);
}

/** The same plan on every machine: the files' places are in the scripts. */
function withoutPaths(plan: IngestPlan): unknown {
  const tables = plan.tables.map((load) => ({ ...load, files: load.files.map(withoutPath) }));
  return { ...plan, tables };
}

function withoutPath({ number, name, rows, bytes, sha256 }: LoadFile): Omit<LoadFile, 'path'> {
  return { number, name, rows, bytes, sha256 };
}

function foreignFolder(folder: string): SqlextractError {
  return new SqlextractError({
    code: 'INGEST_FOLDER',
    message: `${folder} has files and no ${PLAN_NAME}: it is not a folder of these scripts`,
    hint: 'name another folder with --to',
    fault: 'usage',
  });
}
