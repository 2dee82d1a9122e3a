import { displayName } from '../model/table.ts';
import { leastRows, markColumn, needsDeletedColumn, tooManyDeletes } from './deleted-rows.ts';
import type { IngestPlan, LoadColumn, LoadFile, TableLoad } from './ingest-plan.ts';
import { heldRows, LEDGER, newestIsOfOthers, previousIsNewest } from './ledger-sql.ts';
import { needsKey } from './load-mode.ts';
import { ownSourceView } from './own-source.ts';
import { commaList, commentText, Quoted, sql, word } from './quoted.ts';
import { skipsRows } from './rejected-rows.ts';
import type { View } from './render.ts';
import type { IngestTarget } from './target.ts';

/** What a target's templates need of a column besides its name. */
export interface ColumnSql {
  /** In CREATE TABLE. */
  readonly type: Quoted;
  /** In the staging table. */
  readonly stageType: Quoted;
  /** The value for the table, from the staging table's cell. */
  value(cell: Quoted): Quoted;
}

export interface ViewParts {
  columnSql(column: LoadColumn): ColumnSql;
  /** As the script names a file; left out where scripts do not. */
  pathOf?(file: LoadFile): string;
}

/**
 * What every template of every target may use of one table's load. Staging columns are called c1, c2, … so that no loader's own command
 * (`\copy`, `.import`, `LOAD DATA`) has to take a name of the data.
 *
 * `columns` are all columns of the files, `inserts` those that the table gets (all, but for `load --evolve ignore`). `values` are the
 * typed values read from the staging table (alias s), `names` the target's columns, both of `inserts` and in the order of the file.
 */
export function tableView(load: TableLoad, plan: IngestPlan, target: IngestTarget, parts: ViewParts): View {
  const { schema, name } = load.target;
  const literal = (text: string): Quoted => target.quoteLiteral(text);
  const aside = (suffix: string): Quoted => target.qualify(schema, `_sqlextract_${load.tag}_${suffix}`);
  const columns = load.columns.map((column, index) => columnView(column, index, target, parts));
  const inserts = columns.filter((_, index) => load.columns[index]?.ignored === false);
  return {
    number: load.number,
    source: commentText(displayName(load.source.table)),
    title: commentText(`${displayName({ schema: schema ?? '', name })} (${load.mode})`),
    ...modeView(load),
    rows: load.rows,
    run: literal(load.ledger.run),
    job: literal(load.source.job),
    extractedAt: literal(load.source.extractedAt),
    modeText: literal(load.mode),
    tableText: literal(load.ledger.table),
    table: target.qualify(schema, name),
    tableName: target.quoteIdentifier(name),
    hasSchema: schema !== null,
    schema: schema === null ? word('') : target.quoteIdentifier(schema),
    ledger: target.qualify(schema, LEDGER),
    stage: aside('stage'),
    stageFiles: aside('files'),
    newTable: aside('new'),
    oldTable: aside('old'),
    // a delete set has but the key of the table's columns
    create: plan.options.create && load.mode !== 'delete',
    allowOlder: plan.options.allowOlder,
    skip: skipsRows(load, plan),
    maxErrors: plan.options.maxErrors,
    columns,
    inserts,
    names: commaList(inserts.map((column) => column.name)),
    stageNames: commaList(columns.map(({ stage }) => stage)),
    insertStageNames: commaList(inserts.map(({ stage }) => stage)),
    values: commaList(inserts.map(({ value }) => value)),
    hasKey: load.key.length > 0,
    // append keeps every version of a row, and a key that can be NULL is none for a database
    hasPrimaryKey:
      load.key.length > 0 &&
      load.mode !== 'append' &&
      load.incremental?.keepsVersions !== true &&
      load.columns.every(({ isKey, source }) => !isKey || !source.nullable),
    keys: columns.filter(({ isKey }) => isKey),
    keyNames: commaList(load.key.map((key) => target.quoteIdentifier(key))),
    updates: inserts.filter(({ isKey }) => !isKey),
    hasUpdates: inserts.some(({ isKey }) => !isKey) || unmarks(load),
    files: load.files.map((file) => fileView(file, target, parts)),
    hasFiles: load.files.length > 0,
    ...dedupeView(load, columns, target),
    ...windowView(load, target),
    ...previousView(load, target),
    ...deletedView(
      load,
      plan,
      target,
      inserts.some(({ isKey }) => !isKey),
    ),
    held: heldRows(load, target),
    ...ownSourceView(load, target),
    ...messages(load, target),
  };
}

/** What a script says when it stops, the same words in every target. Each is a literal. */
function messages(load: TableLoad, target: IngestTarget): View {
  const { source, rows, incremental } = load;
  const { schema, name } = load.target;
  const say = (text: string): Quoted =>
    target.quoteLiteral(`sqlextract: ${displayName({ schema: schema ?? '', name })}: ${text}`);
  return {
    messageLoaded: say(`run ${source.run} is loaded already; nothing was done`),
    messageOlder: say(
      `a later run than ${source.run} is loaded already; nothing was changed (--allow-older loads it all the same)`,
    ),
    messageGap: say(
      `the window of run ${source.run} goes on from run ${incremental?.previous?.run ?? ''}, which is not the newest that is loaded; load the windows between first; nothing was changed`,
    ),
    messageOthers: say(
      `the first window of run ${source.run} would take the place of what windows of another job (another --where, table or source) loaded; ${bothKept(load)}, --mode replace lets theirs go; nothing was changed`,
    ),
    messageGone: say(
      `the ledger (${LEDGER}) says that rows were loaded into it, but it is not there any more, or has no rows; nothing was changed; bring them back, or delete its rows from the ledger and load all of it`,
    ),
    messageCount: say(`the rows that were loaded are not the ${rows} of the manifest; nothing was changed`),
    messageTwice: say(
      'a key stands in the files more than once; name the column whose largest value wins with --dedupe-by; nothing was changed',
    ),
    messageOutside: say('rows of the files lie outside of the window; nothing was changed'),
    messageDeletes: say(`${tooManyDeletes(load, null)}; nothing was changed`),
    messageMark: say(
      `its column ${load.deletedColumn ?? ''} cannot say when a row was deleted, or is not nullable; nothing was changed`,
    ),
  };
}

