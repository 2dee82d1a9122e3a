import type { ConfigFile, FileValue, TableKey } from './config-file.ts';
import type { IncrementalSettings } from '../model/incremental-settings.ts';
import { type IncrementalEntry, incrementalSettings } from './incremental-settings.ts';
import { type Origin, SETTINGS, type SettingName, type ValueOf } from './setting-table.ts';
import type { Settings } from './settings.ts';

/** The settings that a table may have of its own in the file. */
export interface TableSettings {
  readonly columns: readonly string[] | null;
  readonly excludeColumns: readonly string[];
  readonly asText: readonly string[];
  readonly where: string | null;
  readonly limit: number | null;
  readonly format: ValueOf<'format'>;
  /** Null: the format's own default. */
  readonly compression: ValueOf<'compression'>;
  readonly nullMarker: string;
  readonly chunkBytes: number;
  /** Null: all rows, every time. */
  readonly incremental: IncrementalSettings | null;
}

/**
 * For one table: flags > environment > the table's entry in the file > `defaults:` of the file > defaults. The entry is the
 * one that names the table with its schema, else without, else the first glob that matches.
 */
export function tableSettings(settings: Settings, schema: string, name: string): TableSettings {
  const { file } = settings;
  const key = file === null ? null : entryOf(file.tableNames(), schema, name);
  if (file === null || key === null) return merged(settings, null);
  return merged(settings, {
    value: (each) => file.table(key, each),
    names: (each) => file.tableColumns(key, each),
    incremental: {
      value: (each) => file.incremental('tables', key, each),
      uniqueKey: () => file.uniqueKey('tables', key),
    },
  });
}

/** For a query, in the same order; its entry is the one of its name. */
export function querySettings(settings: Settings, name: string): TableSettings {
  const { file } = settings;
  if (file === null) return merged(settings, null);
  return merged(settings, {
    value: (each) => file.query(name, each),
    names: (each) => file.queryColumns(name, each),
    incremental: {
      value: (each) => file.incremental('queries', name, each),
      uniqueKey: () => file.uniqueKey('queries', name),
    },
  });
}

/** What the file has of its own for one table or query. */
interface Entry {
  value(key: TableKey): FileValue | null;
  names(key: 'columns' | 'exclude_columns' | 'as_text'): readonly string[] | null;
  readonly incremental: IncrementalEntry;
}

function merged(settings: Settings, entry: Entry | null): TableSettings {
  const one = <Name extends SettingName>(setting: Name, tableKey: TableKey): ValueOf<Name> => {
    if (!mayBeOverridden(settings.origins[setting])) return settings[setting] as ValueOf<Name>;
    const written = entry?.value(tableKey) ?? null;
    if (written === null) return settings[setting] as ValueOf<Name>;
    return SETTINGS[setting].parse(written.text, written.place) as ValueOf<Name>;
  };
  return {
    columns: settings.columns ?? entry?.names('columns') ?? null,
    excludeColumns: settings.excludeColumns ?? entry?.names('exclude_columns') ?? [],
    asText: settings.asText ?? entry?.names('as_text') ?? [],
    where: one('where', 'where'),
    limit: settings.limit,
    format: one('format', 'format'),
    compression: one('compression', 'compression'),
    nullMarker: one('nullMarker', 'null_marker'),
    chunkBytes: one('chunkBytes', 'chunk_size'),
    incremental: incrementalSettings(settings, entry?.incremental ?? null),
  };
}

/** Parses what the file says of tables, so that a mistake in it is told before any table is read. */
export function checkTableEntries(settings: Settings, file: ConfigFile): void {
  const names = { columns: null, excludeColumns: null, asText: null, uniqueKey: null };
  const plain: Settings = {
    ...settings,
    ...untyped(settings.origins),
    ...names,
    origins: allDefault(settings.origins),
  };
  for (const key of file.tableNames()) {
    const { schema, name } = splitAtLastDot(key);
    tableSettings(plain, schema, name);
  }
  for (const name of file.queryNames()) querySettings(plain, name);
}

function mayBeOverridden(origin: Origin): boolean {
  return origin === 'file' || origin === 'default' || origin === 'chosen';
}

/** What flags and variables say is of the tables of this call, which need not be all of the file. */
function untyped(origins: Settings['origins']): Partial<Settings> {
  const typed = (Object.keys(SETTINGS) as SettingName[]).filter((name) => !mayBeOverridden(origins[name]));
  return Object.fromEntries(typed.map((name) => [name, SETTINGS[name].fallback]));
}

function allDefault(origins: Settings['origins']): Settings['origins'] {
  const names = Object.keys(origins) as SettingName[];
  return names.reduce((all, name) => ({ ...all, [name]: 'default' }), origins);
}

function entryOf(keys: readonly string[], schema: string, name: string): string | null {
  const full = schema === '' ? name : `${schema}.${name}`;
  const same = (key: string, text: string): boolean => unquoted(key).toLowerCase() === text.toLowerCase();
  return (
    keys.find((key) => unquoted(key) === full) ??
    keys.find((key) => same(key, full)) ??
    keys.find((key) => same(key, name)) ??
    // a name typed without schema, before the source has said which one it is in
    keys.find((key) => schema === '' && same(splitAtLastDot(key).name, name)) ??
    keys.find((key) => isGlob(key) && (globOf(key).test(full) || globOf(key).test(name))) ??
    null
  );
}

function unquoted(key: string): string {
  return key.replaceAll(/"((?:[^"]|"")*)"/g, (_, inner: string) => inner.replaceAll('""', '"'));
}

function splitAtLastDot(key: string): { readonly schema: string; readonly name: string } {
  const dot = unquoted(key).lastIndexOf('.');
  return { schema: dot === -1 ? '' : unquoted(key).slice(0, dot), name: unquoted(key).slice(dot + 1) };
}

function isGlob(key: string): boolean {
  return !key.includes('"') && /[*?]/.test(key);
}

function globOf(key: string): RegExp {
  const literal = key.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'isu');
}
