import { shellWord } from '../config/process-environment.ts';
import { holdsPassword } from '../config/redact.ts';
import type { Settings } from '../config/settings.ts';
import { tableSettings } from '../config/table-settings.ts';
import { describeNamed } from '../engine/describe-named.ts';
import { selectTables } from '../engine/select-tables.ts';
import { type SuggestedTable, suggestTables } from '../engine/suggest-tables.ts';
import type { TableName, TableRef } from '../model/table.ts';
import { checkFlags } from './check-flags.ts';
import { typedSelection } from './inspect-source.ts';
import { sourceOf } from './open-source.ts';
import { typedColumns, typedTable } from './typed-names.ts';

/** What `inspect --suggest` found; `--json` prints it as it is. */
export interface SuggestionReport {
  readonly kind: 'suggestions';
  readonly source: string;
  readonly tables: readonly SuggestedCommand[];
}

export interface SuggestedCommand extends SuggestedTable {
  /** What to type; null where the table cannot be extracted as it is. */
  readonly command: string | null;
}

/** `named`: of the tables that the settings name; else of all that are there and not excluded. */
export async function suggestSource(settings: Settings, named: boolean): Promise<SuggestionReport> {
  const { source } = await sourceOf(settings);
  const choose = async (listed: readonly TableRef[]): Promise<readonly TableName[]> => {
    if (!named && listed.length === 0) return [];
    const patterns = { include: named ? settings.tables : ['*'], exclude: settings.excludeTables };
    return selectTables(patterns, async () => listed);
  };
  const tables = await suggestTablesOf(settings, choose);
  const commands = tables.map((table) => ({ ...table, command: commandOf(table, settings) }));
  return { kind: 'suggestions', source: source.displayUrl, tables: commands };
}

/** Of all tables that are there. */
export async function suggestAll(settings: Settings): Promise<readonly SuggestedTable[]> {
  return suggestTablesOf(settings, async (listed) => listed);
}

async function suggestTablesOf(
  settings: Settings,
  choose: (listed: readonly TableRef[]) => Promise<readonly TableName[]>,
): Promise<readonly SuggestedTable[]> {
  const { driver, source } = await sourceOf(settings);
  checkFlags(settings, driver);
  await using session = await driver.open(source, 'coordinator');
  const listed = await session.listTables();
  const same = (one: TableName, other: TableName): boolean => one.schema === other.schema && one.name === other.name;
  const names = (await choose(listed)).map((name) => listed.find((table) => same(table, name)) ?? name);
  const rowCursor = driver.capabilities.rowCursor ?? null;
  return await suggestTables({ session, rowCursor }, names, async (name) =>
    describeNamed(session, name, typedSelection(settings, tableSettings(settings, name.schema, name.name))),
  );
}

function commandOf(table: SuggestedTable, settings: Settings): string | null {
  const { suggestion } = table;
  if (suggestion === null) return null;
  const words = ['sqlextract', 'extract', ...sourceWords(settings), '--table', typedTable(table)];
  if (suggestion.kind === 'incremental') {
    words.push('--incremental-by', suggestion.by, '--strategy', suggestion.strategy);
    if (suggestion.uniqueKey.length > 0) words.push('--unique-key', typedColumns(suggestion.uniqueKey));
  }
  return words.map(shellWord).join(' ');
}

/** As it was typed; a password is not said again, and the environment or the file is there for the next command as well. */
function sourceWords({ source }: Settings): readonly string[] {
  if (source === null || source.origin !== 'flag') return [];
  if (source.name !== null) return ['--source', source.name];
  return ['--source', holdsPassword(source.url) ? source.displayUrl : source.url];
}
