import { displayName } from '../../model/table.ts';
import { filesBySession } from '../group-files.ts';
import type { IngestPlan, TableLoad } from '../ingest-plan.ts';
import { windowConditions } from '../load-window.ts';
import { Quoted, shellWord, sql, word } from '../quoted.ts';
import { skipsRows } from '../rejected-rows.ts';
import type { View } from '../render.ts';
import { scriptName } from '../script-name.ts';
import type { ScriptPlace } from '../target.ts';
import { qualify, quoteIdentifier, quoteLiteral } from './postgres-quote.ts';
import { rejectsView } from './postgres-rejects.ts';
import { columnSql, typeOf } from './postgres-types.ts';

/** What the templates of templates/postgres use besides what every target has; `base` is the latter. */
export function postgresView(base: View, load: TableLoad, plan: IngestPlan, place?: ScriptPlace): View {
  const { schema, name } = load.target;
  const say = (text: string): Quoted =>
    quoteLiteral(`sqlextract: ${displayName({ schema: schema ?? '', name })}: ${text}`);
  const asText = skipsRows(load, plan);
  return {
    ...base,
    schemaText: quoteLiteral(schema ?? ''),
    tableLiteral: quoteLiteral(String(qualify(schema, name))),
    nameLiteral: quoteLiteral(name),
    ...windowView(load, asText),
    ...rejectsView(base, load, plan),
    fileCount: load.files.length,
    statements: statementsView(load, asText),
    stageName: quoteIdentifier(stageName(load)),
    loadedInto: base['stage'] ?? word(''),
    ...conditionsView(load),
    copyOptions: copyOptions(load),
    messageColumns: say('it has no column of the name'),
    messageDepends: say('other objects depend on the table'),
    messageCascade: say('rows of other tables would go with its rows'),
    messageRounds: say('a column of the table has fewer digits than the values of the files, and would round them'),
    messageAlters: say('a column of the table would cut or change a text of the files'),
    messageAlike: say("a key is equal to one of the table's to its collation only (case, accents, blanks at the end)"),
    messageMaybeItself: say(
      `this user may not ask which server this is (pg_control_system); whether it is the table that run ${load.source.run} was read from is not known`,
    ),
    messageThere: say('the table was made by somebody else meanwhile'),
    ...lockViews(load),
    messageHeld: say('it is locked, and stayed so, by'),
    messageWaits: say('waits for the lock of'),
    messageUnchanged: quoteLiteral('; nothing was changed'),
    sessions: sessionsView(load, plan, place),
  };
}

/** Statements of PL/pgSQL that wait: for another load of the table or schema, for its writers, for all who use it. */
function lockViews({ target: { schema, name }, ledger }: TableLoad): View {
  const advisory = (text: string, seed: number): Quoted =>
    sql`PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(${quoteLiteral(text)}, ${seed}));`;
  const table = qualify(schema, name);
  return {
    // another load of the table ends by itself
    untilEver: word("'infinity'"),
    untilLimit: word(
      "clock_timestamp() + make_interval(secs => coalesce(nullif(current_setting('sqlextract.lock_seconds', true), ''), '300')::double precision)",
    ),
    lockOfLoads: advisory(ledger.table, 5823),
    lockOfSchema: advisory(schema ?? '', 5824),
    lockOfWriters: sql`LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE;`,
    lockOfAll: sql`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE;`,
  };
}

/** Parts of statements that are put together in the target, which alone knows its columns: texts of SQL as literals. */
function statementsView(load: TableLoad, asText: boolean): View {
  const { schema, name } = load.target;
  const columns = load.columns.flatMap((column, index) => {
    if (column.ignored) return [];
    const stage = sql`s.${word(`c${index + 1}`)}`;
    return [
      {
        number: index + 1,
        name: quoteLiteral(column.name),
        value: quoteLiteral(String(columnSql(column, asText).value(stage))),
        type: quoteLiteral(typeOf(column.source.type, column.isKey)),
        isText: ['string', 'json', 'uuid'].includes(column.source.type.kind),
        isKey: column.isKey,
      },
    ];
  });
  return {
    columns,
    table: quoteLiteral(String(qualify(schema, name))),
    stage: quoteLiteral(String(qualify(schema, stageName(load)))),
  };
}

/** Conditions over the table (t) and the typed rows (s), as literals: they become part of statements that are put together. */
function conditionsView({ columns }: TableLoad): View {
  const keys = columns.flatMap(({ name, isKey, source }, index) =>
    isKey ? [{ table: sql`t.${quoteIdentifier(name)}`, stage: `c${index + 1}`, nullable: source.nullable }] : [],
  );
  const same = keys.map(({ table, stage, nullable }) => {
    const cell = sql`s.${word(stage)}`;
    // Two arrays are equal when both hold a NULL, and can be hashed, as IS NOT DISTINCT FROM cannot.
    return nullable ? sql`ARRAY[${table}] = ARRAY[${cell}]` : sql`${table} = ${cell}`;
  });
  return {
    sameKeyCondition: word(same.join(' AND ')),
    sameKey: quoteLiteral(same.join(' AND ')),
    keyCells: word(keys.map(({ stage }) => stage).join(', ')),
  };
}

/** Bounds are literals without a type: they get the column's. `inWindow` becomes part of a statement, as a literal. */
function windowView({ columns, window }: TableLoad, asText: boolean): View {
  const index = columns.findIndex(({ name }) => name === window?.column);
  const column = columns[index];
  if (window === null || column === undefined) return { inWindow: word(''), inFiles: word('') };
  const { inTable, inFiles } = windowConditions(window, {
    column: sql`t.${quoteIdentifier(window.column)}`,
    cell: columnSql(column, asText).value(sql`s.${word(`c${index + 1}`)}`),
    bound: quoteLiteral,
  });
  return { inWindow: quoteLiteral(String(inTable)), inFiles };
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
      program: programOf(load),
    })),
  }));
}

const READERS: Readonly<Record<string, string>> = { none: 'cat', gzip: 'gzip -dc', zstd: 'zstd -dcq' };

/**
 * The command of \copy, which psql gives to sh; it has no backslash escapes, and a single quote would be doubled. What unpacks must not fail
 * unseen before the one that takes U+0000 out.
 */
function programOf({ format, removesNul }: TableLoad): Quoted {
  const read = `${READERS[format.compression] ?? 'cat'} -- "$SQLEXTRACT_FILE"`;
  if (removesNul !== true) return new Quoted(`'${read}'`);
  const cleaned = `{ { ${read}; echo $? >&4; } | LC_ALL=C tr -d "\\000" >&3; } 4>&1`;
  return new Quoted(`'exec 3>&1; code=$(${cleaned}) && exit "$code"'`);
}

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

export function loadName(load: TableLoad, session: number): string {
  return scriptName(load, `load-${session + 1}`);
}

function stageName({ tag }: TableLoad): string {
  return `_sqlextract_${tag}_stage`;
}
