import { displayName } from '../../model/table.ts';
import { needsDeletedColumn } from '../deleted-rows.ts';
import type { IngestPlan, LoadColumn, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { commaList, shellWord, sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { render } from '../render.ts';
import { skipsRows } from '../rejected-rows.ts';
import { scriptName } from '../script-name.ts';
import type { ColumnSql } from '../script-view.ts';
import { LEDGER, stillThere } from '../ledger-sql.ts';
import { tableView } from '../script-view.ts';
import { duckdbRelation } from './duckdb-files.ts';
import { qualify, quoteIdentifier, quoteLiteral } from './duckdb-quote.ts';
import { rejectsView } from './duckdb-rejects.ts';
import { keepingTypes, typeOf } from './duckdb-types.ts';
import { duckdbValue } from './duckdb-value.ts';
import { windowView } from './duckdb-window.ts';
import type { LoadableTarget, LoadStep, Script, ScriptPlace, TargetCapabilities, TypedColumn } from '../target.ts';

const CAPABILITIES: TargetCapabilities = {
  reads: { csv: ['none', 'gzip', 'zstd'], parquet: ['none', 'snappy', 'gzip', 'zstd'] },
  identifiers: { longest: 1000, unit: 'characters', caseSensitive: false, folds: null, forbidden: null },
  tellsQuotedMarker: true,
  nul: { csv: 'kept', parquet: 'kept', load: 'kept' },
  rejects: true,
  transactional: true,
  takesOutAndIn: true,
  moments: /^TIMESTAMP/i,
  numbers: { formats: ['csv', 'parquet'], precision: 38, scale: 38 },
  oneText: true,
  needs: [],
  takes: [],
  defaultSchema: 'main',
};

/** DuckDB 1.4 and newer. Files are read where they lie and inserted in one transaction: no staging table outlives it. */
export const duckdbTarget: LoadableTarget = {
  name: 'duckdb',
  title: 'DuckDB',
  flavors: [],
  capabilities: CAPABILITIES,
  columnType: ({ source: { type } }) => ({ kind: 'type', sql: typeOf(type), note: noteOf(type) }),
  quoteIdentifier,
  qualify,
  quoteLiteral,
  scripts,
  view: (load, plan) => view(load, plan),
  step: (step, load, plan) => stepText(step, view(load, plan)),
};

function noteOf(type: TypedColumn['source']['type']): string | null {
  return type.kind === 'uuid' ? 'kept as UUID, which is written in lower case' : null;
}

function columnSql(column: LoadColumn, format: TableLoad['format']['name']): ColumnSql {
  const type = word(typeOf(column.source.type));
  return { type, stageType: type, value: (cell) => duckdbValue(column, format, cell) };
}

/** `comments`: the table is new, and its columns get the notes of the files. */
function view(load: TableLoad, plan: IngestPlan, place?: ScriptPlace, comments = load.mode === 'full-refresh'): View {
  const base = tableView(load, plan, duckdbTarget, {
    columnSql: (column) => columnSql(column, load.format.name),
  });
  const tableText = displayName({ schema: load.target.schema ?? '', name: load.target.name });
  return {
    ...base,
    ...windowView(load),
    ...rejectsView(load, plan, (column, cell) => duckdbValue(column, load.format.name, cell)),
    relation: duckdbRelation(load, { keepsErrors: skipsRows(load, plan), ...(place === undefined ? {} : { place }) }),
    isStaged: base['byKey'] === true || load.window !== null || skipsRows(load, plan),
    strictKey: load.key.every((key) => load.columns.find(({ name }) => name === key)?.source.nullable === false),
    schemaText: load.target.schema === null ? sql`current_schema()` : quoteLiteral(load.target.schema),
    tableNameText: quoteLiteral(load.target.name),
    comments,
    typeRules: load.columns
      .filter(({ ignored }) => !ignored)
      .map(({ name, source }) => ({ name: quoteLiteral(name), pattern: quoteLiteral(keepingTypes(source.type)) }))
      .concat(markRules(load)),
    ...textKeyViews(load),
    messageAlike: quoteLiteral(
      `sqlextract: ${tableText}: a key of the files is equal to another, or to one of the table's, to the collation of the table only (case, accents); nothing was changed`,
    ),
    messageTypes: quoteLiteral(
      `sqlextract: ${tableText}: the table that is there has columns whose types would change values; nothing was changed: `,
    ),
  };
}

/** A column of another type would take the time of the load as something else. */
function markRules(load: TableLoad) {
  if (load.deletedColumn === null || !needsDeletedColumn(load)) return [];
  return [{ name: quoteLiteral(load.deletedColumn), pattern: quoteLiteral('TIMESTAMP.*') }];
}

/** Texts are compared by the collation of the table that is there, and `unlikeKey` finds those that are not the same byte by byte. */
function textKeyViews({ columns, key }: TableLoad): View {
  const stageOf = (index: number): Quoted => word(`c${index + 1}`);
  const unlike = columns.flatMap(({ name, isKey, source }, index) => {
    if (!isKey || source.type.kind !== 'string') return [];
    return [sql`encode(CAST(t.${quoteIdentifier(name)} AS VARCHAR)) <> encode(s.${stageOf(index)})`];
  });
  return {
    keyStages: commaList(key.map((each) => stageOf(columns.findIndex(({ name }) => name === each)))),
    hasTextKeys: unlike.length > 0,
    unlikeKey: word(unlike.join(' OR ')),
  };
}

function stepText(step: LoadStep, given: View): string {
  return step === 'cleanup' ? '' : render(`duckdb/${step}.sql`, given);
}

function scripts(plan: IngestPlan, place: ScriptPlace): readonly Script[] {
  const loads = plan.tables.map((load) => ({ load, name: scriptName(load, 'load'), given: view(load, plan, place) }));
  const sqlFiles = loads.map(({ name, given }): Script => {
    const text = `${render('duckdb/header.sql', given)}${stepText('prepare', given)}${stepText('publish', given)}`;
    return { name, text, executable: false };
  });
  const tables = loads.map(({ load, name, given }) => ({
    ...given,
    ...shellView(load),
    script: shellWord(name),
    scriptText: word(name),
  }));
  return [
    ...sqlFiles,
    { name: 'run.sh', text: render('duckdb/run.sh', { tables }), executable: true },
    { name: 'README.md', text: render('duckdb/readme.md', { tables }), executable: false },
  ];
}

/** What `load` runs for a table that is not there yet: as `prepare`, with the comments of its columns. */
export function prepareNewTable(load: TableLoad, plan: IngestPlan): string {
  return stepText('prepare', view(load, plan, undefined, plan.options.create && load.mode !== 'full-refresh'));
}

/** Words of run.sh: what it says, and how it asks whether a run is loaded (1) before a script that would stop. */
function shellView(load: TableLoad): View {
  const { ledger, source, mode } = load;
  const { schema, name } = load.target;
  const table = displayName({ schema: schema ?? '', name });
  const condition = sql`"table_name" = ${quoteLiteral(ledger.table)} AND "run_id" = ${quoteLiteral(ledger.run)}`;
  const query = sql`SELECT count(*) FROM ${qualify(schema, LEDGER)} WHERE ${condition} AND ${stillThere(load, duckdbTarget)}`;
  return {
    shellTitle: shellWord(`${table} (${mode})`),
    shellLoaded: shellWord(`run ${source.run} is loaded already; nothing was done`),
    loadedQueryWord: shellWord(String(query)),
  };
}
