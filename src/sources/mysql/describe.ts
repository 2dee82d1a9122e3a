import type { Connection } from 'mysql2';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableName, type TableSchema } from '../../model/table.ts';
import type { ColumnSelection } from '../source.ts';
import { type Relation, resolveTable } from './catalog.ts';
import { type NativeColumn, readColumns, selectColumns } from './columns.ts';
import { asProblem, serverErrorNumber } from './errors.ts';
import { candidateKeys } from './keys.ts';
import { enginesOfView, outsideSnapshot, type ReadEngines } from './query-engines.ts';
import { execute } from './query-rows.ts';
import { quoteName, quoteTable } from './quote.ts';
import { tableId } from './table-id.ts';

/** Throws TABLE_NOT_FOUND, TABLE_AMBIGUOUS, COLUMN_NOT_FOUND, AMBIGUOUS_COLUMN, TYPE_REFUSED, SOURCE_PERMISSION. */
export async function describeTable(
  connection: Connection,
  wanted: TableName,
  selection: ColumnSelection,
  database: string,
): Promise<TableSchema> {
  const relation = await resolveTable(connection, wanted, database);
  const native = await readColumns(connection, relation);
  const columns = selectColumns(relation, native, selection);
  const all = selection.include === null && selection.exclude.length === 0;
  await proveReadable(connection, relation, all ? null : columns.map((column) => column.name));
  const keys = await candidateKeys(connection, relation, native);
  const outside = outsideSnapshot(await enginesOf(connection, relation));
  const { schema, name, kind, estimatedRows, estimatedBytes } = relation;
  return {
    schema,
    name,
    kind,
    estimatedRows,
    estimatedBytes,
    objectId: await tableId(connection, relation),
    columns,
    primaryKey: keys.find((key) => key.kind === 'primary')?.columns ?? [],
    candidateKeys: keys,
    physicalParts: [],
    ...(outside === null ? {} : { outsideSnapshot: outside }),
    remarks: [
      ...remarksOn(
        relation,
        native,
        columns.map((column) => column.name),
      ),
      ...(outside === null ? [] : [outside]),
      ...(keys.some((key) => key.refused === null) ? [] : [NO_KEY[kind === 'view' ? 'view' : 'table']]),
    ],
  };
}

const NO_KEY = {
  view: 'a view has no key, so it is read in one stream; its rows are as consistent as the tables below it',
  table: 'no index gives ranges, so it is read in one stream, which a killed run begins anew',
} as const;

/**
 * Columns that a user has no privilege on are missing from the catalog he sees: without asking for `*`, a file without them would look
 * complete. `names` null: all columns are wanted.
 */
async function proveReadable(
  connection: Connection,
  relation: Relation,
  names: readonly string[] | null,
): Promise<void> {
  const list = names === null ? '*' : names.map(quoteName).join(', ');
  try {
    // Inside another SELECT, because mysql2 refuses an answer with a column called `__proto__`.
    await execute(connection, `SELECT 1 FROM (SELECT ${list} FROM ${quoteTable(relation)}) AS q LIMIT 0`);
  } catch (error) {
    if (![1142, 1143].includes(serverErrorNumber(error) ?? 0)) throw asProblem(error);
    const what =
      names === null ? `all columns of ${displayName(relation)}` : `${displayName(relation)} (${names.join(', ')})`;
    throw new SqlextractError(
      {
        code: 'SOURCE_PERMISSION',
        message: `this user may not read ${what}`,
        hint: 'GRANT SELECT on the table to the user, or name the columns that he may read with --columns',
        fault: 'configuration',
      },
      error,
    );
  }
}

async function enginesOf(connection: Connection, relation: Relation): Promise<ReadEngines> {
  if (relation.kind === 'view') return enginesOfView(connection, relation);
  const { engine } = relation;
  return { loose: engine === null || /^innodb$/i.test(engine) ? [] : [engine], unknown: '' };
}

function remarksOn(relation: Relation, native: readonly NativeColumn[], chosen: readonly string[]): readonly string[] {
  const read = native.filter((column) => chosen.includes(column.name));
  const invisible = read.filter((column) => column.invisible).map((column) => column.name);
  return [
    ...(invisible.length > 0 ? [`invisible columns are read too: ${invisible.join(', ')}`] : []),
    ...(relation.systemVersioned ? ['a system-versioned table: its current rows are read, not their history'] : []),
  ];
}
