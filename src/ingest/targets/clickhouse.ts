import { displayName } from '../../model/table.ts';
import { filesBySession } from '../group-files.ts';
import type { IngestPlan, LoadColumn, LoadFile, TableLoad } from '../ingest-plan.ts';
import { windowConditions } from '../load-window.ts';
import { commaList, Quoted, shellWord, sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { render } from '../render.ts';
import { scriptName } from '../script-name.ts';
import { LEDGER, stillThere } from '../ledger-sql.ts';
import { tableView } from '../script-view.ts';
import type { LoadableTarget, LoadStep, Script, ScriptPlace, TargetCapabilities } from '../target.ts';
import type { ClickHouseColumn } from './clickhouse-columns.ts';
import { clickHouseColumn, clickHouseType } from './clickhouse-columns.ts';
import { rejectsView } from './clickhouse-rejects.ts';
import { qualify, quoteIdentifier, quoteLiteral } from './clickhouse-quote.ts';

const CAPABILITIES: TargetCapabilities = {
  reads: { csv: ['none', 'gzip', 'zstd'], parquet: ['none', 'snappy', 'gzip', 'zstd'] },
  // a table's name is a file's name, where each byte that is no letter or digit takes three
  identifiers: { longest: 64, unit: 'bytes', caseSensitive: true, folds: null, forbidden: null },
  tellsQuotedMarker: true,
  nul: { csv: 'kept', parquet: 'kept', load: 'kept' },
  rejects: true,
  transactional:
    'it has no transactions: the table is built anew beside, and one EXCHANGE TABLES puts it into its place; which table is in place, by its UUID, tells whether a run is loaded',
  takesOutAndIn: false,
  moments: /^Nullable\(DateTime/,
  numbers: null,
  oneText: 'its scripts run by themselves, in the order that run.sh knows',
  needs: [],
  takes: [],
  defaultSchema: null,
};

/** ClickHouse 23.8 and newer, in databases whose tables have UUIDs (Atomic, Replicated, Shared). Executed with 26.9. */
export const clickHouseTarget: LoadableTarget = {
  name: 'clickhouse',
  title: 'ClickHouse',
  flavors: [],
  capabilities: CAPABILITIES,
  columnType: clickHouseType,
  quoteIdentifier,
  qualify,
  quoteLiteral,
  scripts,
  view,
  step: (step, load, plan) => stepText(step, view(load, plan)),
};

function view(load: TableLoad, plan: IngestPlan, place?: ScriptPlace): View {
  const columnOf = (column: LoadColumn): ClickHouseColumn => clickHouseColumn(column, load.format.name);
  const base = tableView(load, plan, clickHouseTarget, {
    columnSql: columnOf,
    ...(place === undefined ? {} : { pathOf: (file: LoadFile) => place.pathOf(file) }),
  });
  const { schema, name } = load.target;
  return {
    ...base,
    ...columnViews(load, columnOf),
    ...rejectsView(load, plan, columnOf),
    ...keyViews(load),
    database: schema === null ? word('currentDatabase()') : quoteLiteral(schema),
    tableLiteral: quoteLiteral(name),
    fresh: qualify(schema, `_sqlextract_${load.tag}_rows`),
    before: qualify(schema, `_sqlextract_${load.tag}_before`),
    newLiteral: quoteLiteral(`_sqlextract_${load.tag}_new`),
    oldLiteral: quoteLiteral(`_sqlextract_${load.tag}_old`),
    swaps: qualify(schema, '_sqlextract_swaps'),
    isParquet: load.format.name === 'parquet',
    compression: word(`'${load.format.compression}'`),
    nullMarker: quoteLiteral(load.format.nullMarker ?? ''),
    keepsRows: load.mode !== 'replace' && load.mode !== 'full-refresh',
    takesRows:
      load.mode === 'merge' || load.mode === 'delete-insert' || (load.mode === 'delete' && load.deletedColumn === null),
    ...windowValues(load, columnOf),
    messageEngine: message(
      load,
      'the table is not of an engine that keeps each row (MergeTree), or its database is not Atomic; nothing was changed',
    ),
    messageMoved: message(
      load,
      'rows were written into the table, or another load took its place, while it was loaded: the table as it was is kept beside, see docs/targets/clickhouse.md',
    ),
  };
}

function columnViews(load: TableLoad, columnOf: (column: LoadColumn) => ClickHouseColumn): View {
  const cells = load.columns.map((column, index) => ({ column, at: columnOf(column), stage: word(`c${index + 1}`) }));
  const misfits = cells.flatMap(({ column, at, stage }) => {
    const test = at.misfit(sql`s.${stage}`);
    const text = `column ${column.name} has values in the files that ${at.title} does not hold; nothing was changed`;
    return test === null || column.ignored ? [] : [{ test, message: message(load, text) }];
  });
  return {
    stageColumns: commaList(cells.map(({ at, stage }) => sql`${stage} ${at.stageType}`)),
    rawColumns: commaList(cells.map(({ column, at }) => sql`${quoteIdentifier(column.source.name)} ${at.rawType}`)),
    rawValues: commaList(cells.map(({ column, at }) => at.staged(sql`r.${quoteIdentifier(column.source.name)}`))),
    misfits,
    hasMisfits: misfits.length > 0,
    compares: cells
      .filter(({ column }) => !column.ignored)
      .map(({ column, at, stage }) => ({
        stage,
        ours: hashOf(sql`CAST(t.${quoteIdentifier(column.name)}, '${escapedType(at.nullableType)}')`),
        theirs: hashOf(at.value(sql`s.${stage}`)),
        message: message(
          load,
          `column ${column.name} of the table does not keep the values of the files (it is not a ${at.title}); nothing was changed`,
        ),
      })),
  };
}

function escapedType(type: Quoted): Quoted {
  return word(String(type).replaceAll("'", "\\'"));
}

/** Of all rows, whatever their order: a NULL is none of the texts. */
function hashOf(value: Quoted): Quoted {
  return sql`sum(cityHash64(isNull(${value}), ifNull(toString(${value}), '')))`;
}

/** Two keys are the same when these lists are; NULL is the same as NULL. */
function keyViews({ columns, key }: TableLoad): View {
  const parts = columns
    .filter(({ name }) => key.includes(name))
    .map(({ name, source }) =>
      source.nullable
        ? sql`isNull(${quoteIdentifier(name)}), ifNull(toString(${quoteIdentifier(name)}), '')`
        : quoteIdentifier(name),
    );
  const nullableKey = columns.some(({ isKey, source }) => isKey && source.nullable);
  return { sameKey: commaList(parts), nullableKey };
}

function windowValues({ window, columns }: TableLoad, columnOf: (column: LoadColumn) => ClickHouseColumn): View {
  const column = columns.find(({ name }) => name === window?.column);
  if (window === null || column === undefined) return { inTable: word(''), inFiles: word('') };
  const at = columnOf(column);
  return {
    ...windowConditions(window, {
      column: quoteIdentifier(window.column),
      cell: at.value(sql`s.${word(`c${columns.indexOf(column) + 1}`)}`),
      bound: (text) => at.fromText(quoteLiteral(text)),
    }),
  };
}

function message({ target: { schema, name } }: TableLoad, text: string): Quoted {
  return quoteLiteral(`sqlextract: ${displayName({ schema: schema ?? '', name })}: ${text}`);
}

function stepText(step: LoadStep, given: View): string {
  return render(`clickhouse/${step}.sql`, given);
}

function scripts(plan: IngestPlan, place: ScriptPlace): readonly Script[] {
  const tables = plan.tables.map((load) => tableScripts(load, plan, place));
  const words = tables.map(({ words: each }) => each);
  return [
    ...tables.flatMap(({ files }) => files),
    { name: 'run.sh', text: render('clickhouse/run.sh', { tables: words }), executable: true },
    { name: 'README.md', text: render('clickhouse/readme.md', { tables: words }), executable: false },
  ];
}

function tableScripts(load: TableLoad, plan: IngestPlan, place: ScriptPlace) {
  const given = view(load, plan, place);
  // a file without rows has no partition to put into the staging table
  const filled = load.files.filter(({ rows }) => rows > 0);
  const sessions = filesBySession(filled, plan.options.parallel);
  const shared = stagingView(given);
  const byNumber = new Map((given['files'] as readonly View[]).map((file) => [file['number'], file]));
  const loads = sessions.map((files, index) => ({
    name: scriptName(load, `load-${index + 1}`),
    text: render('clickhouse/load.sql', {
      staging: files.map((file) => scriptedFile(shared, byNumber.get(file.number))),
    }),
  }));
  const steps = (['prepare', 'publish', 'cleanup'] as const).map((step) => ({
    name: scriptName(load, step),
    text: stepText(step, given),
  }));
  const named = (step: string): Quoted => shellWord(scriptName(load, step));
  const table = displayName({ schema: load.target.schema ?? '', name: load.target.name });
  const files = [...steps, ...loads].map(({ name, text }): Script => {
    return { name, text: `${render('clickhouse/header.sql', given)}${text}`, executable: false };
  });
  const words: View = {
    ...given,
    shellTitle: shellWord(`${table} (${load.mode})`),
    shellLoaded: shellWord(`run ${load.source.run} is loaded already; nothing was done`),
    loadedQuery: shellWord(
      String(ledgerQuery(load, 'count() > 0', 'TabSeparated', sql` AND ${stillThere(load, clickHouseTarget)}`)),
    ),
    entryQuery: shellWord(String(ledgerQuery(load, '*', 'Vertical'))),
    prepareScript: named('prepare'),
    publishScript: named('publish'),
    cleanupScript: named('cleanup'),
    loadScripts: loads.map(({ name }) => ({ script: shellWord(name) })),
    publishText: word(scriptName(load, 'publish')),
  };
  return { files: files.toSorted((one, other) => (one.name < other.name ? -1 : 1)), words };
}

/** What stage-file.sql needs of the table, without the list of all files. */
function stagingView(given: View): View {
  const { stage, stageNames, stageColumns, rawColumns, rawValues, isParquet, compression, nullMarker } = given;
  return { stage, stageNames, stageColumns, rawColumns, rawValues, isParquet, compression, nullMarker } as View;
}

/** For a file that the client reads; the tables end with the client's session. */
function scriptedFile(shared: View, file: View | undefined): View {
  const names = { fileTable: word('_sqlextract_file'), rawTable: word('_sqlextract_raw'), temporary: true };
  return { ...shared, ...file, ...names };
}

/** The statements that stage one file whose bytes come with the INSERT; its tables are called by the attempt. */
export function stageFileSql(load: TableLoad, plan: IngestPlan, file: LoadFile, attempt: string): string {
  const given = view({ ...load, files: [file] }, plan);
  const table = (kind: string): Quoted => qualify(load.target.schema, `${attemptPrefix(load)}${kind}_${attempt}`);
  const names = { fileTable: table('file'), rawTable: table('raw'), temporary: false };
  const [own] = given['files'] as readonly View[];
  return render('clickhouse/stage-file.sql', { ...stagingView(given), ...own, ...names });
}

/** Of tables that a killed attempt may have left. */
export function attemptPrefix({ tag }: TableLoad): string {
  return `_sqlextract_${tag}_part_`;
}

function ledgerQuery({ target: { schema }, ledger }: TableLoad, what: string, form: string, more = word('')): Quoted {
  const table = quoteLiteral(ledger.table);
  return sql`SELECT ${word(what)} FROM ${qualify(schema, LEDGER)} WHERE table_name = ${table} AND run_id = ${quoteLiteral(ledger.run)}${more} FORMAT ${word(form)}`;
}
