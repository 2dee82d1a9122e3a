import { SqlextractError } from '../model/problem.ts';
import type { TableName, TableSchema } from '../model/table.ts';
import { displayName } from '../model/table.ts';
import type { ColumnSelection, SourceSession } from '../sources/source.ts';
import { describeAgain } from './describe-again.ts';
import { describeNamed, describeNamedQuery } from './describe-named.ts';
import { checkCondition } from './check-condition.ts';
import { checkRefusals } from './check-refusals.ts';
import { checkSplit } from './check-split.ts';
import type { RunWatcher } from './events.ts';
import { narrowSelection } from './narrow-selection.ts';
import type { ExtractRequest } from './request.ts';
import type { OrRefused } from './or-refused.ts';
import { refuseInto } from './or-refused.ts';
import type { RefusedTable, ResolvedTable } from './resolved-table.ts';
import { selectTables } from './select-tables.ts';

type ResolveRequest = Pick<
  ExtractRequest,
  'tables' | 'queries' | 'tableSettings' | 'querySettings' | 'policies' | 'onTableError' | 'driver' | 'stop'
>;

/**
 * The tables and queries of a command with their columns, types and keys. A table named twice in different spellings is taken once. Under
 * `--on-table-error continue` one that cannot be described, or not be written as asked, is reported and the others go on.
 */
export async function resolveTables(
  request: ResolveRequest,
  session: SourceSession,
  watcher: RunWatcher | null,
): Promise<{ readonly tables: readonly ResolvedTable[]; readonly refused: readonly RefusedTable[] }> {
  const onlyQueries = request.tables.include.length === 0 && request.queries.length > 0;
  const names = onlyQueries ? [] : await selectTables(request.tables, async () => session.listTables());
  const refused: RefusedTable[] = [];
  const orRefused = refuseInto(refused, request, watcher);
  const found = await describeAll(request, session, names, orRefused);
  const all = [...found.values()];
  const tables: ResolvedTable[] = [];
  for (const [name, table] of found) {
    const resolved = await orRefused(name, async () => {
      const selected = await selectColumns(request, session, table, all);
      await checkRefusals(selected);
      await checkCondition(selected, session);
      await checkSplit(selected, session);
      return selected;
    });
    if (resolved !== null) tables.push(resolved);
  }
  return { tables, refused };
}

/** With all columns, by the name that people see. */
async function describeAll(
  request: ResolveRequest,
  session: SourceSession,
  names: readonly TableName[],
  orRefused: OrRefused,
): Promise<ReadonlyMap<string, TableSchema>> {
  const selection: ColumnSelection = { include: null, exclude: [], asText: [], policies: request.policies };
  const found = new Map<string, TableSchema>();
  for (const name of names) {
    const table = await orRefused(displayName(name), async () =>
      describeNamed(session, name, request.tableSettings(name.schema, name.name).selection),
    );
    if (table !== null) found.set(displayName(table), table);
  }
  for (const query of request.queries) {
    const described = await orRefused(query.name, async () =>
      describeNamedQuery(session, { ...query, selection }, request.querySettings(query.name).selection),
    );
    if (described === null) continue;
    if (found.has(query.name)) throw nameTaken(query.name);
    found.set(query.name, described);
  }
  return found;
}

/** Settings belong to the catalog's spelling of a name, so the table is looked up before its columns are chosen. */
async function selectColumns(
  request: Pick<ExtractRequest, 'tableSettings' | 'querySettings'>,
  session: SourceSession,
  found: TableSchema,
  all: readonly TableSchema[],
): Promise<ResolvedTable> {
  const isQuery = found.query !== undefined;
  const typed = isQuery ? request.querySettings(found.name) : request.tableSettings(found.schema, found.name);
  const selection = narrowSelection(typed.selection, found, all);
  const { include, exclude, asText } = selection;
  const everything = include === null && exclude.length === 0 && asText.length === 0;
  const table = everything ? found : await describeAgain(session, found, selection);
  return { name: displayName(table), table, settings: { ...typed, selection } };
}

function nameTaken(name: string): SqlextractError {
  return new SqlextractError({
    code: 'QUERY_NAME_TAKEN',
    message: `a table and a query of this command are both called ${name}, and would write into one folder`,
    hint: 'give the query another name',
    fault: 'usage',
  });
}
