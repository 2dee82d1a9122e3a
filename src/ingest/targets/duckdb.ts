import { displayName } from '../../model/table.ts';
import type { ColumnType } from '../../model/column-type.ts';
import type { IngestPlan, LoadColumn, TableLoad } from '../ingest-plan.ts';
import { shellWord, sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { render } from '../render.ts';
import { scriptName } from '../script-name.ts';
import type { ColumnSql } from '../script-view.ts';
import { LEDGER, tableView } from '../script-view.ts';
import { duckdbRelation } from './duckdb-files.ts';
import { qualify, quoteIdentifier, quoteLiteral } from './duckdb-quote.ts';
import type { LoadableTarget, LoadStep, Script, ScriptPlace, TargetCapabilities } from '../target.ts';

const CAPABILITIES: TargetCapabilities = {
  reads: { csv: ['none', 'gzip', 'zstd'], parquet: ['none', 'snappy', 'gzip', 'zstd'] },
  identifiers: { longest: 1000, unit: 'characters', caseSensitive: false, folds: null, forbidden: null },
  tellsQuotedMarker: true,
  rejects: 'it loads files whole, in one statement',
  transactional: true,
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
  columnType: ({ source }) => ({ kind: 'type', sql: typeOf(source.type), note: null }),
  quoteIdentifier,
  qualify,
  quoteLiteral,
  scripts,
  view,
  step: (step, load, plan) => stepText(step, view(load, plan)),
};

function typeOf(type: ColumnType): string {
  switch (type.kind) {
    case 'boolean':
      return 'BOOLEAN';
    case 'int32':
      return 'INTEGER';
    case 'int64':
      return 'BIGINT';
    case 'float32':
      return 'FLOAT';
    case 'float64':
      return 'DOUBLE';
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'date':
      return 'DATE';
    case 'time':
      return 'TIME';
    case 'timestamp':
      return type.zoned ? 'TIMESTAMPTZ' : 'TIMESTAMP';
    case 'string':
      return 'VARCHAR';
    case 'json':
      return 'JSON';
    case 'uuid':
      return 'UUID';
    case 'binary':
      return 'BLOB';
    default:
      return type satisfies never;
  }
}

function columnSql({ source }: LoadColumn, format: TableLoad['format']['name']): ColumnSql {
  const type = word(typeOf(source.type));
  if (source.type.kind === 'binary') {
    return { type, stageType: type, value: (cell) => (format === 'csv' ? sql`unhex(${cell})` : cell) };
  }
  return { type, stageType: type, value: (cell) => sql`CAST(${cell} AS ${type})` };
}

function view(load: TableLoad, plan: IngestPlan, place?: ScriptPlace): View {
  const base = tableView(load, plan, duckdbTarget, {
    columnSql: (column) => columnSql(column, load.format.name),
  });
  return { ...base, relation: duckdbRelation(load, place) };
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

/** Words of run.sh: what it says, and how it asks whether a run is loaded (1) before a script that would stop. */
function shellView({ target: { schema, name }, source, mode }: TableLoad): View {
  const table = displayName({ schema: schema ?? '', name });
  const condition = sql`"table_name" = ${quoteLiteral(table)} AND "run_id" = ${quoteLiteral(source.run)}`;
  const query = sql`SELECT count(*) FROM ${qualify(schema, LEDGER)} WHERE ${condition}`;
  return {
    shellTitle: shellWord(`${table} (${mode})`),
    shellLoaded: shellWord(`run ${source.run} is loaded already; nothing was done`),
    loadedQueryWord: shellWord(String(query)),
  };
}
