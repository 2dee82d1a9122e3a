import { SqlextractError } from '../model/problem.ts';
import type { TableSchema } from '../model/table.ts';
import { displayName } from '../model/table.ts';
import type { ColumnSelection, SourceSession } from '../sources/source.ts';
import { checkCondition } from './check-condition.ts';
import { checkRefusals } from './check-refusals.ts';
import type { RunWatcher } from './events.ts';
import { narrowSelection } from './narrow-selection.ts';
import type { ExtractRequest } from './request.ts';
import type { RefusedTable, ResolvedTable } from './resolved-table.ts';
import { selectTables } from './select-tables.ts';

const EVERYTHING: ColumnSelection = { include: null, exclude: [], asText: [] };

/**
 * The tables of a command with their columns, types and keys. A table named twice in different spellings is taken once. Under
 * `--on-table-error continue` one that cannot be described, or not be written as asked, is reported and the others go on.
 */
export async function resolveTables(
  request: Pick<ExtractRequest, 'tables' | 'tableSettings' | 'onTableError' | 'driver'>,
  session: SourceSession,
  watcher: RunWatcher | null,
): Promise<{ readonly tables: readonly ResolvedTable[]; readonly refused: readonly RefusedTable[] }> {
  const names = await selectTables(request.tables, async () => session.listTables());
  const refused: RefusedTable[] = [];
  const orRefused = async <T>(name: string, work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      const problem = error instanceof SqlextractError ? error.problem : request.driver.classify(error);
      if (request.onTableError === 'stop' || problem.fault === 'bug') throw error;
      refused.push({ name, problem });
      watcher?.event({ kind: 'table-failed', table: name, problem });
      return null;
    }
  };
  const found = new Map<string, TableSchema>();
  for (const name of names) {
    const table = await orRefused(displayName(name), async () => session.describe(name, EVERYTHING));
    if (table !== null) found.set(displayName(table), table);
  }
  const all = [...found.values()];
  const tables: ResolvedTable[] = [];
  for (const [name, table] of found) {
    const resolved = await orRefused(name, async () => {
      const selected = await selectColumns(request, session, table, all);
      await checkRefusals(selected);
      await checkCondition(selected, session);
      return selected;
    });
    if (resolved !== null) tables.push(resolved);
  }
  return { tables, refused };
}

/** Settings belong to the catalog's spelling of a name, so the table is looked up before its columns are chosen. */
async function selectColumns(
  request: Pick<ExtractRequest, 'tableSettings'>,
  session: SourceSession,
  found: TableSchema,
  all: readonly TableSchema[],
): Promise<ResolvedTable> {
  const typed = request.tableSettings(found.schema, found.name);
  const selection = narrowSelection(typed.selection, found, all);
  const { include, exclude, asText } = selection;
  const everything = include === null && exclude.length === 0 && asText.length === 0;
  const table = everything ? found : await session.describe(found, selection);
  return { name: displayName(table), table, settings: { ...typed, selection } };
}
