import { existsSync } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CONFIG_FILE_NAME } from '../config/find-config-file.ts';
import { SqlextractError } from '../model/problem.ts';
import { formatBytes } from './amounts.ts';
import { configTemplate, schemaReference } from './config-template.ts';
import { printLine, printNote } from './print.ts';

export interface InitOptions {
  readonly folder: string;
  readonly sample: boolean;
  readonly force: boolean;
  /** Where schema/ lies. */
  readonly packageRoot: string;
}

const SAMPLE_NAME = 'sample.sqlite';

/** Throws FILE_EXISTS before anything is written. */
export async function runInit({ folder, sample, force, packageRoot }: InitOptions): Promise<void> {
  const target = resolve(folder);
  const config = join(target, CONFIG_FILE_NAME);
  const database = join(target, SAMPLE_NAME);
  if (!force) for (const path of sample ? [config, database] : [config]) refuseExisting(path);
  await mkdir(target, { recursive: true });
  // the configuration last: what it names is there when it is
  if (sample) await makeSample(database);
  const schema = schemaReference(target, join(packageRoot, 'schema', 'config.schema.json'));
  await writeFile(config, configTemplate({ schema, source: sample ? SAMPLE_NAME : null }));
  printLine(`wrote ${config}`);
  printLine();
  printLine(
    sample
      ? 'Next: sqlextract sync --table users (into a DuckDB file), or: sqlextract extract --table users'
      : `Next: name a source in ${CONFIG_FILE_NAME}, then: sqlextract inspect`,
  );
}

async function makeSample(path: string): Promise<void> {
  const { createSampleDatabase } = await import('../sample/sample-database.ts');
  printNote(`making ${path} …`);
  await createSampleDatabase(path);
  printLine(`wrote ${path} (${formatBytes((await stat(path)).size)})`);
}

/** Throws FILE_EXISTS. */
export function refuseExisting(path: string): void {
  if (!existsSync(path)) return;
  throw new SqlextractError({
    code: 'FILE_EXISTS',
    message: `${path} is there already`,
    hint: 'add --force to overwrite it, or --folder to write elsewhere',
    fault: 'usage',
  });
}
