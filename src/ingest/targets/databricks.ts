import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import { filesByBytes } from '../group-files.ts';
import type { IngestPlan, LoadColumn, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { commaList, commentText, shellWord, sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { render } from '../render.ts';
import { scriptName } from '../script-name.ts';
import { endingOf, shellFolder, shellTitle } from '../shell-view.ts';
import type { IngestTarget, Script, ScriptPlace, TargetCapabilities } from '../target.ts';
import { refuseParquetSkip } from '../refuse-parquet-skip.ts';
import { skipsRows } from '../rejected-rows.ts';
import type { ColumnSql } from '../script-view.ts';
import { warehouseView } from '../warehouse-view.ts';
import {
  FORBIDDEN,
  NEEDS_MAPPING,
  qualifyTable,
  quoteIdentifier,
  quoteLiteral,
  volumeFolder,
} from './databricks-names.ts';
import { databricksColumn, databricksHolds, databricksType } from './databricks-types.ts';

/** COPY INTO takes this many names in FILES. */
const MOST_FILES = 1000;

const CAPABILITIES: TargetCapabilities = {
  reads: { csv: ['none', 'gzip'], parquet: ['none', 'snappy', 'gzip', 'zstd'] },
  identifiers: { longest: 255, unit: 'characters', caseSensitive: false, folds: 'lower', forbidden: FORBIDDEN },
  tellsQuotedMarker: false,
  nul: { csv: 'refused', parquet: 'kept', load: null },
  rejects: true,
  transactional:
    'each statement is atomic for its table, and the ledger is written after it; append takes each file once by the memory of COPY INTO',
  takesOutAndIn: false,
  moments: 'ALTER TABLE … ADD COLUMN has no IF NOT EXISTS there, so that a script could not be run again',
  numbers: { formats: ['csv'], precision: 38, scale: 38 },
  oneText: true,
  needs: ['volume'],
  takes: ['catalog'],
  defaultSchema: 'default',
};

/** Databricks SQL, with its command line. SQL scripting: docs.databricks.com/sql/language-manual/sql-ref-scripting. */
export const databricksTarget: IngestTarget = {
  name: 'databricks',
  title: 'Databricks',
  flavors: [],
  capabilities: CAPABILITIES,
  columnType: databricksType,
  quoteIdentifier,
  qualify: (schema, name) => qualifyTable(null, schema, name),
  quoteLiteral,
  scripts,
};

function scripts(plan: IngestPlan, place: ScriptPlace): readonly Script[] {
  const { volume } = plan.options.locations;
  const all = plan.tables.map((load) => ({
    load,
    name: scriptName(load, 'load'),
    cleanup: scriptName(load, 'cleanup'),
    given: view(load, plan),
  }));
  const tables = all.map(({ load, name, cleanup, given }) => ({
    ...given,
    ...shellTitle(load),
    script: shellWord(name),
    cleanup: shellWord(cleanup),
    scriptText: word(name),
    folder: shellFolder(load, place),
    folderText: commentText(volumeFolder(volume, load.tag)),
    // a pattern for the shell, of letters and points
    pattern: word(load.files[0] === undefined ? '' : `part-*${endingOf(load.files[0].name)}`),
    volumeFolder: shellWord(`dbfs:${volumeFolder(volume, load.tag)}/`),
  }));
  const words = { tables, parallel: plan.options.parallel };
  return [
    ...all.flatMap(({ name, cleanup, given }) => [
      { name, text: render('databricks/load.sql', given), executable: false },
      { name: cleanup, text: render('databricks/cleanup.sql', given), executable: false },
    ]),
    { name: 'upload.sh', text: render('databricks/upload.sh', words), executable: true },
    { name: 'run.sh', text: render('databricks/run.sh', words), executable: true },
    { name: 'README.md', text: render('databricks/readme.md', words), executable: false },
  ];
}

function view(load: TableLoad, plan: IngestPlan): View {
  refuseParquetSkip(load, plan);
  refuseAppendSkip(load, plan);
  checkTimes(load);
  const { format, target, columns } = load;
  const { catalog, volume } = plan.options.locations;
  const withCatalog: IngestTarget = {
    ...databricksTarget,
    qualify: (schema, name) => qualifyTable(catalog, schema, name),
  };
  const skip = skipsRows(load, plan);
  const columnSql = (column: LoadColumn) => databricksColumn(column, format.name, skip);
  const lists = filesByBytes(load.files, plan.options.chunkBytes, MOST_FILES);
  const folder = volumeFolder(volume, load.tag);
  return {
    ...warehouseView(load, plan, withCatalog, { columnSql }),
    ...rejectsView(columns, columnSql),
    schemaName: schemaOf(catalog, target.schema),
    checks: columns.flatMap((column) =>
      column.ignored ? [] : [{ holds: databricksHolds(column, sql`t.${quoteIdentifier(column.name)}`) }],
    ),
    isParquet: format.name === 'parquet',
    needsMapping: columns.some(({ name }) => NEEDS_MAPPING.test(name)),
    nullMarker: quoteLiteral(format.nullMarker ?? ''),
    folder: quoteLiteral(`${folder}/`),
    fileSchema: fileSchema(columns, columnSql),
    fileValues: fileValues(columns, (column) => (skip ? { value: (cell) => cell } : columnSql(column))),
    appendValues: commaList(
      columns.flatMap((column) =>
        column.ignored
          ? []
          : [sql`${columnSql(column).value(quoteIdentifier(column.source.name))} AS ${quoteIdentifier(column.name)}`],
      ),
    ),
    lists: lists.map((files, index) => ({
      isFirst: index === 0,
      path: quoteLiteral(`${folder}/{${files.map(({ name }) => name).join(',')}}`),
      fileNames: commaList(files.map(({ name }) => quoteLiteral(name))),
    })),
    notNulls: columns.flatMap(({ source, name }) => (source.nullable ? [] : [{ name: quoteIdentifier(name) }])),
  };
}

function schemaOf(catalog: string | null, schema: string | null): Quoted {
  const name = quoteIdentifier(schema ?? '');
  return catalog === null ? name : sql`${quoteIdentifier(catalog)}.${name}`;
}

/** The columns of the file by their own names, so that a reader that goes by names and one that goes by places agree. */
function fileSchema(
  columns: readonly LoadColumn[],
  columnSql: (column: LoadColumn) => { readonly stageType: Quoted },
): Quoted {
  const parts = columns.map((column) => sql`${quoteIdentifier(column.source.name)} ${columnSql(column).stageType}`);
  return quoteLiteral(String(commaList(parts)));
}

function fileValues(
  columns: readonly LoadColumn[],
  columnSql: (column: LoadColumn) => { value(cell: Quoted): Quoted },
): Quoted {
  const parts = columns.map((column, index) => {
    const value = columnSql(column).value(quoteIdentifier(column.source.name));
    return sql`${value} AS ${word(`c${index + 1}`)}`;
  });
  return commaList(parts);
}

/** Texts as they are in the files are converted after those that do not fit are taken out. */
function rejectsView(columns: readonly LoadColumn[], columnSql: (column: LoadColumn) => ColumnSql): View {
  const stages = columns.map((column, index) => ({ column, stage: word(`c${index + 1}`) }));
  return {
    texts: commaList(stages.map(({ column, stage }) => sql`s.${stage} AS ${quoteIdentifier(column.name)}`)),
    converted: commaList(
      stages.map(({ column, stage }) => sql`${columnSql(column).value(sql`s.${stage}`)} AS ${stage}`),
    ),
  };
}

/** Throws INGEST_OPTION: COPY INTO, which remembers the files it took, takes them whole. */
function refuseAppendSkip(load: TableLoad, plan: IngestPlan): void {
  if (load.mode !== 'append' || !skipsRows(load, plan)) return;
  throw new SqlextractError({
    code: 'INGEST_OPTION',
    message: `--on-error skip: ${displayName(load.source.table)} is appended to file by file (COPY INTO), which cannot leave out and count single rows`,
    hint: 'use --mode merge, or leave --on-error out',
    fault: 'usage',
  });
}

/** Throws INGEST_TYPE: Spark reads no times from Parquet. */
function checkTimes({ format, columns, source }: TableLoad): void {
  const time = columns.find((column) => column.source.type.kind === 'time');
  if (format.name !== 'parquet' || time === undefined) return;
  throw new SqlextractError({
    code: 'INGEST_TYPE',
    message: `column ${time.source.name} of ${displayName(source.table)}: Databricks does not read times from parquet files`,
    hint: 'extract with --format csv',
    fault: 'data',
  });
}
