import { dirname, resolve } from 'node:path';
import type { ConfigFile } from './config-file.ts';
import type { Environment } from './expand-references.ts';
import { findConfigFile } from './find-config-file.ts';
import { nearestName, editDistance } from '../model/nearest-names.ts';
import { namedTarget, targetSecrets, targetWarning } from './named-target.ts';
import { parseNames } from './parse-names.ts';
import { findQueries } from './query-settings.ts';
import { holdsPassword, secretsOfUrl } from './redact.ts';
import { resolveSource } from './resolve-source.ts';
import { availableResources, chooseBuffers, chooseWorkers, type Resources } from './resources.ts';
import { environmentName, type Origin, type Setting, SETTINGS, type SettingName } from './setting-table.ts';
import type { FlagValues } from './flag-values.ts';
import type { Settings, SettingValues, SourceSetting } from './settings.ts';
import { checkTableEntries } from './table-settings.ts';
import type { ValuePlace } from './value-place.ts';

export interface SettingsInput {
  readonly flags: FlagValues;
  /** Absolute. */
  readonly cwd: string;
  /** The process' own when left out; tests give others. */
  readonly env?: Environment;
  readonly resources?: Resources;
}

/**
 * Merges flags > environment (`SQLEXTRACT_<FLAG>`) > sqlextract.yaml > defaults; workers and buffers that nobody set are
 * chosen from cores and memory. An empty variable counts as not set. Throws USAGE_… for flags and variables, CONFIG_… for the file.
 */
export async function loadSettings(input: SettingsInput): Promise<Settings> {
  const { flags, cwd, env = process.env, resources = availableResources() } = input;
  const file = await findConfigFile(textOf(flags['config']) ?? nonEmpty(env['SQLEXTRACT_CONFIG']), cwd, env);
  const found = findAll({ flags, env, file });
  const source = findSource(flags, env, file, cwd);
  const target = namedTarget(flags, env);
  const queries = await findQueries(flags, found.values.splitBy, file, cwd);
  const folder = (name: 'out' | 'stateDir'): string =>
    resolve(baseOf(found.origins[name], file, cwd), found.values[name]);
  const settings: Settings = {
    ...found.values,
    ...choose(found.values, resources),
    out: folder('out'),
    stateDir: folder('stateDir'),
    source,
    ...nameLists(flags, file),
    ...(namesQuery(flags) ? { tables: [] } : {}),
    queries: queries ?? [],
    namesQuery: namesQuery(flags),
    fresh: flags['fresh'] === true,
    dryRun: flags['dry-run'] === true,
    json: flags['json'] === true,
    quiet: flags['quiet'] === true,
    origins: { ...found.origins, ...originsOfChosen(found.values) },
    file,
    resources,
    environment: env,
    secrets: [...new Set([...secretsOfUrl(source?.url ?? ''), ...targetSecrets(target, file)])],
    warnings: [...passwordWarning(source), ...targetWarning(target, file), ...nearlyVariables(env)],
  };
  if (file !== null) checkTableEntries(settings, file);
  return settings;
}

interface Places {
  readonly flags: FlagValues;
  readonly env: Environment;
  readonly file: ConfigFile | null;
}

function findAll(places: Places): { readonly values: SettingValues; readonly origins: Record<SettingName, Origin> } {
  const found = Object.entries(SETTINGS).map(([name, setting]) => ({ name, ...findOne<unknown>(places, setting) }));
  return {
    values: Object.fromEntries(found.map(({ name, value }) => [name, value])) as unknown as SettingValues,
    origins: Object.fromEntries(found.map(({ name, origin }) => [name, origin])) as Record<SettingName, Origin>,
  };
}

function findOne<T>(places: Places, setting: Setting<T>): { readonly value: T; readonly origin: Origin } {
  const { flag, file, parse, fallback } = setting;
  const typed = places.flags[flag];
  if (typed !== undefined) {
    return { value: parse(String(typed), { label: `--${flag}`, fault: 'usage' }), origin: 'flag' };
  }
  const variable = environmentName(flag);
  const text = nonEmpty(places.env[variable]);
  if (text !== null) return { value: parse(text, { label: variable, fault: 'configuration' }), origin: 'environment' };
  const written = file === null ? null : (places.file?.[file.section](file.key) ?? null);
  if (written !== null) return { value: parse(written.text, written.place), origin: 'file' };
  return { value: fallback, origin: 'default' };
}

