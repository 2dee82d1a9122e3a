import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SqlextractError } from '../model/problem.ts';
import type { IngestPlan, LoadFile } from './ingest-plan.ts';
import type { Script } from './target.ts';

/** What a folder of scripts always has: a folder without it, and with files in it, is somebody else's. */
export const PLAN_NAME = 'plan.json';

/**
 * Writes `plan.json`, which says whose folder it is, and then the scripts, each whole under its name at once; last, what an earlier call
 * wrote there and this one did not is taken away, so that no script of another mode lies beside. Killed anywhere, the same call again
 * finishes it. A folder with files and without a plan.json is left alone. Throws INGEST_FOLDER.
 */
export async function writeScripts(folder: string, plan: IngestPlan, scripts: readonly Script[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const there = await readdir(folder);
  if (there.length > 0 && !there.includes(PLAN_NAME) && !there.every(isTemporary)) throw foreignFolder(folder);
  const planText = `${JSON.stringify(withoutPaths(plan), null, 2)}\n`;
  const files: readonly Script[] = [{ name: PLAN_NAME, text: planText, executable: false }, ...scripts];
  for (const file of files) await writeWhole(folder, file);
  const written = new Set(files.map(({ name }) => name));
  for (const name of there) {
    if (!written.has(name) && isOurs(name)) await rm(join(folder, name), { force: true });
  }
}

async function writeWhole(folder: string, { name, text, executable }: Script): Promise<void> {
  const temporary = join(folder, `.${name}.${randomBytes(4).toString('hex')}.tmp`);
  await writeFile(temporary, text);
  if (executable) await chmod(temporary, 0o755);
  await rename(temporary, join(folder, name));
}

/** Of a call that was killed, or is writing now. */
function isTemporary(name: string): boolean {
  return /^\.[A-Za-z0-9_.-]+\.[0-9a-f]{8}\.tmp$/.test(name);
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