/** Windows that append take nothing from each other, whoever they are of; those that merge do, and each has to go on from the newest. */
function bothKept({ incremental }: TableLoad): string {
  return incremental?.appends === true ? '--mode append keeps both' : 'a schema, or a database, of its own keeps both';
}

function modeView({ mode, window }: TableLoad): View {
  return {
    isReplace: mode === 'replace',
    isFullRefresh: mode === 'full-refresh',
    isAppend: mode === 'append',
    isMerge: mode === 'merge',
    isDeleteInsert: mode === 'delete-insert',
    isDelete: mode === 'delete',
    // modes that end with an INSERT of all rows
    putsIn: mode !== 'merge' && mode !== 'delete',
    byKey: needsKey(mode, window),
  };
}

function columnView(column: LoadColumn, index: number, target: IngestTarget, parts: ViewParts) {
  const { type, stageType, ...expressions } = parts.columnSql(column);
  const stage = word(`c${index + 1}`);
  return {
    number: index + 1,
    first: index === 0,
    name: target.quoteIdentifier(column.name),
    nameText: target.quoteLiteral(column.name),
    fileColumn: target.quoteIdentifier(column.source.name),
    type,
    notNull: !column.source.nullable,
    nullable: column.source.nullable,
    isKey: column.isKey,
    comment: target.quoteLiteral(column.source.note ?? ''),
    hasComment: column.source.note !== undefined,
    nativeType: commentText(column.source.nativeType),
    stage,
    stageType,
    value: expressions.value(sql`s.${stage}`),
  };
}

function fileView(file: LoadFile, target: IngestTarget, parts: ViewParts) {
  const { number, name, rows, bytes, sha256, path } = file;
  return {
    number,
    name: target.quoteLiteral(name),
    path: target.quoteLiteral(parts.pathOf?.(file) ?? path),
    sha256: target.quoteLiteral(sha256),
    rows,
    bytes,
  };
}

/** Which of the rows of one key wins; without a watermark no two may have one key. */
function dedupeView(load: TableLoad, columns: readonly { readonly value: Quoted }[], target: IngestTarget): View {
  const index = load.columns.findIndex(({ name }) => name === load.dedupeBy);
  const column = columns[index];
  if (load.dedupeBy === null || column === undefined) {
    return { hasDedupe: false, dedupe: word(''), dedupeStage: word(''), dedupeName: word('') };
  }
  return {
    hasDedupe: true,
    dedupe: column.value,
    dedupeStage: word(`c${index + 1}`),
    dedupeName: target.quoteIdentifier(load.dedupeBy),
  };
}

/** `windowFrom`, `windowTo`: for the ledger, texts or NULL. Which rows are in the window is said in the target's own words. */
function windowView({ window, incremental }: TableLoad, target: IngestTarget): View {
  const text = (value: string | null | undefined): Quoted =>
    value === null || value === undefined ? word('NULL') : target.quoteLiteral(value);
  return {
    hasWindow: window !== null,
    windowColumn: window === null ? word('') : target.quoteIdentifier(window.column),
    windowFrom: text(incremental?.from ?? window?.from?.value),
    windowTo: text(incremental?.to ?? window?.to?.value),
  };
}

/** A row that the window brings back is not deleted any more. Where it is put in anew its mark is NULL by itself. */
function unmarks({ mode, deletedColumn }: TableLoad): boolean {
  return mode === 'merge' && deletedColumn !== null;
}

/**
 * `hasLimit`: rows are deleted only where the table has `leastRows`. `marks`: they get a time in `deletedColumn`. `unmark`: the end of the
 * list of a merge's assignments.
 */
function deletedView(load: TableLoad, { flavor }: IngestPlan, target: IngestTarget, hasMore: boolean): View {
  const least = leastRows(load);
  const name = load.deletedColumn;
  const column = target.quoteIdentifier(name ?? 'deleted');
  const type = name === null ? null : target.columnType(markColumn(name), flavor);
  return {
    hasLimit: least !== null,
    leastRows: least ?? 0,
    marks: load.mode === 'delete' && name !== null,
    hasDeletedColumn: needsDeletedColumn(load),
    deletedColumn: column,
    deletedColumnText: target.quoteLiteral(name ?? ''),
    deletedType: word(type?.kind === 'type' ? type.sql : ''),
    unmarks: unmarks(load),
    unmarkText: target.quoteLiteral(String(sql`${column} = NULL`)),
    unmark: unmarks(load) ? sql`${word(hasMore ? ', ' : '')}${column} = NULL` : word(''),
  };
}

/**
 * `previousIsNewest`: a condition on the ledger, whose one row is that of the window before, when it is the newest. `newestIsOfOthers`: one whose rows
 * must not be there.
 */
function previousView(load: TableLoad, target: IngestTarget): View {
  const { previous = null, takesPlace = false } = load.incremental ?? {};
  return {
    hasPrevious: previous !== null,
    previousIsNewest: previous === null ? word('') : previousIsNewest(load, previous.ledger, target),
    takesPlace,
    newestIsOfOthers: takesPlace ? newestIsOfOthers(load, target) : word(''),
  };
}
