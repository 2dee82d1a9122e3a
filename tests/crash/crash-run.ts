import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { CliRun } from '../support/run-cli.ts';
import { runCli } from '../support/run-cli.ts';
import type { CrashSource } from './crash-tables.ts';
import { digestOfFiles } from './read-manifest-files.ts';

export interface CrashCase {
  readonly source: CrashSource;
  readonly format: 'parquet' | 'csv';
  /** Empty, of this case alone. */
  readonly folder: string;
}

const FOREIGN = 'not ours: must not be touched\n';

/** The command of a case; small chunks, so that there are many points to die at. */
export async function extract(
  crash: CrashCase,
  options: { fault?: string; killAfterMs?: number } = {},
): Promise<CliRun> {
  const args = [
    'extract',
    '--table',
    'accounts',
    '--workers',
    '2',
    '--chunk-size',
    '12KB',
    '--format',
    crash.format,
    '--hold',
    '20s',
    '--quiet',
  ];
  return runCli(args, {
    cwd: crash.folder,
    env: {
      SQLEXTRACT_SOURCE: crash.source.url,
      ...(options.fault === undefined ? {} : { SQLEXTRACT_FAULT: options.fault }),
    },
    ...(options.killAfterMs === undefined ? {} : { killAfterMs: options.killAfterMs }),
  });
}

/** Puts files of somebody else everywhere a careless clean-up would look. Returns their paths. */
export function plantForeignFiles(crash: CrashCase): readonly string[] {
  const table = join(crash.folder, 'export', crash.source.tableFolder);
  mkdirSync(table, { recursive: true });
  const runs = readdirSync(table, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const folders = [join(crash.folder, 'export'), table, ...runs.map((entry) => join(table, entry.name))];
  const paths = folders.flatMap((folder) => [
    join(folder, 'notes.txt'),
    join(folder, 'part-x.parquet'),
    join(folder, '.mine.tmp'),
  ]);
  for (const path of paths) writeFileSync(path, FOREIGN);
  return paths;
}

/** Runs to the end and compares, through the manifest, with the table itself. */
export async function finishAndCompare(crash: CrashCase, foreign: readonly string[]): Promise<void> {
  const last = await extract(crash);
  expect(last, last.stderr).toMatchObject({ code: 0, signal: null });
  const folder = join(crash.folder, 'export', crash.source.tableFolder);
  const { manifest, ...files } = await digestOfFiles(folder);
  expect(files).toEqual(await crash.source.digest());
  const run = join(folder, manifest.run);
  const unnamed = readdirSync(run).filter(
    (name) => name !== 'manifest.json' && !manifest.files.some((file) => file.path === name),
  );
  expect(unnamed.filter((name) => !['notes.txt', 'part-x.parquet', '.mine.tmp'].includes(name))).toEqual([]);
  for (const path of foreign) expect(readFileSync(path, 'utf8')).toBe(FOREIGN);
  // A marker that was being written is left under its temporary name, for `clean`.
  const markers = readdirSync(join(crash.folder, '.sqlextract', 'runs')).filter((name) => name.endsWith('.json'));
  expect(markers).toEqual([]);
}
