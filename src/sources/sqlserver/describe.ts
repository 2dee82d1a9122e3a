import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableName, type TableSchema } from '../../model/table.ts';
import type { ColumnSelection } from '../source.ts';
import { type Relation, resolveTable } from './catalog.ts';
import { type NativeColumn, objectNumber, readColumns } from './columns.ts';
import type { SqlServerConnection } from './connection.ts';
import { remarksBelow, securityPolicies } from './hidden-rows.ts';
import { type TableKeys, tableKeys } from './keys.ts';
import { MEMORY_OPTIMIZED } from './memory-optimized.ts';
import { selectColumns } from './select-columns.ts';
import type { ServerFacts } from './server-facts.ts';

/** Throws TABLE_NOT_FOUND, TABLE_AMBIGUOUS, COLUMN_NOT_FOUND, AMBIGUOUS_COLUMN, SOURCE_PERMISSION, SOURCE_ROW_SECURITY, SOURCE_MASKED, TYPE_REFUSED. */
export async function describeTable(
  connection: SqlServerConnection,
  facts: ServerFacts,
  wanted: TableName,
  selection: ColumnSelection,
): Promise<TableSchema> {
  const relation = await resolveTable(connection, facts, wanted);
  await requireAllRows(connection, facts, relation);
  const native = await readColumns(connection, relation);
  const columns = selectColumns(relation, native, selection);
  const keys = await tableKeys(connection, relation, native);
  const { schema, name, kind, estimatedRows, estimatedBytes, objectId } = relation;
  return {
    schema,
    name,
    kind,
    estimatedRows,
    estimatedBytes,
    objectId,
    columns,
    primaryKey: keys.primaryKey,
    candidateKeys: keys.candidates,
    physicalParts: [],
    ...outsideSnapshot(relation),
    remarks: [
      ...remarksOn(relation, keys, native),
      ...(relation.view ? await remarksOnView(connection, facts, relation) : []),
    ],
  };
}

const FOREIGN_ROWS = 'an external table: its rows lie outside of this server, and no snapshot covers them';

function outsideSnapshot(relation: Relation): { readonly outsideSnapshot?: string } {
  if (relation.kind === 'foreign table') return { outsideSnapshot: FOREIGN_ROWS };
  return relation.memoryOptimized ? { outsideSnapshot: MEMORY_OPTIMIZED } : {};
}

function remarksOn(relation: Relation, keys: TableKeys, columns: readonly NativeColumn[]): readonly string[] {
  const set = columns.find(({ columnSet }) => columnSet);
  const noKey = keys.candidates.every(({ refused }) => refused !== null);
  return [
    ...(relation.kind === 'foreign table' ? [FOREIGN_ROWS] : []),
    ...(relation.temporal === 'versioned'
      ? ['a system-versioned table: its rows of now are read; its history is a table of its own']
      : []),
    ...(relation.temporal === 'history' ? ['the history of a system-versioned table'] : []),
    ...(relation.memoryOptimized ? [MEMORY_OPTIMIZED] : []),
    ...(set === undefined ? [] : [`column set ${set.name} is left out: its sparse columns are read by their names`]),
    ...(relation.view && noKey ? ['a view has no key, so it is read in one stream'] : []),
    ...(!relation.view && noKey
      ? ['a heap without an index that ranges can be cut from: it is read in one stream']
      : []),
  ];
}

/** Throws SOURCE_MASKED. */
async function remarksOnView(
  connection: SqlServerConnection,
  facts: ServerFacts,
  relation: Relation,
): Promise<readonly string[]> {
  if (facts.babelfish) return [];
  const [row] = await connection.rows(
    `/* sqlextract:definition */ SELECT OBJECT_DEFINITION(${objectNumber(relation)}) AS text`,
  );
  const text = row?.['text'];
  return remarksBelow(connection, facts, displayName(relation), typeof text === 'string' ? text : null);
}

/** Throws SOURCE_ROW_SECURITY. */
async function requireAllRows(connection: SqlServerConnection, facts: ServerFacts, relation: Relation): Promise<void> {
  const policies = await securityPolicies(connection, facts, objectNumber(relation));
  if (policies.length > 0) {
    throw new SqlextractError({
      code: 'SOURCE_ROW_SECURITY',
      message: `a security policy can hide rows of ${displayName(relation)} from this login, as from everybody`,
      hint: 'switch it off with ALTER SECURITY POLICY … WITH (STATE = OFF); to read what it leaves visible, say so with --query "SELECT … FROM …"',
      fault: 'configuration',
    });
  }
}
