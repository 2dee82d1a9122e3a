import { resolveColumn } from '../resolve-column.ts';
import type pg from 'pg';
import { SqlextractError } from '../../model/problem.ts';
import { type ColumnSchema, displayName, type TableName } from '../../model/table.ts';
import type { ColumnSelection } from '../source.ts';
import { type NativeType, planColumn } from './types.ts';

/** A column as the catalog has it, in the table's own order. */
export interface NativeColumn {
  readonly name: string;
  readonly notNull: boolean;
  /** This user may read it. */
  readonly readable: boolean;
  readonly native: NativeType;
}

/** Domains are followed to their base type; the innermost domain with a type modifier gives it. */
const COLUMNS = `
  WITH RECURSIVE base(attnum, oid, typmod) AS (
    SELECT a.attnum, a.atttypid, a.atttypmod FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = $1::pg_catalog.oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT base.attnum, t.typbasetype, t.typtypmod FROM base JOIN pg_catalog.pg_type t ON t.oid = base.oid
    WHERE t.typtype = 'd'
  )
  SELECT a.attname, a.attnotnull, pg_catalog.format_type(a.atttypid, a.atttypmod) AS display,
    pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS readable,
    n.nspname, t.typname, t.typtype, base.typmod
  FROM base
  JOIN pg_catalog.pg_type t ON t.oid = base.oid AND t.typtype <> 'd'
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = $1::pg_catalog.oid AND a.attnum = base.attnum
  ORDER BY a.attnum`;

export async function readColumns(client: pg.Client, oid: string): Promise<readonly NativeColumn[]> {
  const { rows } = await client.query<Record<string, string>>({ text: COLUMNS, values: [oid] });
  return rows.map((row) => ({
    name: row['attname'] as string,
    notNull: row['attnotnull'] === 't',
    readable: row['readable'] === 't',
    native: {
      display: row['display'] as string,
      schema: row['nspname'] as string,
      name: row['typname'] as string,
      typtype: row['typtype'] as string,
      typmod: Number(row['typmod']),
    },
  }));
}

/** The selected columns with their planned types. Throws COLUMN_NOT_FOUND, AMBIGUOUS_COLUMN, NO_COLUMNS. */
export function selectColumns(
  table: TableName,
  columns: readonly NativeColumn[],
  selection: ColumnSelection,
  allNullable: boolean,
): readonly ColumnSchema[] {
  const resolve = (names: readonly string[]) => new Set(names.map((name) => resolveColumn(table, columns, name)));
  const included = selection.include === null ? new Set(columns) : resolve(selection.include);
  const excluded = resolve(selection.exclude);
  const asText = resolve(selection.asText);
  const chosen = columns.filter((column) => included.has(column) && !excluded.has(column));
  if (chosen.length === 0) {
    throw new SqlextractError({
      code: 'NO_COLUMNS',
      message: `no column of ${displayName(table)} is left to read`,
      hint: 'check --columns and --exclude-columns',
      fault: 'usage',
    });
  }
  return chosen.map((column) => columnSchema(column, asText.has(column), allNullable));
}

function columnSchema(column: NativeColumn, asText: boolean, allNullable: boolean): ColumnSchema {
  const plan = planColumn(column.native, asText);
  const schema = {
    name: column.name,
    nativeType: column.native.display,
    type: plan.type,
    nullable: allNullable || !column.notNull,
  };
  const noted = plan.note === undefined ? schema : { ...schema, note: plan.note };
  return plan.exact === undefined ? noted : { ...noted, exact: plan.exact };
}
