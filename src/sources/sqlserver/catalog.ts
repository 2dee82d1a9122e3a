import { nearestNames } from '../../model/nearest-names.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableName, type TableRef } from '../../model/table.ts';
import { textOf } from './columns.ts';
import type { Row, SqlServerConnection } from './connection.ts';
import { quoteText } from './quote.ts';
import type { ServerFacts } from './server-facts.ts';

/** A relation found in the catalog. */
export interface Relation extends TableRef {
  readonly objectId: string;
  readonly view: boolean;
  /** History of a system-versioned table, or such a table itself. */
  readonly temporal: 'history' | 'versioned' | null;
  readonly memoryOptimized: boolean;
}

interface Candidate extends Relation {
  /** Equal to the wanted name by the database's own collation. */
  readonly same: boolean;
  readonly inDefaultSchema: boolean;
  readonly sameSchema: boolean;
}

/**
 * Names as they were given are in INFORMATION_SCHEMA: Babelfish has them in lower case elsewhere. Rows by sys.partitions, which is exact enough for
 * balance and needs no permission on the server's state; the size where there are allocation units.
 */
function relations(facts: ServerFacts, filter: string, wanted: TableName): string {
  const bytes = facts.babelfish
    ? 'NULL'
    : `(SELECT SUM(a.total_pages) * 8192 FROM sys.partitions q JOIN sys.allocation_units a ON a.container_id = q.partition_id
        WHERE q.object_id = o.object_id AND q.index_id IN (0, 1))`;
  // It has none of these kinds, and its view of them takes it a fifth of a second.
  const [kinds, join] = facts.babelfish
    ? ['NULL AS temporal_type, NULL AS is_memory_optimized, NULL AS is_external', '']
    : ['t.temporal_type, t.is_memory_optimized, t.is_external', 'LEFT JOIN sys.tables t ON t.object_id = o.object_id'];
  return `/* sqlextract:tables */
    SELECT o.object_id, COALESCE(i.TABLE_SCHEMA, s.name) AS schema_name, COALESCE(i.TABLE_NAME, o.name) AS table_name,
      RTRIM(o.type) AS type, ${kinds},
      CASE WHEN o.name = ${quoteText(wanted.name)} THEN 1 ELSE 0 END AS same_name,
      CASE WHEN s.name = ${quoteText(wanted.schema)} THEN 1 ELSE 0 END AS same_schema,
      CASE WHEN s.name = COALESCE(SCHEMA_NAME(), N'dbo') THEN 1 ELSE 0 END AS default_schema,
      CONVERT(varchar(20), (SELECT SUM(p.rows) FROM sys.partitions p
        WHERE p.object_id = o.object_id AND p.index_id IN (0, 1))) AS row_count,
      CONVERT(varchar(20), ${bytes}) AS bytes
    FROM sys.objects o
    JOIN sys.schemas s ON s.schema_id = o.schema_id
    ${join}
    LEFT JOIN INFORMATION_SCHEMA.TABLES i ON i.TABLE_SCHEMA = s.name AND i.TABLE_NAME = o.name
    WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 AND s.name NOT IN (N'sys', N'INFORMATION_SCHEMA')${filter}
    ORDER BY s.name, o.name`;
}

const NO_NAME: TableName = { schema: '', name: '' };

/** Tables (external ones too) and views of all schemas but the system's. */
export async function listTables(connection: SqlServerConnection, facts: ServerFacts): Promise<readonly TableRef[]> {
  const rows = await connection.rows(relations(facts, '', NO_NAME));
  return rows.map((row) => refOf(candidateOf(row, facts)));
}

/**
 * The relation a person means. A name as the catalog spells it wins; then one that the database's collation calls equal; then one that differs
 * by case only, when there is just one. Without a schema the login's default schema is looked into first, then all others. Throws
 * TABLE_NOT_FOUND, TABLE_AMBIGUOUS.
 */
