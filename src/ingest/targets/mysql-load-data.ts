import type { IngestPlan, LoadColumn, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { commaList, sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { render } from '../render.ts';
import { qualify, quoteIdentifier, quoteLiteral } from './mysql-quote.ts';
import type { CellReading } from './mysql-types.ts';
import { valueOf } from './mysql-types.ts';
import { cellReading, mysqlView } from './mysql-view.ts';
import { mysqlTarget } from './mysql.ts';

/**
 * Where LOAD DATA puts the rows: `stage`, the table of texts; `new`, the table that a full-refresh will put in the place of the old one;
 * `table`, the table itself, inside of the one transaction that clears it, loads it and claims the run.
 */
export type LoadWay = 'stage' | 'new' | 'table';

const PARTS = {
  prepare: 'prepare.sql',
  'direct-new': 'direct-new.sql',
  'direct-begin': 'direct-begin.sql',
  'direct-finish': 'direct-finish.sql',
  publish: 'publish.sql',
  cleanup: 'cleanup.sql',
} as const;

/** What every session is set to first, whatever the server's own settings are. */
export const MYSQL_SESSION = render('mysql/session.sql', {});

/** Statements that `load` runs; the scripts have the same from the same templates. */
export function mysqlPart(part: keyof typeof PARTS, load: TableLoad, plan: IngestPlan, way: LoadWay): string {
  return render(`mysql/${PARTS[part]}`, mysqlView(load, plan, mysqlTarget, { direct: way !== 'stage' }));
}

export interface LoadDataChoice {
  readonly way: LoadWay;
  /** Every column of the table holds six digits of a second: no row is looked at for more. */
  readonly sixDigits: boolean;
}

/** LOAD DATA of one file; `file` is what the server asks for. The list of all files, which may be long, is none of its business. */
export function loadDataStatement(load: TableLoad, plan: IngestPlan, choice: LoadDataChoice, file: string): string {
  const { way } = choice;
  const given = mysqlView({ ...load, files: [] }, plan, mysqlTarget, { direct: way !== 'stage' });
  return render('mysql/load-data.sql', { ...given, file: quoteLiteral(file), ...fieldsView(load, plan, choice) });
}

/** Table of a way, as SQL. */
export function wayTable({ target: { schema, name }, tag }: TableLoad, way: LoadWay): Quoted {
  return way === 'table' ? qualify(schema, name) : qualify(schema, `_sqlextract_${tag}_${way}`);
}

/** The table with the names of the staged files. */
export function filesTable({ target: { schema }, tag }: TableLoad): Quoted {
  return qualify(schema, `_sqlextract_${tag}_files`);
}

/** Texts go into c1, c2, …; values into the columns, by way of a variable where the text is not yet the value. */
function fieldsView(load: TableLoad, plan: IngestPlan, { way, sixDigits }: LoadDataChoice): View {
  const into = wayTable(load, way);
  if (way === 'stage') {
    const fields = commaList(load.columns.map((_, index) => word(`c${index + 1}`)));
    return { into, fields, converts: false, assignments: word('') };
  }
  const cells = load.columns.map((column, index) => {
    const { marker, digits } = cellReading(load, column, plan.flavor);
    const reading = { marker: column.source.nullable ? marker : null, digits: sixDigits ? null : digits };
    return cellOf(column, word(`@c${index + 1}`), reading, index === load.columns.length - 1);
  });
  const assignments = cells.flatMap(({ assignment }) => (assignment === null ? [] : [assignment]));
  return {
    into,
    fields: commaList(cells.map(({ field }) => field)),
    converts: assignments.length > 0,
    assignments: commaList(assignments),
  };
}

interface Cell {
  readonly field: Quoted;
  readonly assignment: Quoted | null;
}

/** A cell that is the value as it stands goes into the column without a detour. */
function cellOf(column: LoadColumn, variable: Quoted, reading: CellReading, isLast: boolean): Cell {
  if (column.ignored) return { field: variable, assignment: null };
  const name = quoteIdentifier(column.name);
  const { type } = column.source;
  if (String(valueOf(type, variable, reading)) === String(variable)) return { field: name, assignment: null };
  const cell = isLast && reading.marker !== null ? neverMissing(variable) : variable;
  return { field: variable, assignment: sql`${name} = ${valueOf(type, cell, reading)}` };
}

/**
 * A row that ends too soon leaves its variables NULL without a warning (of columns the server warns). No cell is: NULL has a marker of its own. A
 * date that is none gives the warning, which stops the load; with the variable in it, it is no constant that would be looked at before.
 */
function neverMissing(variable: Quoted): Quoted {
  return sql`COALESCE(${variable}, CAST(CONCAT('the row has too few cells', COALESCE(${variable}, '')) AS DATE))`;
}

/** The variables that begin.sql sets: how many digits of a second the columns of a table hold that was there. */
export function digitVariables(load: TableLoad, plan: IngestPlan): readonly string[] {
  return load.columns.flatMap((column) => {
    const { digits } = cellReading(load, column, plan.flavor);
    return digits === null ? [] : [String(digits)];
  });
}
