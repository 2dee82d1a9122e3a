import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from './measure.ts';

export const ROOT = join(import.meta.dirname, '..');

/** Where a comparison runs, and on how many rows. */
export interface BenchPlace {
  /** A temporary folder of the benchmark's own. */
  readonly folder: string;
  readonly rows: number;
}

/** The program as it is installed: dist, by the project's own Node. */
export function extract(place: BenchPlace, label: string, source: string, table: string, format: string): Program {
  const out = join(place.folder, 'out');
  const state = join(place.folder, 'state');
  const options = { table, format, workers: '2', out, 'state-dir': state };
  const args = ['bin/run.js', 'extract', '--quiet', ...Object.entries(options).flatMap(([k, v]) => [`--${k}`, v])];
  return {
    label,
    command: process.execPath,
    args,
    cwd: ROOT,
    env: { SQLEXTRACT_SOURCE: source },
    prepare: () => rmSync(out, { recursive: true, force: true }),
  };
}
