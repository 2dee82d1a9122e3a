import { filesByBytes } from '../group-files.ts';
import type { IngestPlan, TableLoad } from '../ingest-plan.ts';
import { commaList, commentText, Quoted, shellWord, sql, word } from '../quoted.ts';
import { skipsRows } from '../rejected-rows.ts';
import type { View } from '../render.ts';
import { render } from '../render.ts';
import { scriptName } from '../script-name.ts';
import type { IngestTarget, Script, ScriptPlace, TargetCapabilities } from '../target.ts';
import { endingOf, shellFolder, shellTitle } from '../shell-view.ts';
import { refuseParquetSkip } from '../refuse-parquet-skip.ts';
import { tableChecks, warehouseView } from '../warehouse-view.ts';
import { snowflakeColumn, snowflakeHolds, snowflakeType } from './snowflake-types.ts';

/** COPY INTO takes this many names in FILES. */
const MOST_FILES = 1000;

const CAPABILITIES: TargetCapabilities = {
  reads: { csv: ['none', 'gzip', 'zstd'], parquet: ['none', 'snappy', 'gzip', 'zstd'] },
  // the server has names with backslashes, but `snow` takes one before the closing quote for a sequence, and cuts statements elsewhere
  identifiers: { longest: 255, unit: 'characters', caseSensitive: true, folds: null, forbidden: /\\/ },
  tellsQuotedMarker: false,
  nul: { csv: 'kept', parquet: 'kept', load: null },
  rejects: true,
  transactional: true,
  takesOutAndIn: true,
  moments: /^TIMESTAMP/i,
  numbers: { formats: ['csv'], precision: 38, scale: 37 },
  oneText: true,
  needs: [],
  takes: ['stage'],
  defaultSchema: 'PUBLIC',
};

/** Snowflake, with its command line `snow`. COPY INTO <table>: docs.snowflake.com/en/sql-reference/sql/copy-into-table. */
export const snowflakeTarget: IngestTarget = {
  name: 'snowflake',
  title: 'Snowflake',
  flavors: [],
  capabilities: CAPABILITIES,
  columnType: snowflakeType,
  quoteIdentifier,
  qualify,
  quoteLiteral,
  scripts,
};

/** Identifier requirements: a quote inside is doubled, everything else stands as it is. */
function quoteIdentifier(name: string): Quoted {
  return new Quoted(`"${name.replaceAll('"', '""')}"`);
}

function qualify(schema: string | null, name: string): Quoted {
  return schema === null ? quoteIdentifier(name) : sql`${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** String constants in single quotes know backslash sequences: docs.snowflake.com, "String & binary data types". */
function quoteLiteral(text: string): Quoted {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "''")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\0', '\\0');
  return new Quoted(`'${escaped}'`);
}

function scripts(plan: IngestPlan, place: ScriptPlace): readonly Script[] {
  const loads = plan.tables.map((load) => ({ load, name: scriptName(load, 'load'), given: view(load, plan) }));
  const tables = loads.map(({ load, name, given }) => ({
    ...given,
    ...shellView(load, plan, place),
    ...nameView(name),
  }));
  const shared = { tables, makesStage: plan.options.locations.stage === null && plan.options.create };
  const words = { ...shared, ownStage: plan.options.locations.stage !== null };
  const files = loads.map(({ name, given }) =>
    sqlFile(name, render('snowflake/load.sql', { ...given, block: block(given) })),
  );
  return [
    ...(shared.makesStage ? [sqlFile('00-stage.sql', render('snowflake/stage.sql', { stages: stages(plan) }))] : []),
    ...files,
    { name: 'upload.sh', text: render('snowflake/upload.sh', words), executable: true },
    { name: 'run.sh', text: render('snowflake/run.sh', words), executable: true },
    { name: 'README.md', text: render('snowflake/readme.md', words), executable: false },
  ];
}

function sqlFile(name: string, text: string): Script {
  return { name, text, executable: false };
}

function nameView(name: string): View {
  return { script: shellWord(name), scriptText: word(name) };
}

function view(load: TableLoad, plan: IngestPlan): View {
  refuseParquetSkip(load, plan);
  const { format } = load;
  const columnSql = (column: TableLoad['columns'][number]) =>
    snowflakeColumn(column, format.name, skipsRows(load, plan));
  const types = load.columns.map((column) => columnSql(column).type);
  const cells = load.columns.map(
    ({ source }, index) => sql`${parquetCell(source.name)}::${types[index] ?? word('VARCHAR')}`,
  );
  const folder = quoteLiteral(`${stagePath(load, plan)}/`);
  const lists = filesByBytes(load.files, plan.options.chunkBytes, MOST_FILES);
  return {
    ...warehouseView(load, plan, snowflakeTarget, { columnSql }),
    checks: tableChecks(load, quoteLiteral, snowflakeHolds),
    schemaText: load.target.schema === null ? word('CURRENT_SCHEMA()') : quoteLiteral(load.target.schema),
    nameText: quoteLiteral(load.target.name),
    isParquet: format.name === 'parquet',
    compression: word(format.compression === 'none' ? 'NONE' : format.compression.toUpperCase()),
    nullMarker: quoteLiteral(format.nullMarker ?? ''),
    stageFolder: folder,
    copies: lists.map((files) => ({ names: commaList(files.map(({ name }) => quoteLiteral(name))) })),
    parquetValues: commaList(cells),
    rejectedColumns: commaList(load.columns.map(({ name }) => quoteIdentifier(name))),
  };
}

/** An element of a row of Parquet: docs.snowflake.com, "Querying semi-structured data", dot and bracket notation. */
function parquetCell(name: string): Quoted {
  return /^\w+$/.test(name) ? new Quoted(`$1:"${name}"`) : sql`$1[${quoteLiteral(name)}]`;
}

/** A block as EXECUTE IMMEDIATE takes it; between `$$` unless a name or value in it has them. */
function block(given: View): Quoted {
  const text = render('snowflake/block.sql', given);
  return text.includes('$$') ? quoteLiteral(text) : new Quoted(`$$\n${text}$$`);
}

/** The files of a run have a folder of their own: nothing that another run left can be taken for them. */
function stagePath(load: TableLoad, { options }: IngestPlan): string {
  const { stage } = options.locations;
  const root = stage === null ? `@${String(ownStage(load))}` : `@${stage.replace(/^@/, '').replace(/\/+$/, '')}`;
  return `${root}/${load.tag}`;
}

function ownStage({ target }: TableLoad): Quoted {
  return qualify(target.schema, '_sqlextract_stage');
}

function stages(plan: IngestPlan): readonly View[] {
  const schemas = [...new Set(plan.tables.map(({ target }) => target.schema))];
  return schemas.map((schema) => ({
    hasSchema: schema !== null,
    schema: quoteIdentifier(schema ?? ''),
    stage: qualify(schema, '_sqlextract_stage'),
  }));
}

function shellView(load: TableLoad, plan: IngestPlan, place: ScriptPlace): View {
  const [first] = load.files;
  return {
    ...shellTitle(load),
    folder: shellFolder(load, place),
    folderText: commentText(stagePath(load, plan)),
    pattern: shellWord(first === undefined ? '' : `part-*${endingOf(first.name)}`),
    stagePath: shellWord(`${stagePath(load, plan)}/`),
    // without --parallel the client's own number
    isParallel: plan.options.parallel > 1,
    parallel: Math.min(99, plan.options.parallel),
  };
}
