import type { IngestPlan, LoadColumn, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { commaList, sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { render } from '../render.ts';
import { qualify, quoteIdentifier, quoteLiteral } from './mysql-quote.ts';
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

/** LOAD DATA of one file; `file` is what the server asks for. */
export function loadDataStatement(load: TableLoad, plan: IngestPlan, way: LoadWay, file: string): string {
  const given = mysqlView(load, plan, mysqlTarget, { direct: way !== 'stage' });
  return render('mysql/load-data.sql', { ...given, file: quoteLiteral(file), ...fieldsView(load, plan, way) });
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
function fieldsView(load: TableLoad, plan: IngestPlan, way: LoadWay): View {
  const into = wayTable(load, way);
  if (way === 'stage') {
    const fields = commaList(load.columns.map((_, index) => word(`c${index + 1}`)));
    return { into, fields, converts: false, assignments: word('') };
  }
  const cells = load.columns.map((column, index) => cellOf(load, column, word(`@c${index + 1}`), plan));
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

/** A cell that is the value as it stands goes into the column without a detour: LOAD DATA is a fifth faster then. */
function cellOf(load: TableLoad, column: LoadColumn, variable: Quoted, plan: IngestPlan): Cell {
  if (column.ignored) return { field: variable, assignment: null };
  const name = quoteIdentifier(column.name);
  const reading = cellReading(load, column, plan.flavor);
  const marker = column.source.nullable ? reading.marker : null;
  const value = valueOf(column.source.type, variable, { ...reading, marker });
  if (String(value) === String(variable)) return { field: name, assignment: null };
  return { field: variable, assignment: sql`${name} = ${value}` };
}
