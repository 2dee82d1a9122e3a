import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import { needsKey } from '../load-mode.ts';
import { markColumn } from '../deleted-rows.ts';
import type { IngestPlan, LoadFile, TableLoad } from '../ingest-plan.ts';
import { commaList, Quoted, shellWord, sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { render } from '../render.ts';
import { scriptName } from '../script-name.ts';
import { LEDGER, stillThere } from '../ledger-sql.ts';
import { tableView } from '../script-view.ts';
import type {
  LoadableTarget,
  LoadStep,
  Script,
  ScriptPlace,
  TargetCapabilities,
  TargetType,
  TypedColumn,
} from '../target.ts';
import { importView } from './sqlite-files.ts';
import { guardViews } from './sqlite-guards.ts';
import { columnSql, largestFirst, storageType } from './sqlite-values.ts';
import { windowSql } from './sqlite-window.ts';

const CAPABILITIES: TargetCapabilities = {
  reads: { csv: ['none', 'gzip', 'zstd'] },
  identifiers: { longest: 1000, unit: 'characters', caseSensitive: false, folds: null, forbidden: /^sqlite_/i },
  tellsQuotedMarker: false,
  nul: { csv: 'refused', parquet: 'refused', load: 'kept' },
  rejects: 'its shell cannot leave rows out and say which',
  transactional: true,
  takesOutAndIn: true,
  moments: /^(?:.*(?:CHAR|CLOB|TEXT).*|ANY|)$/i,
  numbers: null,
  oneText: true,
  needs: [],
  takes: [],
  defaultSchema: null,
};

/** SQLite 3.37 and newer, by the sqlite3 shell or by node:sqlite. Tables that are made are STRICT: a value of another class is an error. */
export const sqliteTarget: LoadableTarget = {
  name: 'sqlite',
  title: 'SQLite',
  flavors: [],
  capabilities: CAPABILITIES,
  columnType,
  quoteIdentifier,
  qualify,
  quoteLiteral,
  scripts,
  view: (load, plan) => view(load, plan, false),
  step: (step, load, plan) => stepText(step, view(load, plan, false)),
};

function columnType(column: TypedColumn): TargetType {
  return { kind: 'type', sql: storageType(column), note: noteOf(column) };
}

function noteOf({ source: { type } }: TypedColumn): string | null {
  switch (type.kind) {
    case 'boolean':
      return 'kept as 1 and 0';
    case 'decimal':
      return 'kept as text, since a number of SQLite would be a float; CAST(… AS REAL) where that is enough';
    case 'date':
    case 'time':
    case 'timestamp':
      return 'kept as text, as ISO 8601 writes it, which the date functions of SQLite read';
    case 'float32':
    case 'float64':
      return 'NaN is refused, which SQLite would make NULL; -0 becomes 0';
    default:
      return null;
  }
}

/** sqlite.org/lang_keywords.html: a quote inside is doubled. */
function quoteIdentifier(name: string): Quoted {
  return new Quoted(`"${name.replaceAll('"', '""')}"`);
}

/** Always with the database, so that no temporary table stands before it. Throws INGEST_NAME: there are no schemas. */
function qualify(schema: string | null, name: string): Quoted {
  if (schema === null || schema.toLowerCase() === 'main') return sql`"main".${quoteIdentifier(name)}`;
  throw new SqlextractError({
    code: 'INGEST_NAME',
    message: `SQLite has no schemas: ${displayName({ schema, name })} cannot have that name`,
    hint: '--schema main puts the table into the one that there is, under its own name',
    fault: 'data',
  });
}

/** A NUL cannot stand in SQL text. */
function quoteLiteral(text: string): Quoted {
  const parts = text.split('\0').map((part) => `'${part.replaceAll("'", "''")}'`);
  return new Quoted(parts.length === 1 ? parts.join('') : `(${parts.join(' || char(0) || ')})`);
}

/** `fromText`: the rows come as texts of `.import`; else `load` puts values where they belong. */
function view(load: TableLoad, plan: IngestPlan, fromText: boolean, pathOf?: (file: LoadFile) => string): View {
  const base = tableView(load, plan, sqliteTarget, {
    columnSql: (column) => columnSql(column, load, quoteLiteral),
    ...(pathOf === undefined ? {} : { pathOf }),
  });
  const dedupe = load.columns.findIndex(({ name }) => name === load.dedupeBy);
  const winner = load.columns[dedupe];
  const windowAt = load.columns.findIndex(({ name }) => name === load.window?.column);
  const stageOf = (index: number): Quoted => word(`c${index + 1}`);
  const window = windowSql(load, {
    column: quoteIdentifier(load.window?.column ?? ''),
    stage: stageOf(windowAt),
    literal: quoteLiteral,
  });
  return {
    ...base,
    fromText,
    tableNameText: quoteLiteral(load.target.name),
    keyStages: commaList(load.key.map((key) => stageOf(load.columns.findIndex(({ name }) => name === key)))),
    isStaged: isStaged(load),
    makesKey: load.key.length > 0 && load.mode !== 'append' && load.incremental?.keepsVersions !== true,
    largestFirst: winner === undefined ? word('') : largestFirst(winner, stageOf(dedupe)),
    strictKey: load.key.every((key) => load.columns.find(({ name }) => name === key)?.source.nullable === false),
    inTarget: window.inTarget,
    inStage: window.inStage,
    unclear: window.unclear,
    ...guardViews(load, sqliteTarget, fromText),
    ...(pathOf === undefined ? {} : importView(load, pathOf, quoteLiteral)),
  };
}

/** Modes that look at the rows before they change the table. */
function isStaged({ mode, window }: TableLoad): boolean {
  return needsKey(mode, window) || window !== null;
}

function stepText(step: LoadStep, given: View): string {
  return render(`sqlite/${step}.sql`, given);
}

/** The parts of a load between which `load` puts the rows itself: see loaders/sqlite.ts. */
export function sqlitePart(
  part: 'prepare' | 'open' | 'apply' | 'close' | 'cleanup',
  load: TableLoad,
  plan: IngestPlan,
): string {
  return render(`sqlite/${part}.sql`, view(load, plan, false));
}

export interface RowPlaces {
  readonly text: string;
  /** Which columns of the file, in the order of the places. */
  readonly columns: readonly number[];
  readonly staged: boolean;
}

/** Where the rows of `load` go: the table, or the staging table of values. */
export function insertStatement(load: TableLoad): RowPlaces {
  const staged = isStaged(load);
  const all = load.columns.map((_, index) => index);
  const columns = staged ? all : all.filter((index) => load.columns[index]?.ignored === false);
  const places = columns.map(() => '?').join(', ');
  const names = commaList(columns.map((index) => quoteIdentifier(load.columns[index]?.name ?? '')));
  const table = sql`${qualify(load.target.schema, load.target.name)} (${names})`;
  const into = staged ? 'temp."_sqlextract_stage"' : String(table);
  return { text: `INSERT OR ABORT INTO ${into} VALUES (${places})`, columns, staged };
}

function scripts(plan: IngestPlan, place: ScriptPlace): readonly Script[] {
  for (const load of plan.tables) checkBinaryMarker(load);
  const loads = plan.tables.map((load) => ({
    load,
    name: scriptName(load, 'load'),
    given: view(load, plan, true, (file) => place.pathOf(file)),
  }));
  const sqlFiles = loads.map(({ name, given }): Script => {
    return { name, text: render('sqlite/script.sql', given), executable: false };
  });
  const tables = loads.map(({ load, name, given }) => ({
    ...given,
    ...shellView(load),
    script: shellWord(name),
    scriptText: word(name),
  }));
  return [
    ...sqlFiles,
    { name: 'run.sh', text: render('sqlite/run.sh', { tables }), executable: true },
    { name: 'README.md', text: render('sqlite/readme.md', { tables }), executable: false },
  ];
}

/** `.import` cannot tell a quoted cell: hex digits that are equal to the marker would be NULL. Throws INGEST_MARKER. */
function checkBinaryMarker({ format, columns, source }: TableLoad): void {
  const marker = format.nullMarker ?? '';
  const binary = columns.find((column) => column.source.type.kind === 'binary');
  if (binary === undefined || !/^(?:[0-9a-f]{2})*$/.test(marker)) return;
  throw new SqlextractError({
    code: 'INGEST_MARKER',
    message: `column ${binary.source.name} of ${displayName(source.table)} is binary, and the NULL marker ${JSON.stringify(marker)} could be one of its values, which the sqlite3 shell cannot tell`,
    hint: 'extract without --null, or use `sqlextract load`, which can',
    fault: 'data',
  });
}

/** Words of run.sh: what it says, and how it asks whether a run is loaded (1) before a script that would stop. */
function shellView(load: TableLoad): View {
  const { target, ledger, source, mode, format } = load;
  const { schema, name } = target;
  const table = displayName({ schema: schema ?? '', name });
  const condition = sql`"table_name" = ${quoteLiteral(ledger.table)} AND "run_id" = ${quoteLiteral(ledger.run)}`;
  const query = sql`SELECT count(*) FROM ${qualify(schema, LEDGER)} WHERE ${condition} AND ${stillThere(load, sqliteTarget)}`;
  return {
    shellTitle: shellWord(`${table} (${mode})`),
    shellLoaded: shellWord(`run ${source.run} is loaded already; nothing was done`),
    loadedQueryWord: shellWord(String(query)),
    ...addColumnWords(load),
    isZstd: format.compression === 'zstd',
  };
}

/** Whether the table is there without the column of marks (1), and what adds it. */
function addColumnWords({ target: { schema, name }, source: { identity }, deletedColumn }: TableLoad): View {
  const column = deletedColumn ?? '';
  const [table, marks] = [quoteLiteral(name), quoteLiteral(column)];
  const there = sql`SELECT 1 FROM pragma_table_xinfo(${table}, 'main') AS c WHERE lower(c."name") = lower(${marks})`;
  const query = sql`SELECT count(*) FROM "main".sqlite_schema WHERE lower("name") = lower(${table}) AND "type" = 'table' AND NOT EXISTS (${there}) AND NOT EXISTS (SELECT 1 FROM pragma_database_list WHERE "name" = 'main' AND "file" = ${quoteLiteral(identity?.['path'] ?? '')})`;
  const type = word(storageType(markColumn(column)));
  const add = sql`ALTER TABLE ${qualify(schema, name)} ADD COLUMN ${quoteIdentifier(column)} ${type}`;
  return { missingQueryWord: shellWord(String(query)), addColumnWord: shellWord(String(add)) };
}
