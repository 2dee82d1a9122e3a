import type pg from 'pg';
import type { CandidateKey } from '../../model/table.ts';
import type { Relation } from './catalog.ts';
import { staleCollations } from './collations.ts';
import { rowValueRefused } from './row-value.ts';

/** One column of one usable index. */
interface IndexColumn {
  readonly oid: string;
  readonly index: string;
  readonly primary: boolean;
  readonly unique: boolean;
  readonly column: string;
  readonly notNull: boolean;
  readonly integer: boolean;
  /** Operators of its type are found without a search path. */
  readonly builtin: boolean;
  readonly row: boolean;
  readonly type: string;
  readonly collation: string;
}

/**
 * B-tree indexes whose order is the order of the columns: valid, not partial, no expressions, default operator class, the column's own
 * collation, one direction. (`indoption` bit 0 is DESC; indkey, indclass … are arrays that begin at 0.) A deferrable constraint is
 * unique only at commit and counts as not unique.
 */
const INDEXES = `
  WITH RECURSIVE index_column AS (
    SELECT i.indexrelid, ic.relname, i.indisprimary, i.indisunique AND i.indimmediate AS is_unique, p.pos,
      a.attname, a.attnotnull, a.atttypid, a.attcollation,
      o.opcdefault AND i.indcollation[p.pos] = a.attcollation AND i.indoption[p.pos] & 1 = i.indoption[0] & 1 AS in_order
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
    JOIN pg_catalog.pg_am am ON am.oid = ic.relam AND am.amname = 'btree'
    CROSS JOIN LATERAL pg_catalog.generate_series(0, i.indnkeyatts - 1) AS p(pos)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p.pos]
    JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[p.pos]
    WHERE i.indrelid = $1::pg_catalog.oid AND i.indisvalid AND i.indislive AND i.indpred IS NULL AND i.indexprs IS NULL
  ), base(start, oid) AS (
    SELECT DISTINCT atttypid, atttypid FROM index_column
    UNION ALL
    SELECT base.start, t.typbasetype FROM base JOIN pg_catalog.pg_type t ON t.oid = base.oid WHERE t.typtype = 'd'
  )
  SELECT x.indexrelid, x.relname, x.indisprimary, x.is_unique, x.attname, x.attnotnull, x.attcollation,
    bool_and(x.in_order) OVER (PARTITION BY x.indexrelid) AS in_order,
    t.typname IN ('int2', 'int4', 'int8') AND n.nspname = 'pg_catalog' AS is_integer,
    n.nspname = 'pg_catalog' OR t.typtype IN ('e', 'c', 'r', 'm') OR t.typcategory = 'A' AS builtin, t.typtype = 'c' AS is_row,
    pg_catalog.format_type(t.oid, NULL) AS type_name
  FROM index_column x
  JOIN base ON base.start = x.atttypid
  JOIN pg_catalog.pg_type t ON t.oid = base.oid AND t.typtype <> 'd'
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  ORDER BY x.indexrelid, x.pos`;

/**
 * Best first: primary key, unique keys without NULL, unique keys with NULL, plain indexes over NOT NULL columns, the others. `inherited` is true
 * for a parent of classic inheritance: its keys say nothing about its children's rows.
 */
export async function candidateKeys(
  client: pg.Client,
  relation: Relation,
  serverVersion: number,
  inherited: boolean,
): Promise<readonly CandidateKey[]> {
  const { rows } = await client.query<Record<string, string>>({ text: INDEXES, values: [relation.oid] });
  const columns = rows.filter((row) => row['in_order'] === 't').map(indexColumnOf);
  const stale = await staleCollations(
    client,
    columns.map((column) => column.collation),
    serverVersion,
  );
  const scattered = await scatteredColumns(client, relation);
  return [...Map.groupBy(columns, (column) => column.oid).values()]
    .map((parts) => candidateOf(parts, inherited, stale, scattered))
    .sort((one, other) => rank(one) - rank(other) || (one.name < other.name ? -1 : 1));
}

function candidateOf(
  parts: readonly IndexColumn[],
  inherited: boolean,
  stale: ReadonlyMap<string, string>,
  scattered: ReadonlySet<string>,
): CandidateKey {
  const [first] = parts as readonly [IndexColumn, ...IndexColumn[]];
  const unique = first.unique && !inherited;
  return {
    name: first.index,
    columns: parts.map((part) => part.column),
    kind: !unique ? 'index' : first.primary ? 'primary' : 'unique',
    unique,
    nullable: inherited || parts.some((part) => !part.notNull),
    integer: parts.length === 1 && first.integer,
    scattered: scattered.has(first.column),
    refused: refusedKey(parts, stale),
  };
}

function refusedKey(parts: readonly IndexColumn[], stale: ReadonlyMap<string, string>): string | null {
  const foreign = parts.find((part) => !part.builtin);
  if (foreign !== undefined)
    return `column ${foreign.column} has the type ${foreign.type} of an extension, whose order is not PostgreSQL's own`;
  const row = parts.find((part) => part.row);
  if (row !== undefined) return rowValueRefused(`column ${row.column}`);
  return parts.map((part) => stale.get(part.collation)).find((reason) => reason !== undefined) ?? null;
}

function rank(key: CandidateKey): number {
  const kind = key.kind === 'primary' ? 0 : (key.unique ? 100 : 300) + (key.nullable ? 100 : 0);
  return kind + (key.integer ? 0 : 50) + Math.min(key.columns.length, 40);
}

function indexColumnOf(row: Record<string, string>): IndexColumn {
  return {
    oid: row['indexrelid'] as string,
    index: row['relname'] as string,
    primary: row['indisprimary'] === 't',
    unique: row['is_unique'] === 't',
    column: row['attname'] as string,
    notNull: row['attnotnull'] === 't',
    integer: row['is_integer'] === 't',
    builtin: row['builtin'] === 't',
    row: row['is_row'] === 't',
    type: row['type_name'] as string,
    collation: row['attcollation'] as string,
  };
}

/** Below this a table is in memory anyway. */
const LARGE_BYTES = 64 * 1024 * 1024;

/** Columns whose order in the table has little to do with their values, by the statistics of the table and its parts. */
async function scatteredColumns(client: pg.Client, relation: Relation): Promise<ReadonlySet<string>> {
  if ((relation.estimatedBytes ?? 0) < LARGE_BYTES) return new Set();
  const { rows } = await client.query<{ attname: string }>({
    text: `
      WITH RECURSIVE member(oid) AS (
        SELECT $1::pg_catalog.oid UNION ALL
        SELECT i.inhrelid FROM member JOIN pg_catalog.pg_inherits i ON i.inhparent = member.oid
      )
      SELECT s.attname FROM member JOIN pg_catalog.pg_class c ON c.oid = member.oid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND NOT s.inherited
      GROUP BY s.attname HAVING avg(abs(s.correlation)) < 0.5`,
    values: [relation.oid],
  });
  return new Set(rows.map((row) => row.attname));
}
