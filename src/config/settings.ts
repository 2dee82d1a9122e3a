import type { ConfigFile } from './config-file.ts';
import type { Environment } from './expand-references.ts';
import type { QuerySetting } from './query-settings.ts';
import type { Resources } from './resources.ts';
import type { Origin, SettingName, ValueOf } from './setting-table.ts';

/** The values of all settings that have one value: flags > environment > file > defaults. */
export type SettingValues = {
  readonly [Name in SettingName]: ValueOf<Name>;
};

/** Everything that a command may want to know, merged and checked. Folders are absolute. */
export interface Settings extends Omit<SettingValues, 'workers' | 'batchRows' | 'bufferBytes'> {
  /** Chosen from the cores and the memory when not given. */
  readonly workers: number;
  readonly batchRows: number;
  readonly bufferBytes: number;
  /** Null when none is named anywhere; `requireSource` is the error for it. */
  readonly source: SourceSetting | null;
  /** Names or globs: of `--table`, else the keys of `tables:` in the file, else none. */
  readonly tables: readonly string[];
  readonly excludeTables: readonly string[];
  /** Of `--query` and `--name`, else those of the file when no `--table` is given. */
  readonly queries: readonly QuerySetting[];
  /** The command itself names its query. */
  readonly namesQuery: boolean;
  /** Of the flags; null: not given. The ones of the file come from `tableSettings`. */
  readonly columns: readonly string[] | null;
  readonly excludeColumns: readonly string[] | null;
  readonly asText: readonly string[] | null;
  readonly uniqueKey: readonly string[] | null;
  readonly fresh: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  /** Where each of the values came from. */
  readonly origins: Readonly<Record<SettingName, Origin>>;
  readonly file: ConfigFile | null;
  readonly resources: Resources;
  /** For SourceInput.environment: what the drivers' own tools honour is theirs to pick. */
  readonly environment: Environment;
  /** Passwords that are known by now; for `scrubSecrets`. */
  readonly secrets: readonly string[];
  /** Sentences for stderr, each once: a password in argv, a variable that is nearly a setting. */
  readonly warnings: readonly string[];
}

export interface SourceSetting {
  /** The name in `sources:`; null for a URL or a path that was given itself. */
  readonly name: string | null;
  /** May hold a password: never print it. A path is absolute. */
  readonly url: string;
  readonly displayUrl: string;
  readonly origin: Origin;
}
