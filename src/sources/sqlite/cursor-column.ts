import type { CursorColumn, CursorKind } from '../../model/cursor.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableSchema } from '../../model/table.ts';
import { columnsOf, type CatalogColumn, resolveRelation } from './catalog.ts';
import { resolveColumn } from './describe.ts';
import { fromClause } from './from-clause.ts';
import { hasPrimaryIndex, rowidAlias } from './keys.ts';
import { allRows, type Connection } from './query.ts';
import { queryColumns } from './query-columns.ts';
import { quoteIdentifier } from './quote.ts';

/**
 * See SourceCursors.describe. What a cursor is hangs on what is stored, of which a declaration says little: SQLite keeps any value in any
 * column, and sorts by storage class first (https://www.sqlite.org/datatype3.html#sort_order). The two ends of the order tell whether there is
 * more than one class.
 */
export function describeCursor(connection: Connection, table: TableSchema, name: string): CursorColumn {
  const { column, nullable } = findColumn(connection, table, name);
  const classes = endClasses(connection, table, column.name);
  const refusal = refusalOf(classes, column.declared);
  if (refusal !== null) throw refused(table, column.name, refusal);
  const kind = kindOf(classes[0] ?? null, column.declared);
  return { name: column.name, kind, nativeType: column.declared, nullable };
}

function findColumn(
  connection: Connection,
  table: TableSchema,
  name: string,
): { readonly column: CatalogColumn; readonly nullable: boolean } {
  if (table.query !== undefined) {
    const columns = queryColumns(connection, table.name, table.query, fromClause(table));
    return { column: resolveColumn(table, columns, name), nullable: true };
  }
  const relation = resolveRelation(connection, table);
  const columns = columnsOf(connection, relation);
  const column = resolveColumn(table, columns, name);
  const alias = rowidAlias(relation, columns, hasPrimaryIndex(connection, relation));
  return { column, nullable: !column.notNull && column.name !== alias?.name };
}

/** Storage classes of the smallest and the largest value; none when there is no value. */
function endClasses(connection: Connection, table: TableSchema, column: string): readonly string[] {
  const name = quoteIdentifier(column);
  const end = (order: string) =>
    `SELECT * FROM (SELECT typeof(${name}) FROM ${fromClause(table)} WHERE ${name} IS NOT NULL ORDER BY ${name} ${order} LIMIT 1)`;
  const rows = allRows(connection, `${end('ASC')} UNION ${end('DESC')}`);
  return rows.map((row) => String(row[0]));
}

function refusalOf(classes: readonly string[], declared: string): string | null {
  if (classes.length > 1)
    return `it holds values of more than one storage class (${classes.join(', ')}), which SQLite sorts one after the other`;
  if (classes[0] === 'real' || (classes.length === 0 && /real|floa|doub/i.test(declared))) {
    return 'floating point numbers are rounded, so that a bound does not find its own row again';
  }
  return classes[0] === 'blob' ? 'it holds blobs, which nobody can write as a bound' : null;
}

function kindOf(storageClass: string | null, declared: string): CursorKind {
  if (storageClass === 'integer' || (storageClass === null && /int/i.test(declared))) return 'integer';
  if (/^\s*date\s*$/i.test(declared)) return 'date';
  return /date|time/i.test(declared) ? 'time' : 'text';
}

export function refused(table: TableSchema, column: string, reason: string): SqlextractError {
  return new SqlextractError({
    code: 'CURSOR_COLUMN',
    message: `column ${column} of ${displayName(table)} cannot be a cursor: ${reason}`,
    hint: 'take a column that grows with every write: whole numbers, or moments as text of one form (2024-01-31 08:00:00)',
    fault: 'usage',
  });
}
