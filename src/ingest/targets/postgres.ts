import type { ColumnType } from '../../model/column-type.ts';
import { displayName } from '../../model/table.ts';
import { filesBySession } from '../group-files.ts';
import type { IngestPlan, LoadColumn, TableLoad } from '../ingest-plan.ts';
import { Quoted, shellWord, sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { render, textOf } from '../render.ts';
import { scriptName } from '../script-name.ts';
import type { ColumnSql } from '../script-view.ts';
import { LEDGER, tableView } from '../script-view.ts';
import type {
  LoadableTarget,
  LoadStep,
  Script,
  ScriptPlace,
  TargetCapabilities,
  TargetType,
  TypedColumn,
} from '../target.ts';
import { doBlock } from './postgres-do-block.ts';

const CAPABILITIES: TargetCapabilities = {
  reads: { csv: ['none', 'gzip', 'zstd'] },
  identifiers: { longest: 63, unit: 'bytes', caseSensitive: true, folds: null, forbidden: null },
  tellsQuotedMarker: true,
  rejects: 'COPY stops at the first row that does not fit, and only PostgreSQL 17 and newer could leave it out',
  transactional: true,
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

/** 4.1.1, Identifiers and Key Words: a quote inside is doubled. */
function quoteIdentifier(name: string): Quoted {
  return new Quoted(`"${name.replaceAll('"', '""')}"`);
}

function qualify(schema: string | null, name: string): Quoted {
  return schema === null ? quoteIdentifier(name) : sql`${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** 4.1.2.2: where a backslash stands, the escape form, which means the same under every standard_conforming_strings. */
function quoteLiteral(text: string): Quoted {
  const doubled = text.replaceAll("'", "''");
  return new Quoted(doubled.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`);
}

function columnType({ source, isKey }: TypedColumn): TargetType {
  const note = isKey && source.type.kind === 'json' ? 'kept as text, because json has no order to make a key of' : null;
  return { kind: 'type', sql: typeOf(source.type, isKey), note };
}

function typeOf(type: ColumnType, isKey: boolean): string {
  switch (type.kind) {
    case 'boolean':
      return 'boolean';
    case 'int32':
      return 'integer';
    case 'int64':
      return 'bigint';
    case 'float32':
      return 'real';
    case 'float64':
      return 'double precision';
    case 'decimal':
      return `numeric(${type.precision},${type.scale})`;
    case 'date':
      return 'date';
    case 'time':
      return 'time';
    case 'timestamp':
      return type.zoned ? 'timestamp with time zone' : 'timestamp without time zone';
    case 'string':
      return 'text';
    case 'json':
      // jsonb would drop blanks, the order of names and names that stand twice.
      return isKey ? 'text' : 'json';
    case 'uuid':
      return 'uuid';
    case 'binary':
      return 'bytea';
    default:
      return type satisfies never;
  }
}

/**
 * COPY reads all forms of our CSV itself, and fails where one is no value of its type (years lie between 0001 and 9999 in our files); only
 * hex without `\x` it would take for text.
 */
function columnSql({ source, isKey }: LoadColumn): ColumnSql {
  const type = word(typeOf(source.type, isKey));
  if (source.type.kind !== 'binary') return { type, stageType: type, value: (cell) => cell };
  return { type, stageType: word('text'), value: (cell) => sql`decode(${cell}, 'hex')` };
}

function view(load: TableLoad, plan: IngestPlan, place?: ScriptPlace): View {
  const { schema, name } = load.target;
  const base = tableView(load, plan, postgresTarget, { columnSql });
  const windowIndex = load.columns.findIndex((column) => column.name === load.window?.column);
  const [windowed] = load.columns.slice(windowIndex, windowIndex + 1);
  const say = (text: string): Quoted =>
    quoteLiteral(`sqlextract: ${displayName({ schema: schema ?? '', name })}: ${text}`);
  return {
    ...base,
    schemaText: quoteLiteral(schema ?? ''),
    tableLiteral: quoteLiteral(String(qualify(schema, name))),
    nameLiteral: quoteLiteral(name),
    hasPrimaryKey: load.key.length > 0 && load.columns.every(({ isKey, source }) => !isKey || !source.nullable),
    windowValue: windowed === undefined ? word('') : columnSql(windowed).value(sql`s.${word(`c${windowIndex + 1}`)}`),
    fileCount: load.files.length,
    statements: statementsView(load, base),
    stageName: quoteIdentifier(`_sqlextract_${load.tag}_stage`),
    loadedInto: base['stage'] ?? word(''),
    ...conditionsView(load),
    copyOptions: copyOptions(load),
    messageColumns: say('it has no column of the name'),
    messageDepends: say('other objects depend on the table'),
    messageCascade: say('rows of other tables would go with its rows'),
    messageRounds: say('a column of the table has fewer digits than the values of the files, and would round them'),
    messageThere: say('the table was made by somebody else meanwhile'),
    messageUnchanged: quoteLiteral('; nothing was changed'),
    sessions: sessionsView(load, plan, place),
  };
}

/** Parts of statements that are put together in the target, which alone knows its columns: texts of SQL as literals. */
function statementsView(load: TableLoad, base: View): View {
  const columns = load.columns.flatMap((column, index) => {
    if (column.ignored) return [];
    const stage = sql`s.${word(`c${index + 1}`)}`;
    return [
      {
        number: index + 1,
        name: quoteLiteral(column.name),
        value: quoteLiteral(String(columnSql(column).value(stage))),
        type: quoteLiteral(typeOf(column.source.type, column.isKey)),
        isText: ['string', 'json', 'uuid'].includes(column.source.type.kind),
        isKey: column.isKey,
      },
    ];
  });
  return {
    columns,
    table: quoteLiteral(textOf(base, 'table')),
    stage: quoteLiteral(textOf(base, 'stage')),
  };
}

/** Conditions over the table (t) and the typed rows (s), as literals: they become part of statements that are put together. */
function conditionsView({ columns, window }: TableLoad): View {
  const keys = columns.flatMap(({ name, isKey, source }, index) =>
    isKey ? [{ table: sql`t.${quoteIdentifier(name)}`, stage: `c${index + 1}`, nullable: source.nullable }] : [],
  );
  const same = keys.map(({ table, stage, nullable }) => {
    const cell = sql`s.${word(stage)}`;
    // Two arrays are equal when both hold a NULL, and can be hashed, as IS NOT DISTINCT FROM cannot.
    return nullable ? sql`ARRAY[${table}] = ARRAY[${cell}]` : sql`${table} = ${cell}`;
  });
  const column = sql`t.${quoteIdentifier(window?.column ?? '')}`;
  const inside = sql`${column} >= ${quoteLiteral(window?.from ?? '')} AND ${column} < ${quoteLiteral(window?.to ?? '')}`;
  return {
    sameKeyCondition: word(same.join(' AND ')),
    sameKey: quoteLiteral(same.join(' AND ')),
    keyCells: word(keys.map(({ stage }) => stage).join(', ')),
    inWindow: quoteLiteral(String(inside)),
  };
}

/** Of COPY, 13 and newer. A quoted text that is equal to the marker stays text: FORCE_NULL is not among them. */
export function copyOptions({ format }: TableLoad): Quoted {
  const marker = quoteLiteral(format.nullMarker ?? '\\N');
  return sql`(FORMAT csv, HEADER true, DELIMITER ',', QUOTE '"', ESCAPE '"', NULL ${marker}, ENCODING 'UTF8')`;
}

function sessionsView(load: TableLoad, plan: IngestPlan, place?: ScriptPlace): View['sessions'] & object {
  if (place === undefined) return [];
  return filesBySession(load.files, plan.options.parallel).map((files, index) => ({
    script: shellWord(loadName(load, index)),
    files: files.map((file) => ({
      name: quoteLiteral(file.name),
      sha256: quoteLiteral(file.sha256),
      rows: file.rows,
      path: metaWord(place.pathOf(file)),
      reader: word(READERS[load.format.compression] ?? 'cat'),
    })),
  }));
}

const READERS: Readonly<Record<string, string>> = { none: 'cat', gzip: 'gzip -dc', zstd: 'zstd -dcq' };

/** An argument of a psql command in single quotes, where backslashes are C's (psql, Meta-Commands); never two lines. */
function metaWord(text: string): Quoted {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "''")
    .replaceAll(/\p{Cc}/gu, (control) =>
      Array.from(Buffer.from(control), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
    );
  return new Quoted(`'${escaped}'`);
}

function loadName(load: TableLoad, session: number): string {
  return scriptName(load, `load-${session + 1}`);
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
  const step = (name: LoadStep): Script => ({
    name: scriptName(load, name),
    text: `${header}${stepText(name, given)}`,
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
  const known = sql`"table_name" = ${quoteLiteral(table)} AND "run_id" = ${quoteLiteral(source.run)}`;
  return {
    shellTitle: shellWord(`${table} (${mode})`),
    shellLoaded: shellWord(`run ${source.run} is loaded already; nothing was done`),
    shellQuery: shellWord(String(sql`SELECT count(*) FROM ${ledger} WHERE ${known}`)),
    prepare: shellWord(scriptName(load, 'prepare')),
    publish: shellWord(scriptName(load, 'publish')),
    cleanup: shellWord(scriptName(load, 'cleanup')),
  };
}
