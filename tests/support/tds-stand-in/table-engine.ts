import type { Answer } from './answer.ts';
import type { Handler } from './server.ts';
import { int, intN, nvarchar, type WireType } from './wire-types.ts';

/** A column of a stand-in table: what the catalog says, and what is on the wire when it is selected. */
export interface StandInColumn {
  readonly name: string;
  /** As in sys.types: `decimal`, `nvarchar`. */
  readonly typeName: string;
  readonly precision?: number;
  readonly scale?: number;
  /** Bytes; -1 is max. */
  readonly maxLength?: number;
  readonly notNull?: boolean;
  readonly wire: WireType<never>;
  /** On the wire when it is not cast; left out, the same. */
  readonly uncast?: WireType<never>;
}

export interface StandInTable {
  readonly name: string;
  /** The first column is the primary key; it is an int. */
  readonly columns: readonly StandInColumn[];
  /** May be made while it is read: nothing is kept. */
  rows(): Iterable<readonly unknown[]>;
  /** Rows are written with a bitmap of their NULLs. */
  readonly sparse?: boolean;
  /** What the last word says of the number of rows; left out, the true number; null, nothing. */
  readonly count?: (rows: number) => number | null;
}

/** A value of the catalog as it is on the wire: a whole number or a text. */
type CatalogRow = Readonly<Record<string, number | string | null>>;

/**
 * Answers the statements of the SQL Server source over `tables` of the schema dbo. They are known by the comment at their head
 * (`sqlextract:columns`), never by their text; those that only set something are answered with an empty success. A read gives all rows of the
 * table whose bracketed name follows FROM, whatever it says in WHERE: keys are walked over `boundary`, which says that there is only one range.
 */
export function tableHandler(tables: readonly StandInTable[]): Handler {
  return async (sql, answer) => {
    const tag = /^\s*\/\* sqlextract:([\w-]+) \*\//.exec(sql)?.[1] ?? '';
    if (tag === 'read') await readTable(tableOf(tables, sql), sql, answer);
    else if (tag === 'shape') await answer.result(uncast(tableOf(tables, sql), sql), []);
    else await catalogAnswer(answer, catalogRows(tag, tables, sql, answer));
  };
}

function catalogRows(tag: string, tables: readonly StandInTable[], sql: string, answer: Answer): readonly CatalogRow[] {
  switch (tag) {
    case 'spid':
      return [{ spid: answer.spid }];
    case 'server':
    case 'isolation':
      return [SERVER];
    case 'identity':
      return [{ guid: '00112233-4455-6677-8899-aabbccddeeff', name: 'stand', server: 'stand-in' }];
    case 'tables':
      return tables.filter(({ name }) => mentions(sql, name)).map((table) => tableRow(table, tables.indexOf(table)));
    case 'object':
      return [{ object_id: FIRST_OBJECT + tables.findIndex(({ name }) => sql.includes(`[${name}]`)) }];
    case 'columns':
      return tables[objectIndex(sql)]?.columns.map(columnRow) ?? [];
    case 'indexes':
      return [
        { index_id: 1, name: 'pk', type: 1, is_primary_key: 1, is_unique: 1, column_id: 1, is_descending_key: 0 },
      ];
    case 'clock':
      return [{ now: '2026-01-01T00:00:00.000' }];
    default:
      return [];
  }
}

const SERVER: CatalogRow = {
  name: 'stand',
  babelfish: 0,
  edition: 3,
  updateability: 'READ_WRITE',
  snapshot_isolation_state: 0,
  is_read_committed_snapshot_on: 0,
  source_database_id: null,
  is_read_only: 0,
};

/** A list of all tables has no name in it. */
function mentions(sql: string, name: string): boolean {
  return !sql.includes('LOWER(') || sql.includes(`N'${name}'`);
}

function tableRow({ name }: StandInTable, index: number): CatalogRow {
  return {
    object_id: FIRST_OBJECT + index,
    schema_name: 'dbo',
    table_name: name,
    type: 'U',
    temporal_type: 0,
    is_memory_optimized: 0,
    is_external: 0,
    same_name: 1,
    same_schema: 1,
    default_schema: 1,
    row_count: null,
    bytes: null,
  };
}

const FIRST_OBJECT = 1000;

export function objectId(tables: readonly StandInTable[], name: string): string {
  return String(FIRST_OBJECT + tables.findIndex((table) => table.name === name));
}

function objectIndex(sql: string): number {
  return Number(/c\.object_id = (\d+)/.exec(sql)?.[1] ?? Number.NaN) - FIRST_OBJECT;
}

function columnRow(column: StandInColumn, index: number): CatalogRow {
  return {
    column_id: index + 1,
    name: column.name,
    is_nullable: column.notNull === true ? 0 : 1,
    is_computed: 0,
    is_column_set: 0,
    max_length: column.maxLength ?? 8,
    precision: column.precision ?? 0,
    scale: column.scale ?? 0,
    collation_name: null,
    type_name: column.typeName,
    is_user_defined: 0,
    is_assembly_type: 0,
    base_name: column.typeName,
    type_schema: 'sys',
    is_encrypted: 0,
    is_masked: 0,
    readable: 1,
  };
}

function tableOf(tables: readonly StandInTable[], sql: string): StandInTable {
  const name = /FROM \[dbo\]\.\[([^\]]+)\]/.exec(sql)?.[1];
  const table = tables.find((one) => one.name === name);
  if (table === undefined) throw new Error(`Invalid object name '${name}'.`);
  return table;
}

function uncast(table: StandInTable, sql: string): readonly { name: string; type: WireType<never> }[] {
  return asked(table, sql).map((column) => ({ name: column.name, type: column.uncast ?? column.wire }));
}

/** The columns whose bracketed names stand before FROM. */
function asked({ columns }: StandInTable, sql: string): readonly StandInColumn[] {
  return [...sql.slice(0, sql.indexOf(' FROM ')).matchAll(/\[([^\]]+)\]/g)].map(([, name]) => {
    const column = columns.find((one) => one.name === name);
    if (column === undefined) throw new Error(`Invalid column name '${name}'.`);
    return column;
  });
}

async function readTable(table: StandInTable, sql: string, answer: Answer): Promise<void> {
  asked(table, sql);
  await answer.columns(table.columns.map(({ name, wire }) => ({ name, type: wire })));
  let rows = 0;
  for (const row of table.rows()) {
    await (table.sparse === true ? answer.sparseRow(row) : answer.row(row));
    rows++;
  }
  await answer.done({ count: table.count === undefined ? rows : table.count(rows) });
}

async function catalogAnswer(answer: Answer, rows: readonly CatalogRow[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return answer.done({ count: null });
  const names = Object.keys(first);
  const columns = names.map((name) => ({ name, type: wireOf(rows, name) }));
  return answer.result(
    columns,
    rows.map((row) => names.map((name) => row[name])),
  );
}

function wireOf(rows: readonly CatalogRow[], name: string): WireType<never> {
  const numbers = rows.every((row) => typeof row[name] === 'number');
  const some = rows.some((row) => row[name] === null);
  return numbers ? int : some && rows.every((row) => typeof row[name] !== 'string') ? intN(4) : nvarchar(400);
}
