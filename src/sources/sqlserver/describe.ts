import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableName, type TableSchema } from '../../model/table.ts';
import type { ColumnSelection } from '../source.ts';
import { type Relation, resolveTable } from './catalog.ts';
import { type NativeColumn, objectNumber, readColumns } from './columns.ts';
import type { SqlServerConnection } from './connect.ts';
import { maskedElsewhere, securityPolicies } from './hidden-rows.ts';
import { type TableKeys, tableKeys } from './keys.ts';
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
    ...(kind === 'foreign table' ? { outsideSnapshot: FOREIGN_ROWS } : {}),
    remarks: [
      ...remarksOn(relation, keys, native),
      ...(relation.view ? await securityPolicies(connection, facts) : []),
    ],
  };
}

const FOREIGN_ROWS = 'an external table: its rows lie outside of this server, and no snapshot covers them';

function remarksOn(relation: Relation, keys: TableKeys, columns: readonly NativeColumn[]): readonly string[] {
  const set = columns.find(({ columnSet }) => columnSet);
  const noKey = keys.candidates.every(({ refused }) => refused !== null);
  return [
    ...(relation.kind === 'foreign table' ? [FOREIGN_ROWS] : []),
    ...(relation.temporal === 'versioned'
      ? ['a system-versioned table: its rows of now are read; its history is a table of its own']
      : []),
    ...(relation.temporal === 'history' ? ['the history of a system-versioned table'] : []),
    ...(relation.memoryOptimized ? ['a memory-optimized table: it is read under its own snapshots'] : []),
    ...(set === undefined ? [] : [`column set ${set.name} is left out: its sparse columns are read by their names`]),
    ...(relation.view && noKey ? ['a view has no key, so it is read in one stream'] : []),
    ...(!relation.view && noKey
      ? ['a heap without an index that ranges can be cut from: it is read in one stream']
      : []),
  ];
}

/** Throws SOURCE_ROW_SECURITY, SOURCE_MASKED. */
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
  if (relation.view && (await maskedElsewhere(connection, facts))) throw maskedBelow(displayName(relation));
}

export function maskedBelow(what: string): SqlextractError {
  return new SqlextractError({
    code: 'SOURCE_MASKED',
    message: `${what} may show masked values: tables of this database have masked columns, and this login may not see through them`,
    hint: 'GRANT UNMASK to the login, or read the tables by themselves',
    fault: 'configuration',
  });
}
