import type pg from 'pg';
import type { ColumnSchema, PhysicalPart } from '../../model/table.ts';
import type { Relation } from './catalog.ts';
import { quoteTable } from './quote.ts';

/** From here on `ctid >= … AND ctid < …` reads only those blocks (Tid Range Scan); before, the whole table. */
const FIRST_VERSION = 140_000;

/**
 * The heaps that hold the table's rows, with their size now: itself, its leaves, its children. Empty when only one of them cannot be read
 * by blocks: a foreign table, another storage than heap, no permission on it by itself, a row policy.
 */
export async function physicalParts(
  client: pg.Client,
  relation: Relation,
  columns: readonly ColumnSchema[],
  serverVersion: number,
): Promise<readonly PhysicalPart[]> {
  if (serverVersion < FIRST_VERSION || !['r', 'p', 'm'].includes(relation.relkind)) return [];
  const { rows } = await client.query<Record<string, string>>({
    text: `
      WITH RECURSIVE member(oid) AS (
        SELECT $1::pg_catalog.oid UNION
        SELECT i.inhrelid FROM member JOIN pg_catalog.pg_inherits i ON i.inhparent = member.oid
      )
      SELECT n.nspname, c.relname,
        pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::pg_catalog.int8 AS blocks,
        c.relkind IN ('r', 'm') AND am.amname = 'heap' AND NOT pg_catalog.row_security_active(c.oid)
          AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
          AND NOT EXISTS (SELECT 1 FROM pg_catalog.unnest($2::pg_catalog.text[]) AS w(name)
            WHERE NOT pg_catalog.has_column_privilege(c.oid, w.name, 'SELECT')) AS usable
      FROM member JOIN pg_catalog.pg_class c ON c.oid = member.oid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
      WHERE c.relkind <> 'p' ORDER BY n.nspname, c.relname`,
    values: [relation.oid, columns.map((column) => column.name)],
  });
  if (rows.some((row) => row['usable'] !== 't')) return [];
  return rows.map((row) => ({
    relation: quoteTable({ schema: row['nspname'] as string, name: row['relname'] as string }),
    blocks: Number(row['blocks']),
  }));
}
