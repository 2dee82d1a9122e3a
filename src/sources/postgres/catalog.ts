import type pg from 'pg';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableName, type TableRef } from '../../model/table.ts';
import { nearestNames } from '../../model/nearest-names.ts';

/** A relation found in the catalog. */
export interface Relation extends TableRef {
  readonly oid: string;
  /** pg_class.relkind: r table, p partitioned, v view, m materialized view, f foreign table. */
  readonly relkind: string;
}

export const KINDS: Readonly<Record<string, TableRef['kind']>> = {
  r: 'table',
  p: 'partitioned table',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
};

/** Schemas whose relations are the server's own. */
const SYSTEM =
  "n.nspname IN ('pg_catalog', 'information_schema') OR n.nspname LIKE 'pg\\_toast%' OR n.nspname LIKE 'pg\\_temp\\_%'";

/**
 * Rows and bytes by the statistics, summed over the leaves; a relation that was never analysed has -1 (0 before PostgreSQL 14) and counts
 * as unknown. Walks pg_inherits, which holds partitions and classic children alike.
 */
function relationsWhere(rootFilter: string): string {
  return `
  WITH RECURSIVE member(root, oid) AS (
    SELECT c.oid, c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT (${SYSTEM}) AND ${rootFilter}
    UNION ALL
    SELECT member.root, i.inhrelid FROM member JOIN pg_catalog.pg_inherits i ON i.inhparent = member.oid
  ), size AS (
    SELECT member.root,
      sum(CASE WHEN c.relkind IN ('r', 'm', 'f') THEN c.reltuples::pg_catalog.float8 END) AS rows,
      bool_or(c.relkind IN ('r', 'm', 'f') AND c.reltuples < 0) AS unknown,
      sum(CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_table_size(c.oid) END) AS bytes
    FROM member JOIN pg_catalog.pg_class c ON c.oid = member.oid GROUP BY member.root
  )
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.relispartition, size.bytes,
    CASE WHEN size.unknown THEN NULL ELSE size.rows::pg_catalog.int8 END AS rows
  FROM size JOIN pg_catalog.pg_class c ON c.oid = size.root JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  ORDER BY n.nspname, c.relname`;
}

/** Tables, partitioned parents (not their partitions), views, materialized views and foreign tables of all schemas but the system's. */
export async function listTables(client: pg.Client): Promise<readonly TableRef[]> {
  const { rows } = await client.query(relationsWhere('NOT c.relispartition'));
  return rows.map((row) => withoutOid(relationOf(row)));
}

/**
 * The relation a person means. A name as the catalog spells it wins; else one that differs by case only, when there is just one.
 * Without a schema `public` is looked into first, then all others. Throws TABLE_NOT_FOUND, TABLE_AMBIGUOUS.
 */
export async function resolveTable(client: pg.Client, wanted: TableName): Promise<Relation> {
  const { rows } = await client.query({
    text: relationsWhere('pg_catalog.lower(c.relname) = pg_catalog.lower($1)'),
    values: [wanted.name],
  });
  const found = pick(rows.map(relationOf), wanted);
  if (found.length === 1) return found[0] as Relation;
  if (found.length === 0) throw await notFound(client, wanted);
  throw new SqlextractError({
    code: 'TABLE_AMBIGUOUS',
    message: `${displayName(wanted)} can mean ${found.map(displayName).join(' or ')}`,
    hint: 'write schema and table exactly as the catalog spells them',
    fault: 'usage',
  });
}

/** The candidates of the best rank: the more exact a name is, the earlier it is asked for. */
function pick(all: readonly Relation[], wanted: TableName): readonly Relation[] {
  const lower = wanted.schema.toLowerCase();
  const ranks: ((one: Relation) => boolean)[] =
    wanted.schema === ''
      ? [
          (one) => one.name === wanted.name && one.schema === 'public',
          (one) => one.name === wanted.name,
          (one) => one.schema === 'public',
          () => true,
        ]
      : [
          (one) => one.name === wanted.name && one.schema === wanted.schema,
          (one) => one.schema === wanted.schema,
          (one) => one.name === wanted.name && one.schema.toLowerCase() === lower,
          (one) => one.schema.toLowerCase() === lower,
        ];
  for (const rank of ranks) {
    const found = all.filter(rank);
    if (found.length > 0) return found;
  }
  return [];
}

async function notFound(client: pg.Client, wanted: TableName): Promise<SqlextractError> {
  const names = (await listTables(client)).map(displayName);
  const nearest = nearestNames(displayName(wanted), [...names, ...names.map((name) => name.replace(/^public\./, ''))]);
  return new SqlextractError({
    code: 'TABLE_NOT_FOUND',
    message: `there is no table ${displayName(wanted)} in this database`,
    hint: nearest.length > 0 ? `did you mean ${nearest.join(', ')}?` : 'see all tables with sqlextract inspect',
    fault: 'usage',
  });
}

function relationOf(row: Record<string, string | null>): Relation {
  return {
    oid: row['oid'] as string,
    relkind: row['relkind'] as string,
    schema: row['nspname'] as string,
    name: row['relname'] as string,
    kind: KINDS[row['relkind'] as string] ?? 'table',
    estimatedRows: row['rows'] === null ? null : Number(row['rows']),
    estimatedBytes: row['bytes'] === null ? null : Number(row['bytes']),
  };
}

function withoutOid({ schema, name, kind, estimatedRows, estimatedBytes }: Relation): TableRef {
  return { schema, name, kind, estimatedRows, estimatedBytes };
}
