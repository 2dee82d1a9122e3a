import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import { bucketFolder } from '../bucket-folder.ts';
import { filesByBytes } from '../group-files.ts';
import type { IngestPlan, LoadColumn, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { commaList, commentText, shellWord, sql, word } from '../quoted.ts';
import { refuseParquetSkip } from '../refuse-parquet-skip.ts';
import { skipsRows } from '../rejected-rows.ts';
import type { View } from '../render.ts';
import { render } from '../render.ts';
import { scriptName } from '../script-name.ts';
import { endingOf, shellFolder, shellTitle } from '../shell-view.ts';
import type { IngestTarget, Script, ScriptPlace, TargetCapabilities } from '../target.ts';
import { tableChecks, warehouseView } from '../warehouse-view.ts';
import { FORBIDDEN, qualifyTable, quoteIdentifier, quoteLiteral } from './bigquery-names.ts';
import { bigqueryColumn, bigqueryHolds, bigqueryType } from './bigquery-types.ts';

/** "Quotas and limits": source addresses of one load. */
const MOST_FILES = 10_000;

const CAPABILITIES: TargetCapabilities = {
  reads: { csv: ['none', 'gzip'], parquet: ['none', 'snappy', 'gzip', 'zstd'] },
  identifiers: { longest: 300, unit: 'characters', caseSensitive: false, folds: null, forbidden: FORBIDDEN },
  tellsQuotedMarker: false,
  nul: { csv: 'kept', parquet: 'kept', load: null },
  rejects: true,
  transactional: true,
  takesOutAndIn: true,
  moments: /^TIMESTAMP$/i,
  numbers: { formats: ['csv'], precision: 38, scale: 38 },
  oneText: true,
  needs: ['bucket'],
  takes: ['catalog'],
  defaultSchema: 'public',
};

/** BigQuery, with `gcloud storage` and `bq`. LOAD DATA: cloud.google.com/bigquery/docs/reference/standard-sql/load-statements. */
export const bigqueryTarget: IngestTarget = {
  name: 'bigquery',
  title: 'BigQuery',
  flavors: [],
  capabilities: CAPABILITIES,
  columnType: bigqueryType,
  quoteIdentifier,
  qualify: (schema, name) => qualifyTable(null, schema, name),
  quoteLiteral,
  scripts,
};

function scripts(plan: IngestPlan, place: ScriptPlace): readonly Script[] {
  const loads = plan.tables.map((load) => ({ load, name: scriptName(load, 'load'), given: view(load, plan) }));
  const tables = loads.map(({ load, name, given }) => ({
    ...given,
    ...shellTitle(load),
    script: shellWord(name),
    scriptText: word(name),
    folder: shellFolder(load, place),
    folderText: commentText(bucketFolder(load, plan, 'gs')),
    pattern: shellWord(load.files[0] === undefined ? '' : `part-*${endingOf(load.files[0].name)}`),
    bucketFolder: shellWord(`${bucketFolder(load, plan, 'gs')}/`),
  }));
  // without --parallel the client's own number
  const words = { tables, isParallel: plan.options.parallel > 1, parallel: plan.options.parallel };
  return [
    ...loads.map(({ name, given }) => ({ name, text: render('bigquery/load.sql', given), executable: false })),
    { name: 'upload.sh', text: render('bigquery/upload.sh', words), executable: true },
    { name: 'run.sh', text: render('bigquery/run.sh', words), executable: true },
    { name: 'README.md', text: render('bigquery/readme.md', words), executable: false },
  ];
}

function view(load: TableLoad, plan: IngestPlan): View {
  refuseParquetSkip(load, plan);
  checkParquet(load);
  const { format, target, columns } = load;
  const { catalog } = plan.options.locations;
  const withProject: IngestTarget = {
    ...bigqueryTarget,
    qualify: (schema, name) => qualifyTable(catalog, schema, name),
  };
  const columnSql = (column: LoadColumn) => bigqueryColumn(column, format.name, skipsRows(load, plan));
  const given = warehouseView(load, plan, withProject, { columnSql });
  const folder = bucketFolder(load, plan, 'gs');
  const lists = filesByBytes(load.files, plan.options.chunkBytes, MOST_FILES);
  return {
    ...given,
    declaresKey: given['declaresKey'] === true && canBeKey(columns),
    dataset: datasetOf(catalog, target.schema),
    checks: tableChecks(load, (name) => quoteLiteral(name.toLowerCase()), bigqueryHolds),
    nameText: quoteLiteral(target.name),
    isParquet: format.name === 'parquet',
    nullMarker: quoteLiteral(format.nullMarker ?? ''),
    rowsTable: quoteIdentifier(`_sqlextract_${load.tag}_rows`),
    loads: lists.map((files, index) => ({
      word: word(index === 0 ? 'OVERWRITE' : 'INTO'),
      addresses: commaList(files.map(({ name }) => quoteLiteral(`${folder}/${name}`))),
    })),
    partition: partitionOf(columns, columnSql),
  };
}

function datasetOf(project: string | null, schema: string | null): Quoted {
  const dataset = quoteIdentifier(schema ?? '');
  return project === null ? dataset : sql`${quoteIdentifier(project)}.${dataset}`;
}

/** "Primary and foreign keys": at most 16 columns, none of them a float or a time. */
function canBeKey(columns: readonly LoadColumn[]): boolean {
  const keys = columns.filter(({ isKey }) => isKey);
  return keys.length <= 16 && keys.every(({ source }) => !['float32', 'float64', 'time'].includes(source.type.kind));
}

/** The key of a row for PARTITION BY, which takes no floats. */
function partitionOf(
  columns: readonly LoadColumn[],
  columnSql: (column: LoadColumn) => { value(cell: Quoted): Quoted },
): Quoted {
  const keys = columns.flatMap((column, index) => {
    if (!column.isKey) return [];
    const value = columnSql(column).value(word(`s.c${index + 1}`));
    return [column.source.type.kind.startsWith('float') ? sql`TO_JSON_STRING(${value})` : value];
  });
  return commaList(keys);
}

/** Files of Parquet are read by their columns' names. Throws INGEST_NAME and INGEST_TYPE for what the loader does not read. */
function checkParquet({ format, columns, source }: TableLoad): void {
  if (format.name !== 'parquet') return;
  const table = displayName(source.table);
  const hint = 'extract with --format csv';
  for (const { name, type } of columns.map((column) => column.source)) {
    if (FORBIDDEN.test(name)) {
      const message = `column ${name} of ${table}: BigQuery does not read a column of that name from parquet files`;
      throw new SqlextractError({ code: 'INGEST_NAME', message, hint, fault: 'data' });
    }
    if (type.kind === 'time') {
      const message = `column ${name} of ${table}: BigQuery does not read times from parquet files`;
      throw new SqlextractError({ code: 'INGEST_TYPE', message, hint, fault: 'data' });
    }
  }
}
