import { displayName } from '../../model/table.ts';
import type { IngestPlan, TableLoad } from '../ingest-plan.ts';
import { shellWord, sql, word } from '../quoted.ts';
import { skipsRows } from '../rejected-rows.ts';
import type { View } from '../render.ts';
import { render } from '../render.ts';
import { scriptName } from '../script-name.ts';
import { LEDGER, stillThere } from '../ledger-sql.ts';
import { tableView } from '../script-view.ts';
import type { LoadableTarget, LoadStep, Script, ScriptPlace, TargetCapabilities } from '../target.ts';
import { doBlock } from './postgres-do-block.ts';
import { qualify, quoteIdentifier, quoteLiteral } from './postgres-quote.ts';
import { columnSql, columnType } from './postgres-types.ts';
import { loadName, postgresView } from './postgres-view.ts';

const CAPABILITIES: TargetCapabilities = {
  reads: { csv: ['none', 'gzip', 'zstd'] },
  identifiers: { longest: 63, unit: 'bytes', caseSensitive: true, folds: null, forbidden: null },
  tellsQuotedMarker: true,
  nul: { csv: 'removable', parquet: 'removable', load: 'removable' },
  rejects: true,
  transactional: true,
  takesOutAndIn: true,
  moments: /^timestamp/i,
  numbers: { formats: ['csv', 'parquet'], precision: 1000, scale: 1000 },
  oneText: true,
  needs: [],
  takes: [],
  defaultSchema: 'public',
};

/** PostgreSQL 13 to 18. Scripts for psql; `load` runs the same steps, and reads Parquet as well. */
export const postgresTarget: LoadableTarget = {
  name: 'postgres',
  title: 'PostgreSQL',
  flavors: [],
  capabilities: CAPABILITIES,
  columnType,
  quoteIdentifier,
  qualify,
  quoteLiteral,
  scripts,
  view,
  step: (step, load, plan) => stepText(step, view(load, plan)),
};

function view(load: TableLoad, plan: IngestPlan, place?: ScriptPlace): View {
  const asText = skipsRows(load, plan);
  const base = tableView(load, plan, postgresTarget, { columnSql: (column) => columnSql(column, asText) });
  return postgresView(base, load, plan, place);
}

function stepText(step: LoadStep, given: View): string {
  if (step === 'cleanup') return render('postgres/cleanup.sql', given);
  return step === 'prepare'
    ? prepareText('postgres/prepare.sql', given)
    : publishText('postgres/publish-block.sql', given);
}

function prepareText(template: string, given: View): string {
  const locksBlock = doBlock(render('postgres/locks-block.sql', given));
  const tableBlock = doBlock(render('postgres/table-block.sql', given));
  return render(template, { ...given, locksBlock, tableBlock });
}

function publishText(template: string, given: View): string {
  return render('postgres/publish.sql', { ...given, block: doBlock(render(template, given)) });
}

/** `load` into a table that is not there, or is made anew: the files go straight into what becomes the table. */
export function directStepText(step: 'prepare' | 'publish', load: TableLoad, plan: IngestPlan): string {
  const given = view(load, plan);
  const direct = { ...given, loadedInto: given['newTable'] ?? word('') };
  return step === 'prepare'
    ? prepareText('postgres/direct-prepare.sql', direct)
    : publishText('postgres/direct-publish-block.sql', direct);
}

function scripts(plan: IngestPlan, place: ScriptPlace): readonly Script[] {
  const tables = plan.tables.map((load) => ({ load, given: view(load, plan, place) }));
  const shells = tables.map(({ load, given }) => ({ ...given, ...shellView(load) }));
  return [
    ...tables.flatMap(({ load, given }) => tableScripts(load, given)),
    { name: 'run.sh', text: render('postgres/run.sh', { tables: shells }), executable: true },
    { name: 'README.md', text: render('postgres/readme.md', { tables: shells }), executable: false },
  ];
}

function tableScripts(load: TableLoad, given: View): readonly Script[] {
  const header = render('postgres/header.sql', given);
  const itself =
    given['mayBeSource'] === true ? `${doBlock(render('postgres/itself-block.sql', given)).toString()}\n` : '';
  const step = (name: LoadStep): Script => ({
    name: scriptName(load, name),
    text: `${header}${name === 'prepare' ? itself : ''}${stepText(name, given)}`,
    executable: false,
  });
  const sessions = given['sessions'] as readonly View[];
  const loads = sessions.map((session, index): Script => {
    const text = `${header}${render('postgres/load.sql', { ...given, ...session })}`;
    return { name: loadName(load, index), text, executable: false };
  });
  return [step('prepare'), ...loads, step('publish'), step('cleanup')];
}

/** Words of run.sh: what it says, and how it asks whether a run is loaded (1). */
function shellView(load: TableLoad): View {
  const { target, source, mode } = load;
  const table = displayName({ schema: target.schema ?? '', name: target.name });
  const ledger = qualify(target.schema, LEDGER);
  const known = sql`"table_name" = ${quoteLiteral(load.ledger.table)} AND "run_id" = ${quoteLiteral(load.ledger.run)}`;
  return {
    shellTitle: shellWord(`${table} (${mode})`),
    shellLoaded: shellWord(`run ${source.run} is loaded already; nothing was done`),
    shellQuery: shellWord(
      String(sql`SELECT count(*) FROM ${ledger} WHERE ${known} AND ${stillThere(load, postgresTarget)}`),
    ),
    prepare: shellWord(scriptName(load, 'prepare')),
    publish: shellWord(scriptName(load, 'publish')),
    cleanup: shellWord(scriptName(load, 'cleanup')),
  };
}