function findSource(flags: FlagValues, env: Environment, file: ConfigFile | null, cwd: string): SourceSetting | null {
  const typed = textOf(flags['source']);
  if (typed !== null) return resolveSource({ text: typed, origin: 'flag', folder: cwd }, file);
  const variable = nonEmpty(env['SQLEXTRACT_SOURCE']);
  if (variable !== null) return resolveSource({ text: variable, origin: 'environment', folder: cwd }, file);
  const written = file?.top('source') ?? null;
  if (file === null || written === null) return null;
  return resolveSource({ text: written.text, origin: 'file', folder: dirname(file.path) }, file);
}

function choose(
  values: SettingValues,
  resources: Resources,
): { readonly workers: number; readonly bufferBytes: number; readonly batchRows: number } {
  const workers = values.workers ?? chooseWorkers(resources.cores);
  const buffers = chooseBuffers(resources.memoryBytes, workers);
  return {
    workers,
    bufferBytes: values.bufferBytes ?? buffers.bufferBytes,
    batchRows: values.batchRows ?? buffers.batchRows,
  };
}

function originsOfChosen(values: SettingValues): Partial<Record<SettingName, Origin>> {
  const names = ['workers', 'bufferBytes', 'batchRows'] as const;
  return Object.fromEntries(names.filter((name) => values[name] === null).map((name) => [name, 'chosen']));
}

/** Table patterns are taken as they are typed (a comma may be part of a name); columns are separated by commas. */
function nameLists(
  flags: FlagValues,
  file: ConfigFile | null,
): Pick<Settings, 'tables' | 'excludeTables' | 'columns' | 'excludeColumns' | 'asText' | 'uniqueKey'> {
  const columns = (flag: string): readonly string[] | null => {
    const place: ValuePlace = { label: `--${flag}`, fault: 'usage' };
    return textsOf(flags[flag])?.flatMap((text) => parseNames(text, place)) ?? null;
  };
  return {
    tables: textsOf(flags['table']) ?? file?.tableNames() ?? [],
    excludeTables: textsOf(flags['exclude-table']) ?? file?.excludeTables() ?? [],
    columns: columns('columns'),
    excludeColumns: columns('exclude-columns'),
    asText: columns('as-text'),
    uniqueKey: columns('unique-key'),
  };
}

/** The tables of the file are then not meant. */
function namesQuery(flags: FlagValues): boolean {
  return textOf(flags['query']) !== null || textOf(flags['name']) !== null;
}

/** Folders of the file are meant beside the file, also when it is called from elsewhere; so are the default ones. */
function baseOf(origin: Origin, file: ConfigFile | null, cwd: string): string {
  const beside = origin === 'file' || origin === 'default';
  return beside && file !== null ? dirname(file.path) : cwd;
}

function passwordWarning(source: SourceSetting | null): readonly string[] {
  if (source?.origin !== 'flag' || source.name !== null || !holdsPassword(source.url)) return [];
  return [
    'a password in a URL of the command line can be seen by everyone on this machine (`ps`); ' +
      'use SQLEXTRACT_SOURCE, or `sources:` in sqlextract.yaml, instead',
  ];
}

const OTHER_VARIABLES = ['SQLEXTRACT_SOURCE', 'SQLEXTRACT_TARGET', 'SQLEXTRACT_CONFIG'];

/** SQLEXTRACT_WORKER does nothing; whoever set it meant SQLEXTRACT_WORKERS. */
function nearlyVariables(env: Environment): readonly string[] {
  const known = [...OTHER_VARIABLES, ...Object.values(SETTINGS).map(({ flag }) => environmentName(flag))];
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith('SQLEXTRACT_') || known.includes(name)) return [];
    const near = nearestName(name, known);
    if (near === null || editDistance(name, near) > 2) return [];
    return [`the environment variable ${name} is not a setting; did you mean ${near}?`];
  });
}

function textOf(value: FlagValues[string]): string | null {
  return typeof value === 'string' ? value : null;
}

function textsOf(value: FlagValues[string]): readonly string[] | null {
  return Array.isArray(value) && value.length > 0 ? (value as readonly string[]) : null;
}

function nonEmpty(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
