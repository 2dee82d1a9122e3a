import type pg from 'pg';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableName, type TableSchema } from '../../model/table.ts';
import type { ColumnSelection } from '../source.ts';
import { type Relation, resolveTable } from './catalog.ts';
import { readColumns, selectColumns } from './columns.ts';
import { candidateKeys } from './keys.ts';
import { physicalParts } from './physical-parts.ts';
import { FOREIGN_ROWS } from './query-relations.ts';

/** Throws TABLE_NOT_FOUND, TABLE_AMBIGUOUS, COLUMN_NOT_FOUND, AMBIGUOUS_COLUMN, SOURCE_PERMISSION, SOURCE_ROW_SECURITY. */
export async function describeTable(
  client: pg.Client,
  wanted: TableName,
  selection: ColumnSelection,
  serverVersion: number,
): Promise<TableSchema> {
  const relation = await resolveTable(client, wanted);
  const facts = await readFacts(client, relation);
  if (facts.filtered) throw rowSecurity(relation);
  const native = await readColumns(client, relation.oid);
  const inherited = facts.hasChildren && relation.relkind === 'r';
  const columns = selectColumns(relation, native, selection, inherited);
  const hidden = columns.filter(({ name }) => native.some((column) => column.name === name && !column.readable));
  if (hidden.length > 0 || !facts.schemaUsable) {
    throw permission(relation, facts.schemaUsable ? hidden.map((column) => column.name) : []);
  }
  const keys = await candidateKeys(client, relation, serverVersion, inherited);
  const parts = await physicalParts(client, relation, columns, serverVersion);
  const { schema, name, kind, estimatedRows, estimatedBytes } = relation;
  return {
    schema,
    name,
    kind,
    estimatedRows,
    estimatedBytes,
    objectId: relation.oid,
    columns,
    primaryKey: inherited ? [] : (keys.find((key) => key.kind === 'primary')?.columns ?? []),
    candidateKeys: keys,
    physicalParts: parts,
    ...(facts.foreignParts ? { outsideSnapshot: FOREIGN_ROWS } : {}),
    remarks: remarksOn(relation, inherited, facts.foreignParts),
  };
}

interface Facts {
  readonly schemaUsable: boolean;
  /** A row policy applies to this user. */
  readonly filtered: boolean;
  readonly hasChildren: boolean;
  readonly foreignParts: boolean;
}

async function readFacts(client: pg.Client, relation: Relation): Promise<Facts> {
  const { rows } = await client.query<Record<string, string>>({
    text: `
      WITH RECURSIVE member(oid) AS (
        SELECT $1::pg_catalog.oid UNION
        SELECT i.inhrelid FROM member JOIN pg_catalog.pg_inherits i ON i.inhparent = member.oid
      )
      SELECT pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') AS usable,
        pg_catalog.row_security_active(c.oid) AS filtered,
        EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid) AS children,
        EXISTS (SELECT 1 FROM member JOIN pg_catalog.pg_class f ON f.oid = member.oid WHERE f.relkind = 'f') AS foreign_parts
      FROM pg_catalog.pg_class c WHERE c.oid = $1::pg_catalog.oid`,
    values: [relation.oid],
  });
  const row = rows[0] ?? {};
  return {
    schemaUsable: row['usable'] === 't',
    filtered: row['filtered'] === 't',
    hasChildren: row['children'] === 't',
    foreignParts: row['foreign_parts'] === 't',
  };
}

function remarksOn(relation: Relation, inherited: boolean, foreignParts: boolean): readonly string[] {
  return [
    ...(inherited ? ['the tables that inherit from it are read with it'] : []),
    ...(foreignParts ? [FOREIGN_ROWS] : []),
    ...(relation.relkind === 'v' ? ['a view has no key, so it is read in one stream'] : []),
  ];
}

function permission(relation: Relation, columns: readonly string[]): SqlextractError {
  const what = columns.length === 0 ? `the schema ${relation.schema}` : `column ${columns.join(', ')}`;
  return new SqlextractError({
    code: 'SOURCE_PERMISSION',
    message: `this user may not read ${what} of ${displayName(relation)}`,
    hint: 'GRANT USAGE on the schema and SELECT on the table to the user, or leave columns out with --exclude-columns',
    fault: 'configuration',
  });
}

function rowSecurity(relation: Relation): SqlextractError {
  return new SqlextractError({
    code: 'SOURCE_ROW_SECURITY',
    message: `row-level security hides rows of ${displayName(relation)} from this user`,
    hint: 'use the owner of the table or a role with BYPASSRLS; what a policy leaves visible is not the table',
    fault: 'configuration',
  });
}