export async function resolveTable(
  connection: SqlServerConnection,
  facts: ServerFacts,
  wanted: TableName,
): Promise<Relation> {
  const name = quoteText(wanted.name);
  const filter = ` AND (o.name = ${name} OR LOWER(o.name) = LOWER(${name}))`;
  const rows = await connection.rows(relations(facts, filter, wanted));
  const found = pick(
    rows.map((row) => candidateOf(row, facts)),
    wanted,
  );
  if (found.length === 1) return found[0] as Relation;
  if (found.length === 0) throw await notFound(connection, facts, wanted);
  throw new SqlextractError({
    code: 'TABLE_AMBIGUOUS',
    message: `${displayName(wanted)} can mean ${found.map(displayName).join(' or ')}`,
    hint: 'write schema and table exactly as the catalog spells them',
    fault: 'usage',
  });
}

/** The candidates of the best rank: the more exact a name is, the earlier it is asked for. */
function pick(all: readonly Candidate[], wanted: TableName): readonly Candidate[] {
  const lower = wanted.schema.toLowerCase();
  const schemas: ((one: Candidate) => boolean)[] =
    wanted.schema === ''
      ? [(one) => one.inDefaultSchema, () => true]
      : [(one) => one.schema === wanted.schema, (one) => one.sameSchema, (one) => one.schema.toLowerCase() === lower];
  const names: ((one: Candidate) => boolean)[] = [(one) => one.name === wanted.name, (one) => one.same, () => true];
  for (const inSchema of schemas) {
    for (const named of names) {
      const found = all.filter((one) => inSchema(one) && named(one));
      if (found.length > 0) return found;
    }
  }
  return [];
}

async function notFound(
  connection: SqlServerConnection,
  facts: ServerFacts,
  wanted: TableName,
): Promise<SqlextractError> {
  const names = (await listTables(connection, facts)).map(displayName);
  const base = await synonymOf(connection, wanted);
  const nearest = nearestNames(displayName(wanted), [...names, ...names.map((name) => name.replace(/^dbo\./, ''))]);
  return new SqlextractError({
    code: 'TABLE_NOT_FOUND',
    message: `there is no table ${displayName(wanted)} in database ${facts.database}, or this login may not see it`,
    hint:
      base !== null
        ? `it is a synonym of ${base}: name that one, in the database that it is in`
        : nearest.length > 0
          ? `did you mean ${nearest.join(', ')}?`
          : 'see all tables with sqlextract inspect',
    fault: 'usage',
  });
}

/** What a synonym of this name stands for, as it was written; null when there is none, or more than one. */
async function synonymOf(connection: SqlServerConnection, wanted: TableName): Promise<string | null> {
  const schema = wanted.schema === '' ? '' : ` AND s.name = ${quoteText(wanted.schema)}`;
  const rows = await connection.rows(
    `/* sqlextract:synonyms */ SELECT y.base_object_name FROM sys.synonyms y JOIN sys.schemas s ON s.schema_id = y.schema_id
      WHERE y.name = ${quoteText(wanted.name)}${schema}`,
  );
  return rows.length === 1 ? textOf(rows[0] as Row, 'base_object_name') : null;
}

function candidateOf(row: Row, facts: ServerFacts): Candidate {
  const view = row['type'] === 'V';
  const rows = typeof row['row_count'] === 'string' ? Number(row['row_count']) : null;
  return {
    objectId: textOf(row, 'object_id'),
    schema: textOf(row, 'schema_name'),
    name: textOf(row, 'table_name'),
    kind: view ? 'view' : row['is_external'] === '1' ? 'foreign table' : 'table',
    view,
    temporal: row['temporal_type'] === '1' ? 'history' : row['temporal_type'] === '2' ? 'versioned' : null,
    memoryOptimized: row['is_memory_optimized'] === '1',
    // Babelfish has 0 until the table was analysed.
    estimatedRows: view || (facts.babelfish && rows === 0) ? null : rows,
    estimatedBytes: !view && typeof row['bytes'] === 'string' ? Number(row['bytes']) : null,
    same: row['same_name'] === '1',
    sameSchema: row['same_schema'] === '1',
    inDefaultSchema: row['default_schema'] === '1',
  };
}

function refOf({ schema, name, kind, estimatedRows, estimatedBytes }: Relation): TableRef {
  return { schema, name, kind, estimatedRows, estimatedBytes };
}
