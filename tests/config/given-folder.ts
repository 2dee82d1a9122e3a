import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { loadSettings, type SettingsInput } from '../../src/config/load-settings.ts';
import type { Settings } from '../../src/config/settings.ts';
import { type Problem, SqlextractError } from '../../src/model/problem.ts';

export interface Given {
  readonly flags?: SettingsInput['flags'];
  readonly env?: Record<string, string>;
  /** The text of sqlextract.yaml. */
  readonly file?: string;
  readonly cwd?: string;
}

/** Settings as they are loaded in a folder of the test's own, on a machine of four cores and 4 GB. */
export function givenFolder(): {
  readonly path: () => string;
  readonly load: (given: Given) => Promise<Settings>;
  readonly problemOf: (given: Given) => Promise<Problem>;
} {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'settings-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });
  const load = async ({ flags = {}, env = {}, file, cwd = folder }: Given): Promise<Settings> => {
    if (file !== undefined) await writeFile(join(folder, 'sqlextract.yaml'), file);
    return loadSettings({ flags, env, cwd, resources: { cores: 4, memoryBytes: 4_000_000_000 } });
  };
  const problemOf = async (given: Given): Promise<Problem> => {
    try {
      await load(given);
    } catch (error) {
      if (error instanceof SqlextractError) return error.problem;
      throw error;
    }
    throw new Error('the settings were taken');
  };
  return { path: () => folder, load, problemOf };
}
