import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { nearestNames } from '../model/nearest-names.ts';
import { SqlextractError } from '../model/problem.ts';
import type { ConfigFile } from './config-file.ts';
import type { FlagValues } from './flag-values.ts';

/** A query of the command or of `queries:` in the file. */
export interface QuerySetting {
  readonly name: string;
  readonly sql: string;
  readonly splitBy: string | null;
}

/** 64 characters are what PostgreSQL and MySQL allow a table; folders take more. */
const LONGEST_NAME = 128;

/**
 * The queries that a command is about; null when it is about tables only.
 *
 *   --query, --name ─▶ that one            --name alone ─▶ the one of the file
 *   --table         ─▶ null                none of them ─▶ all of the file (and its tables)
 *
 * `splitBy`, of flag or environment, goes before that of the file. `@file` stands for the text in a file, in `--query` beside the working folder, in sqlextract.yaml beside that. Throws USAGE_QUERY,
 * USAGE_QUERY_NAME, QUERY_NOT_FOUND, QUERY_FILE_UNREADABLE, CONFIG_VALUE.
 */
export async function findQueries(
  flags: FlagValues,
  splitBy: string | null,
  file: ConfigFile | null,
  cwd: string,
): Promise<readonly QuerySetting[] | null> {
  const text = given(flags['query']);
  const name = given(flags['name']);
  const asked = text ?? name ?? given(flags['split-by']);
  const byTable = Array.isArray(flags['table']) && flags['table'].length > 0;
  if (asked !== null && byTable)
    throw usage('--table and --query cannot stand in one command', 'run the command twice');
  if (byTable) return null;
  if (text !== null) {
    if (name === null) throw nameless();
    return [{ name: checkedName(name, 'usage'), sql: await textOf(text, cwd), splitBy }];
  }
  if (name !== null) {
    const found = await queryOfFile(known(file, name), name);
    return [{ ...found, splitBy: splitBy ?? found.splitBy }];
  }
  if (asked !== null) throw usage('--split-by names a column of a query', 'add --query "SELECT …" --name some_name');
  return file === null ? null : Promise.all(file.queryNames().map(async (each) => queryOfFile(file, each)));
}

function given(value: FlagValues[string]): string | null {
  return typeof value === 'string' ? value : null;
}

async function queryOfFile(file: ConfigFile, name: string): Promise<QuerySetting> {
  const sql = file.query(name, 'sql');
  if (sql === null) {
    throw new SqlextractError({
      code: 'CONFIG_VALUE',
      message: `the query ${name} in ${file.path} has no sql`,
      hint: 'write sql: SELECT …, or sql: "@query.sql" for a file beside it',
      fault: 'configuration',
    });
  }
  return {
    name: checkedName(name, 'configuration'),
    sql: await textOf(sql.text, dirname(file.path)),
    splitBy: file.query(name, 'split_by')?.text ?? null,
  };
}

/** The file, when it has a query of that name. */
function known(file: ConfigFile | null, name: string): ConfigFile {
  const names = file?.queryNames() ?? [];
  if (file !== null && names.includes(name)) return file;
  const nearest = nearestNames(name, names);
  throw new SqlextractError({
    code: 'QUERY_NOT_FOUND',
    message: `there is no query ${name} in sqlextract.yaml`,
    hint: nearest.length > 0 ? `did you mean ${nearest.join(', ')}?` : 'give its text with --query "SELECT …"',
    fault: 'usage',
  });
}

async function textOf(text: string, folder: string): Promise<string> {
  if (!text.startsWith('@')) return text;
  const path = resolve(folder, text.slice(1));
  try {
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    throw new SqlextractError(
      {
        code: 'QUERY_FILE_UNREADABLE',
        message: `the query file ${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`,
        hint: 'check the path behind the @',
        fault: 'usage',
      },
      error,
    );
  }
}

/** The name stands in the state, in the manifest and (encoded) as a folder. */
function checkedName(name: string, fault: 'usage' | 'configuration'): string {
  if (name.trim() !== '' && name.length <= LONGEST_NAME && !/\p{Cc}/u.test(name) && name.isWellFormed()) return name;
  throw new SqlextractError({
    code: 'USAGE_QUERY_NAME',
    message: `${JSON.stringify(name.slice(0, 40))} cannot be the name of a query`,
    hint: `1 to ${LONGEST_NAME} characters without control characters, for example --name active_users`,
    fault,
  });
}

function nameless(): SqlextractError {
  return new SqlextractError({
    code: 'USAGE_QUERY_NAME',
    message: '--query needs a --name: its files and its state are kept under it',
    hint: 'add for example --name active_users',
    fault: 'usage',
  });
}

function usage(message: string, hint: string): SqlextractError {
  return new SqlextractError({ code: 'USAGE_QUERY', message, hint, fault: 'usage' });
}
