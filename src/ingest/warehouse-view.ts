import { displayName } from '../model/table.ts';
import { markColumn, needsDeletedColumn } from './deleted-rows.ts';
import type { IngestPlan, LoadColumn, LoadFile, TableLoad } from './ingest-plan.ts';
import { needsKey } from './load-mode.ts';
import { windowConditions } from './load-window.ts';
import { Quoted, sql, word } from './quoted.ts';
import type { View } from './render.ts';
import type { ColumnSql } from './script-view.ts';
import { tableView } from './script-view.ts';
import type { IngestTarget } from './target.ts';

/** A column of a warehouse that stages text and converts it in a query. */
export interface WarehouseColumn extends ColumnSql {
  /** True for a cell that `value` converts, false for one that it would stop at; never NULL. Null: every cell. */
  fits(cell: Quoted): Quoted | null;
  /** A text of ours (a bound of a window) as the table's type. */
  bound(text: Quoted): Quoted;
}

export interface WarehouseParts {
  columnSql(column: LoadColumn): WarehouseColumn;
  pathOf?(file: LoadFile): string;
}

/**
 * What templates of warehouses need besides `tableView`: tables whose keys nobody enforces, rows left out by a condition instead of by
 * the loader, windows in the column's own type.
 */
export function warehouseView(load: TableLoad, plan: IngestPlan, target: IngestTarget, parts: WarehouseParts): View {
  const { schema, name } = load.target;
  const aside = (suffix: string): Quoted => target.qualify(schema, `_sqlextract_${load.tag}_${suffix}`);
  const say = (text: string): Quoted =>
    target.quoteLiteral(`sqlextract: ${displayName({ schema: schema ?? '', name })}: ${text}`);
  const { maxErrors } = plan.options;
  return {
    ...tableView(load, plan, target, parts),
    declaresKey: declaresKey(load),
    // modes that read the converted rows more than once have a table of them
    hasRows: needsKey(load.mode, load.window) || load.window !== null,
    rowsTable: aside('rows'),
    lock: target.qualify(schema, '_sqlextract_lock'),
    rejected: aside('rejected'),
    fits: allFit(load.columns, parts),
    // a rejected row has no values; a table of rejected rows keeps their texts under the table's names
    messageTooMany: say(`more rows than the ${maxErrors} of --max-errors do not fit the table; nothing was changed`),
    messageDrift: say('a column of the table would round, cut or change values of the files; nothing was changed'),
    messageDone: say(`run ${load.source.run} is loaded`),
    ...boundsView(load, target, parts),
  };
}

/**
 * Warehouses do not enforce keys, but believe them when they plan a query: a key is declared only where the files are known to keep it.
 * Appended rows may repeat those of an earlier run, and files of several instants may hold a row twice.
 */
function declaresKey({ mode, key, columns, source, incremental }: TableLoad): boolean {
  const whole = source.consistency === 'snapshot' || source.consistency === 'unchanged';
  const noNulls = columns.every((column) => !column.isKey || !column.source.nullable);
  return mode !== 'append' && incremental?.keepsVersions !== true && key.length > 0 && whole && noNulls;
}

function allFit(columns: readonly LoadColumn[], parts: WarehouseParts): Quoted {
  const conditions = columns.flatMap((column, index) => {
    const cell = sql`s.${word(`c${index + 1}`)}`;
    const fits = parts.columnSql(column).fits(cell);
    if (!column.source.nullable)
      return [fits === null ? sql`${cell} IS NOT NULL` : sql`(${cell} IS NOT NULL AND ${fits})`];
    return fits === null ? [] : [sql`(${cell} IS NULL OR ${fits})`];
  });
  return conditions.length === 0 ? word('TRUE') : new Quoted(conditions.join('\n  AND '));
}

function boundsView(load: TableLoad, target: IngestTarget, parts: WarehouseParts): View {
  const { window, columns } = load;
  const index = columns.findIndex(({ name }) => name === window?.column);
  const column = columns[index];
  if (window === null || column === undefined) return { inTable: word(''), inMerged: word(''), inFiles: word('') };
  const quoted = parts.columnSql(column);
  const name = target.quoteIdentifier(window.column);
  const words = {
    column: name,
    cell: sql`s.${word(`c${index + 1}`)}`,
    bound: (text: string) => quoted.bound(target.quoteLiteral(boundText(text, column))),
  };
  // in a MERGE the table has an alias
  const inMerged = windowConditions(window, { ...words, column: sql`t.${name}` }).inTable;
  return { ...windowConditions(window, words), inMerged };
}

/** An instant without an offset is one of UTC, whatever the session's zone is. */
function boundText(text: string, { source: { type } }: LoadColumn): string {
  if (type.kind !== 'timestamp' || !type.zoned || /(?:Z|[+-]\d{2}:?\d{2})$/i.test(text.slice(10))) return text;
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00+00:00` : `${text}+00:00`;
}

/** The columns that the table gets values in, each with a condition of the target on the column that is there. */
export function tableChecks(
  load: TableLoad,
  nameOf: (name: string) => Quoted,
  holds: (column: LoadColumn) => Quoted,
): readonly View[] {
  const mark = load.deletedColumn;
  const marks = mark === null || !needsDeletedColumn(load) ? [] : [markColumn(mark)];
  return [...load.columns, ...marks].flatMap((column) =>
    column.ignored ? [] : [{ nameText: nameOf(column.name), holds: holds(column) }],
  );
}
