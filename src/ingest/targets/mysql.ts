import { displayName } from '../../model/table.ts';
import { filesBySession } from '../group-files.ts';
import type { IngestPlan, LoadFile, TableLoad } from '../ingest-plan.ts';
import { commentText, shellWord, sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { render } from '../render.ts';
import { scriptName } from '../script-name.ts';
import { shellTitle } from '../shell-view.ts';
import { LEDGER, stillThere } from '../ledger-sql.ts';
import type { LoadableTarget, LoadStep, Script, ScriptPlace, TargetCapabilities } from '../target.ts';
import { FORBIDDEN, qualify, quoteIdentifier, quoteLiteral } from './mysql-quote.ts';
import { typeOf } from './mysql-types.ts';
import { mysqlView } from './mysql-view.ts';

const CAPABILITIES: TargetCapabilities = {
  reads: { csv: ['none', 'gzip', 'zstd'] },
  identifiers: { longest: 64, unit: 'characters', caseSensitive: false, folds: null, forbidden: FORBIDDEN },
  // LOAD DATA without an escape character gives \N as a text, quoted or not
  tellsQuotedMarker: false,
  nul: { csv: 'kept', parquet: 'refused', load: 'kept' },
  rejects: 'what LOAD DATA LOCAL does not take it would change, not leave out',
  transactional:
    'a full-refresh is one RENAME TABLE, which commits by itself; its ledger entry follows, and a run that was killed between is loaded again',
  takesOutAndIn: true,
  moments: /^(?:datetime|timestamp)/i,
  numbers: { formats: ['csv', 'parquet'], precision: 65, scale: 30 },
  oneText: 'a client reads one file of rows for each of its scripts, which run.sh feeds to it',
  needs: [],
  takes: [],
  defaultSchema: null,
  schemaIsDatabase: true,
};

/** MySQL 8.0.17 and newer, MariaDB 10.6 and newer. Files go through the client (LOAD DATA LOCAL INFILE) into a table of texts. */
export const mysqlTarget: LoadableTarget = {
  name: 'mysql',
  title: 'MySQL',
  flavors: ['mysql', 'mariadb'],
  capabilities: CAPABILITIES,
  columnType: typeOf,
  quoteIdentifier,
  qualify,
  quoteLiteral,
  scripts,
  view: (load, plan) => mysqlView(load, plan, mysqlTarget, { direct: false }),
  step: (step, load, plan) => render(`mysql/${step}.sql`, mysqlView(load, plan, mysqlTarget, { direct: false })),
};

function scripts(plan: IngestPlan, place: ScriptPlace): readonly Script[] {
  const isMariadb = plan.flavor === 'mariadb';
  const client = { client: word(isMariadb ? 'mariadb' : 'mysql'), server: word(isMariadb ? 'MariaDB' : 'MySQL') };
  const sqlFiles = plan.tables.flatMap((load) => sqlScripts(load, plan));
  const tables = plan.tables.map((load) => shellView(load, plan, place));
  return [
    ...sqlFiles,
    { name: 'run.sh', text: render('mysql/run.sh', { ...client, tables }), executable: true },
    { name: 'README.md', text: render('mysql/readme.md', { ...client, isMariadb, tables }), executable: false },
  ];
}

const STEPS: readonly (LoadStep | 'stage')[] = ['prepare', 'stage', 'publish', 'cleanup'];

function sqlScripts(load: TableLoad, plan: IngestPlan): readonly Script[] {
  const given = mysqlView(load, plan, mysqlTarget, { direct: false });
  const itself = given['mayBeSource'] === true ? render('mysql/itself.sql', given) : '';
  return STEPS.map((step) => ({
    name: scriptName(load, step),
    text: `${render('mysql/header.sql', given)}${step === 'prepare' ? itself : ''}${render(`mysql/${step}.sql`, given)}`,
    executable: false,
  }));
}

/** Words of run.sh: the files by session, and how it asks what is done already. */
function shellView(load: TableLoad, plan: IngestPlan, place: ScriptPlace): View {
  const { number, target, source, rows, files } = load;
  const table = displayName({ schema: target.schema ?? '', name: target.name });
  const list = qualify(target.schema, `_sqlextract_${load.tag}_files`);
  const ledger = qualify(target.schema, LEDGER);
  const loaded = sql`SELECT count(*) FROM ${ledger} WHERE table_name = ${quoteLiteral(load.ledger.table)} AND run_id = ${quoteLiteral(load.ledger.run)} AND ${stillThere(load, mysqlTarget)}`;
  const fileView = (file: LoadFile): View => {
    const [name, sha256] = [quoteLiteral(file.name), quoteLiteral(file.sha256)];
    return {
      script: shellWord(scriptName(load, 'stage')),
      path: shellWord(place.pathOf(file)),
      unpack: shellWord({ gzip: 'gzip -dc', zstd: 'zstd -dc', none: 'cat', snappy: 'cat' }[load.format.compression]),
      stagedQuery: shellWord(String(sql`SELECT count(*) FROM ${list} WHERE name = ${name} AND sha256 = ${sha256}`)),
      facts: shellWord(String(sql`SET @file = ${name}, @sha256 = ${sha256}, @rows = ${file.rows};`)),
    };
  };
  return {
    number,
    rows,
    title: mysqlView(load, plan, mysqlTarget, { direct: false })['title'] ?? word(''),
    scriptText: word(scriptName(load, 'publish')),
    ...shellTitle(load),
    shellLoaded: shellWord(String(commentText(`${table}: run ${source.run} is loaded already; nothing was done`))),
    loadedQuery: shellWord(String(loaded)),
    prepareScript: shellWord(scriptName(load, 'prepare')),
    publishScript: shellWord(scriptName(load, 'publish')),
    cleanupScript: shellWord(scriptName(load, 'cleanup')),
    lists: filesBySession(files, plan.options.parallel).map((each, index) => ({
      number: index + 1,
      files: each.map(fileView),
    })),
  };
}
