import { basename, dirname } from 'node:path/posix';
import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import { filesBySession } from '../group-files.ts';
import type { IngestPlan, LoadFile, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { commentText, shellWord, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { render } from '../render.ts';
import { scriptName } from '../script-name.ts';
import { shellTitle } from '../shell-view.ts';
import type { LoadableTarget, LoadStep, Script, TargetCapabilities } from '../target.ts';
import { sqlServerType } from './sqlserver-columns.ts';
import { qualify, quoteIdentifier, quoteLiteral, sqlcmdBatch } from './sqlserver-quote.ts';
import { sqlServerView } from './sqlserver-view.ts';

const CAPABILITIES: TargetCapabilities = {
  reads: { csv: ['none'] },
  identifiers: { longest: 128, unit: 'characters', caseSensitive: false, folds: null, forbidden: null },
  // through BULK INSERT a quoted `\N` and an unquoted one are the same text
  tellsQuotedMarker: false,
  nul: { csv: 'refused', parquet: 'refused', load: 'kept' },
  rejects: true,
  transactional: true,
  takesOutAndIn: true,
  moments: /^datetime(?:2|offset)?$/i,
  numbers: { formats: ['csv', 'parquet'], precision: 38, scale: 38 },
  oneText: 'its scripts run by themselves, some at the same time, and in the order that run.sh knows',
  needs: [],
  takes: ['serverPath'],
  defaultSchema: 'dbo',
};

/** SQL Server 2019 and 2022. `load` was run on Babelfish; BULK INSERT and the scripts as a whole on no live server. */
export const sqlServerTarget: LoadableTarget = {
  name: 'sqlserver',
  title: 'SQL Server',
  flavors: [],
  capabilities: CAPABILITIES,
  columnType: sqlServerType,
  quoteIdentifier,
  qualify,
  quoteLiteral,
  scripts,
  view: (load, plan) => sqlServerView(load, plan, sqlServerTarget, true),
  step: (step, load, plan) => stepText(step, sqlServerView(load, plan, sqlServerTarget, true)),
};

function stepText(step: LoadStep, given: View): string {
  return render(`sqlserver/${step}.sql`, given);
}

function scripts(plan: IngestPlan): readonly Script[] {
  const folder = plan.options.locations.serverPath;
  if (folder === null) throw withoutPath();
  const tables = plan.tables.map((load) => tableScripts(load, plan, folder));
  const words = { tables: tables.map(({ words: each }) => each) };
  return [
    ...tables.flatMap(({ files }) => files),
    { name: 'run.sh', text: render('sqlserver/run.sh', words), executable: true },
    { name: 'README.md', text: render('sqlserver/readme.md', words), executable: false },
  ];
}

function tableScripts(load: TableLoad, plan: IngestPlan, folder: string) {
  checkEmptyMarker(load);
  const given = sqlServerView(load, plan, sqlServerTarget, false);
  const sessions = filesBySession(load.files, plan.options.parallel);
  const names = [load.target.name, load.target.schema ?? '', folder, ...load.columns.map(({ name }) => name)];
  const script = (step: string, text: string): Script => {
    return { name: scriptName(load, step), text: `${header(given)}${sqlcmdBatch(text, names)}`, executable: false };
  };
  const byNumber = new Map((given['files'] as readonly View[]).map((file) => [file['number'], file]));
  const loads = sessions.map((files, index) => {
    const staging = files.map((file) => ({ ...byNumber.get(file.number), ...bulkInsert(load, file, folder) }));
    const { stageFiles, messageCount } = given;
    return script(`load-${index + 1}`, render('sqlserver/load.sql', { stageFiles, messageCount, staging } as View));
  });
  const steps = (['prepare', 'publish', 'cleanup'] as const).map((step) => script(step, stepText(step, given)));
  const loaded = script('loaded', render('sqlserver/loaded.sql', given));
  const files = [...steps, ...loads, loaded].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  return { files, words: { ...given, ...shellWords(load, loads, folder) } };
}

function header(given: View): string {
  return render('sqlserver/header.sql', given).replaceAll(/[^\n -~]/g, '?');
}

function shellWords(load: TableLoad, loads: readonly Script[], folder: string): View {
  const named = (step: string): Quoted => shellWord(scriptName(load, step));
  const text = `${displayName({ schema: load.target.schema ?? '', name: load.target.name })}: run ${load.source.run} is loaded already; nothing was done`;
  return {
    ...shellTitle(load),
    shellLoaded: shellWord(String(commentText(text))),
    prepareScript: named('prepare'),
    loadedScript: named('loaded'),
    publishScript: named('publish'),
    cleanupScript: named('cleanup'),
    loadScripts: loads.map(({ name }) => ({ script: shellWord(name) })),
    publishText: word(scriptName(load, 'publish')),
    serverFolder: commentText(folder),
  };
}

/**
 * BULK INSERT, learn.microsoft.com/sql/t-sql/statements/bulk-insert-transact-sql: takes no variable for path or code page, so it is put together
 * and executed. MAXERRORS is 10 unless it is said; KEEPNULLS keeps defaults away; ROWTERMINATOR '\n' would mean CR LF.
 */
function bulkInsert(load: TableLoad, file: LoadFile, folder: string): View {
  const stage = qualify(load.target.schema, `_sqlextract_${load.tag}_stage`);
  const path = String(quoteLiteral(pathOnServer(file, folder))).replace(/^N/, '');
  const options = [
    "FORMAT = 'CSV'",
    'FIRSTROW = 2',
    "FIELDTERMINATOR = ','",
    `FIELDQUOTE = '"'`,
    "ROWTERMINATOR = '0x0a'",
    'KEEPNULLS',
    'MAXERRORS = 0',
    'TABLOCK',
    "CODEPAGE = '",
  ];
  return {
    bulkBefore: quoteLiteral(`BULK INSERT ${String(stage)} FROM ${path} WITH (${options.join(', ')}`),
    bulkAfter: quoteLiteral("'); SET @loaded = ROWCOUNT_BIG();"),
  };
}

/** `--server-path` is the folder of `--out` as the server sees it: below it lie a folder for the table and one for the run. */
function pathOnServer({ path, name }: LoadFile, folder: string): string {
  const run = dirname(path.replaceAll('\\', '/'));
  const isWindows = /^[A-Za-z]:|^\\\\/.test(folder);
  const separator = isWindows ? '\\' : '/';
  const whole = [folder.replace(/[\\/]+$/, ''), basename(dirname(run)), basename(run), name].join(separator);
  if (/[\r\n\0]/.test(whole)) throw unnameable(whole);
  return whole;
}

function unnameable(path: string): SqlextractError {
  return new SqlextractError({
    code: 'INGEST_NAME',
    message: `BULK INSERT cannot name the file ${JSON.stringify(path)}`,
    hint: 'name another folder with --server-path',
    fault: 'usage',
  });
}

function withoutPath(): SqlextractError {
  return new SqlextractError({
    code: 'INGEST_OPTION',
    message: '--server-path: SQL Server needs it, to find the files',
    hint: 'add --server-path with the folder of --out as the server sees it, or use `sqlextract load`, which needs no such folder',
    fault: 'usage',
  });
}

/** BULK INSERT may read `""` as NULL, so an empty marker cannot be told from an empty text. */
function checkEmptyMarker({ format, columns, source }: TableLoad): void {
  const text = columns.find(({ source: { type } }) => ['string', 'json', 'binary'].includes(type.kind));
  if (format.nullMarker !== '' || text === undefined) return;
  throw new SqlextractError({
    code: 'INGEST_MARKER',
    message: `NULL is an empty cell in the files of ${displayName(source.table)}, which SQL Server does not tell from an empty text (column ${text.name})`,
    hint: "extract with another marker, for example --null '\\N', or use `sqlextract load`",
    fault: 'data',
  });
}
