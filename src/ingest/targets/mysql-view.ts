import { displayName } from '../../model/table.ts';
import { markColumn } from '../deleted-rows.ts';
import type { IngestPlan, LoadColumn, TableLoad } from '../ingest-plan.ts';
import { needsKey } from '../load-mode.ts';
import type { Quoted } from '../quoted.ts';
import { commaList, Quoted as Joined, sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { LEDGER } from '../ledger-sql.ts';
import { tableView } from '../script-view.ts';
import type { IngestTarget } from '../target.ts';
import { plainLiteral, qualify, quoteIdentifier, quoteLiteral } from './mysql-quote.ts';
import { enumView, keptView } from './mysql-kept.ts';
import type { CellReading } from './mysql-types.ts';
import { collationOf, typeOf, valueOf } from './mysql-types.ts';
import { windowView } from './mysql-window.ts';

/** How the rows come into the table: through the staging table, or by LOAD DATA straight into it (`load` alone does that). */
export interface MysqlViewChoice {
  readonly direct: boolean;
}

const BY_TEXT: readonly string[] = ['string', 'json', 'uuid'];

/** What the templates of this target may use besides `tableView`. */
export function mysqlView(load: TableLoad, plan: IngestPlan, target: IngestTarget, choice: MysqlViewChoice): View {
  const { flavor } = plan;
  const base = tableView(load, plan, target, {
    columnSql: (column) => ({
      type: word(sqlType(load, column, flavor)),
      stageType: word('longtext'),
      value: (cell) => valueOf(column.source.type, cell, cellReading(load, column, flavor)),
    }),
  });
  const aside = (suffix: string): Quoted => qualify(load.target.schema, `_sqlextract_${load.tag}_${suffix}`);
  const typed = load.mode === 'merge' || load.mode === 'delete-insert' || load.mode === 'delete';
  const takesOut = load.mode === 'delete' && load.deletedColumn === null;
  const keyed = load.dedupeBy === null ? aside('typed') : aside('best');
  return {
    ...base,
    direct: choice.direct,
    isMariadb: flavor === 'mariadb',
    typed,
    typedTable: aside('typed'),
    bestTable: aside('best'),
    keyedTable: keyed,
    keyStages: commaList(keyColumns(load).map(({ stage }) => stage)),
    exactKey: exactKey(load),
    deletes: load.mode === 'replace' || load.mode === 'delete-insert' || takesOut,
    database: databaseOf(load),
    tableNameText: quoteLiteral(load.target.name),
    lock: lockOf(load),
    tableOptions: sql`ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE ${collationOf(flavor)}`,
    definitions: definitions(load, flavor),
    digits: digitsView(load),
    ledgerNameText: quoteLiteral(LEDGER),
    ...keptView(load),
    ...enumView(load, (column, cell) => valueOf(column.source.type, cell, cellReading(load, column, flavor))),
    ...markView(load, flavor),
    fileCount: load.files.length,
    headerLines: headerLines(load),
    ...swapView(load, aside),
    ...windowView(load),
    ...messages(load),
  };
}

/** The name of the lock that one load of a table has at a time. */
export function lockOf(load: TableLoad): Quoted {
  return sql`CONCAT('sqlextract:', LEFT(SHA2(CONCAT(${databaseOf(load)}, '.', ${quoteLiteral(load.target.name)}), 256), 40))`;
}

/** Bytes of a row's definition, of 65 535; what is left is for numbers and pointers. */
const ROW_BYTES = 48_000;
/** Characters that an index has room for, with some bytes left for keys that are no texts. */
const KEY_CHARACTERS = 740;

/** The type without a note; the plan refused the others. A table that is appended to has no key, and no width for one. */
function sqlType(load: TableLoad, column: LoadColumn, flavor: string | null): string {
  const isKey = column.isKey && load.mode !== 'append';
  const measuredBytes = isKey
    ? (column.measuredBytes ?? shareOfKey(load))
    : fitsRow(load)
      ? column.measuredBytes
      : null;
  const type = typeOf({ ...column, isKey, measuredBytes }, flavor);
  if (type.kind === 'type') return type.sql;
  throw new Error(`column ${column.name} has no type here: ${type.reason}`);
}

/** Keys of more than three texts share what an index holds; null: each has the usual width. */
function shareOfKey({ columns }: TableLoad): number | null {
  const wide = columns.filter(({ isKey, source }) => isKey && [...BY_TEXT, 'binary'].includes(source.type.kind)).length;
  return wide > 3 ? Math.floor(KEY_CHARACTERS / wide) : null;
}

/** Measured texts as varchar, or all of them as longtext, of which a row holds any number. */
function fitsRow({ columns }: TableLoad): boolean {
  return columns.reduce((sum, { measuredBytes }) => sum + 4 * (measuredBytes ?? 0), 0) <= ROW_BYTES;
}

export function cellReading(load: TableLoad, column: LoadColumn, flavor: string | null): CellReading {
  return { marker: markerOf(load, flavor), digits: digitsOf(load, column) };
}

/**
 * The collation is written beside it: variables that LOAD DATA fills have one that would take \n for \N. Null where the marker is the word
 * NULL: unquoted it is NULL to LOAD DATA, quoted a text (LOAD DATA, dev.mysql.com/doc/refman/8.4/en/load-data.html, "Handling of NULL").
 */
function markerOf({ format }: TableLoad, flavor: string | null): Quoted | null {
  const text = format.nullMarker ?? '\\N';
  if (text === 'NULL') return null;
  const hex = Buffer.from(text).toString('hex');
  return sql`_utf8mb4 X'${word(hex)}' COLLATE ${collationOf(flavor)}`;
}

/** Lines of the header: a name may have line ends in it, and IGNORE counts lines, not rows. */
function headerLines({ columns }: TableLoad): number {
  return 1 + columns.reduce((sum, { source }) => sum + source.name.split('\n').length - 1, 0);
}

function databaseOf({ target: { schema } }: TableLoad): Quoted {
  return schema === null ? word('DATABASE()') : quoteLiteral(schema);
}

function keyColumns(load: TableLoad) {
  return load.columns.flatMap((column, index) => (column.isKey ? [{ column, stage: word(`c${index + 1}`) }] : []));
}

/** 1 where the key is the same bytes, not only the same to the column's collation. */
function exactKey(load: TableLoad): Quoted {
  const texts = keyColumns(load).filter(({ column }) => BY_TEXT.includes(column.source.type.kind));
  if (texts.length === 0) return word('1');
  const pairs = texts.map(
    ({ column, stage }) => sql`CAST(t.${quoteIdentifier(column.name)} AS BINARY) <=> CAST(y.${stage} AS BINARY)`,
  );
  return new Joined(pairs.join(' AND '));
}

/** Columns, and the key: a primary key where it can be one, else an index, which the modes that go by keys need. */
function definitions(load: TableLoad, flavor: string | null): Quoted {
  const { columns, key, mode, incremental } = load;
  const lines = columns.map((column) => {
    const { note, nullable } = column.source;
    const comment = note === undefined ? word('') : sql` COMMENT ${plainLiteral(note)}`;
    const notNull = word(nullable ? '' : ' NOT NULL');
    return sql`${quoteIdentifier(column.name)} ${word(sqlType(load, column, flavor))}${notNull}${comment}`;
  });
  const unique = incremental?.keepsVersions !== true && !columns.some(({ isKey, source }) => isKey && source.nullable);
  const names = commaList(key.map(quoteIdentifier));
  const keyLine = sql`${word(unique ? 'PRIMARY KEY' : 'KEY')} (${names})`;
  return new Joined([...lines, ...(key.length === 0 || mode === 'append' ? [] : [keyLine])].join(',\n  '));
}

/** A table that is there may hold fewer digits of a second than the files have: looked up by begin.sql. */
function digitsOf(load: TableLoad, column: LoadColumn): Quoted | null {
  const timed = column.source.type.kind === 'time' || column.source.type.kind === 'timestamp';
  if (!timed || load.mode === 'full-refresh' || column.ignored) return null;
  return word(`@digits${load.columns.indexOf(column) + 1}`);
}

function digitsView(load: TableLoad) {
  return load.columns.flatMap((column) => {
    const variable = digitsOf(load, column);
    return variable === null ? [] : [{ variable, nameText: quoteLiteral(column.name) }];
  });
}

/** In an UPDATE of two tables a column is said with its table. */
function markView({ target: { schema, name }, deletedColumn, mode, columns }: TableLoad, flavor: string | null): View {
  const column = quoteIdentifier(deletedColumn ?? 'deleted');
  const type = typeOf(markColumn(deletedColumn ?? ''), flavor);
  const sqlText = type.kind === 'type' ? type.sql : '';
  const hasMore = columns.some(({ ignored, isKey }) => !ignored && !isKey);
  return {
    addDeletedColumn: quoteLiteral(
      `ALTER TABLE ${String(qualify(schema, name))} ADD COLUMN ${String(column)} ${sqlText} NULL`,
    ),
    unmark: mode === 'merge' && deletedColumn !== null ? sql`${word(hasMore ? ', ' : '')}t.${column} = NULL` : word(''),
  };
}

function swapView(load: TableLoad, aside: (suffix: string) => Quoted): View {
  const table = qualify(load.target.schema, load.target.name);
  return {
    swapBoth: quoteLiteral(
      `RENAME TABLE ${String(table)} TO ${String(aside('old'))}, ${String(aside('new'))} TO ${String(table)}`,
    ),
    swapNew: quoteLiteral(`RENAME TABLE ${String(aside('new'))} TO ${String(table)}`),
  };
}

/** What this target says besides the sentences of all. Each in words that `load` knows for ours. */
function messages(load: TableLoad): View {
  const { schema, name } = load.target;
  const say = (text: string): Quoted =>
    quoteLiteral(`sqlextract: ${displayName({ schema: schema ?? '', name })}: ${text}; nothing was changed`);
  const way = needsKey(load.mode, load.window) ? 'key' : 'row';
  return {
    messageEngine: say('its engine has no transactions, and a load that stops would leave it half changed'),
    messageKept: say('a column of the table has a type that would change values of the files without a word'),
    messageWaits: quoteLiteral(
      `sqlextract: ${displayName({ schema: schema ?? '', name })}: waits for another load of the table`,
    ),
    messageLocked: say('another load of the table kept its lock for a day, or the wait for it was ended'),
    messageCascade: say(
      'foreign keys with ON DELETE CASCADE or SET NULL refer to it, rows of other tables would be lost',
    ),
    messageReferred: say('foreign keys of other tables refer to it and would go with the old table, use another mode'),
    messageValue: say(`a value does not fit its column as it is (${way} and column are in the warnings above)`),
    messageAlike: say("a key is equal to one of the table's to its collation only (case, accents, blanks at the end)"),
    // max_sort_length: of longer keys the server sorts the beginnings only
    messageUnsorted: say('keys of more than 1024 bytes begin alike, and the server cannot sort them apart'),
    messageWindow: say('the window has a value that is none of its column'),
  };
}
