import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SqlextractError } from '../model/problem.ts';
import { type ConfigFile, parseConfigFile } from './config-file.ts';
import type { Environment } from './expand-references.ts';

export const CONFIG_FILE_NAME = 'sqlextract.yaml';

/** The file that `named` means (it must be there), else sqlextract.yaml in `cwd`, else null. Throws CONFIG_FILE_UNREADABLE. */
export async function findConfigFile(
  named: string | null,
  cwd: string,
  environment: Environment,
): Promise<ConfigFile | null> {
  const path = named === null ? join(cwd, CONFIG_FILE_NAME) : resolve(cwd, named);
  const text = await readText(path, named === null);
  return text === null ? null : parseConfigFile(path, text, environment);
}

async function readText(path: string, mayBeAbsent: boolean): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code === 'ENOENT' && mayBeAbsent) return null;
    throw new SqlextractError(
      {
        code: 'CONFIG_FILE_UNREADABLE',
        message: `the configuration ${path} cannot be read: ${code}`,
        hint: 'name another with --config, or write one with `sqlextract init`',
        fault: 'configuration',
      },
      error,
    );
  }
}
