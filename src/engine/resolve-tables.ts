import type { Problem } from '../model/problem.ts';
import { SqlextractError } from '../model/problem.ts';
import type { TableSchema } from '../model/table.ts';
import { displayName } from '../model/table.ts';
import type { ColumnSelection, SourceSession } from '../sources/source.ts';
import type { RunWatcher } from './events.ts';
import type { ExtractRequest, TableSettings } from './request.ts';
import { selectTables } from './select-tables.ts';

export interface ResolvedTable {
  readonly name: string;
  readonly table: TableSchema;
  readonly settings: TableSettings;
}

export interface RefusedTable {
  readonly name: string;
  readonly problem: Problem;
}

const EVERYTHING: ColumnSelection = { include: null, exclude: [], asText: [] };

/**
 * The tables of a command with their columns, types and keys. A table named twice in different spellings is taken once. Under
 * `--on-table-error continue` one that cannot be described is reported and the others go on.
 */
export async function resolveTables(
  request: Pick<ExtractRequest, 'tables' | 'tableSettings' | 'onTableError' | 'driver'>,
  session: SourceSession,
  watcher: RunWatcher | null,
): Promise<{ readonly tables: readonly ResolvedTable[]; readonly refused: readonly RefusedTable[] }> {
  const names = await selectTables(request.tables, async () => session.listTables());
  const tables = new Map<string, ResolvedTable>();
  const refused: RefusedTable[] = [];
  for (const name of names) {
    try {
      const resolved = await resolveOne(request, session, name);
      tables.set(resolved.table.objectId + resolved.name, resolved);
    } catch (error) {
      const problem = error instanceof SqlextractError ? error.problem : request.driver.classify(error);
      if (request.onTableError === 'stop' || problem.fault === 'bug') throw error;
      refused.push({ name: displayName(name), problem });
      watcher?.event({ kind: 'table-failed', table: displayName(name), problem });
    }
  }
  return { tables: [...tables.values()], refused };
}

/** Settings belong to the catalog's spelling of a name, so the table is looked up before its columns are chosen. */
async function resolveOne(
  request: Pick<ExtractRequest, 'tableSettings'>,
  session: SourceSession,
  typed: { schema: string; name: string },
): Promise<ResolvedTable> {
  const found = await session.describe(typed, EVERYTHING);
  const settings = request.tableSettings(found.schema, found.name);
  const { include, exclude, asText } = settings.selection;
  const all = include === null && exclude.length === 0 && asText.length === 0;
  const table = all ? found : await session.describe(found, settings.selection);
  return { name: displayName(table), table, settings };
}
