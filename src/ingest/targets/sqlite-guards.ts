import { displayName } from '../../model/table.ts';
import { markColumn, needsDeletedColumn } from '../deleted-rows.ts';
import type { LoadColumn, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { commaList, sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import type { IngestTarget } from '../target.ts';
import { exactDouble, isNumberText, narrowed, READS_INEXACTLY } from './sqlite-floats.ts';
import { expected, isFloat, misfit, storageType } from './sqlite-values.ts';

/**
 * The shell has no conditions, and RAISE, the one way to say something of one's own, stands in triggers only, with a literal (before
 * 3.47). So a guard is a row put into a temporary table: each word has a trigger that stops with its sentence.
 */
export function guardViews(load: TableLoad, target: IngestTarget, fromText: boolean): View {
  const { schema, name } = load.target;
  const table = displayName({ schema: schema ?? '', name });
  const say = (text: string): Quoted => target.quoteLiteral(`sqlextract: ${table}: ${text}; nothing was changed`);
  const cells = fromText ? cellGuards(load, target, say) : [];
  const types = load.mode === 'full-refresh' ? [] : typeGuards(load, target, say);
  return {
    messageShell: say('this sqlite3 shell is older than 3.37; use a newer one, or `sqlextract load`'),
    messageUnhex: say(
      'binary columns need sqlite3 3.41 or newer (unhex), and this shell is older; use a newer one, or `sqlextract load`',
    ),
    messageInexact: say(
      'this sqlite3 shell does not read numbers of 17 digits exactly; use another one, or `sqlextract load`',
    ),
    messageZeros: say('a text has a U+0000, at which the sqlite3 shell would cut it; use `sqlextract load`'),
    messageReferences: say('rows that other tables refer to would be missing'),
    messageAlike: say(
      "a key of the files is equal to another, or to one of the table's, to the collation of the table only (case, blanks at the end)",
    ),
    messageTriggers: say(
      'the table does not have the rows that were put into it: a trigger of it deletes, adds or leaves out rows',
    ),
    ...textKeyViews(load, target),
    messageUnclear: say('the table has times in the window that are written in another form than 2024-01-31T08:00:00'),
    needsUnhex: fromText && load.columns.some(({ source: { type } }) => type.kind === 'binary'),
    hasFloats: fromText && load.columns.some(isFloat),
    ...floatViews(load, target),
    readsInexactly: READS_INEXACTLY,
    cellGuards: cells,
    hasCellGuards: cells.length > 0,
    typeGuards: types,
    lastStage: word(`"c${load.columns.length}"`),
  };
}

/**
 * What puts numbers in the place of their texts, before the cells are looked at: NULL for a number that cannot be read exactly, and what is no
 * number stays a text. In two statements, since an expression of both is too deep for the parser of the shell.
 */
function floatViews({ columns, format }: TableLoad, target: IngestTarget): View {
  const marker = target.quoteLiteral(format.nullMarker ?? '\\N');
  const floats = columns.flatMap((column, index) => (isFloat(column) ? [{ column, cell: word(`c${index + 1}`) }] : []));
  const narrow = floats.filter(({ column }) => column.source.type.kind === 'float32');
  const doubles = floats.map(({ cell }) => {
    const number = sql`${cell} <> ${marker} AND ${isNumberText(cell)}`;
    return sql`${cell} = CASE WHEN ${number} THEN ${exactDouble(cell)} ELSE ${cell} END`;
  });
  const singles = narrow.map(({ cell }) => {
    return sql`${cell} = CASE WHEN typeof(${cell}) = 'real' THEN ${narrowed(cell)} ELSE ${cell} END`;
  });
  return { doubles: commaList(doubles), hasSingles: singles.length > 0, singles: commaList(singles) };
}

/** Texts are compared by the collation of the table that is there, and `unlikeKey` finds those that are not the same byte by byte. */
function textKeyViews({ columns }: TableLoad, target: IngestTarget): View {
  const unlike = columns.flatMap((column, index) => {
    if (!column.isKey || storageType(column) !== 'TEXT') return [];
    return [sql`t.${target.quoteIdentifier(column.name)} <> s.${word(`c${index + 1}`)} COLLATE BINARY`];
  });
  const rtrimKeys = columns.flatMap(({ isKey }, index) => {
    return isKey ? [sql`${word(`c${index + 1}`)} COLLATE RTRIM`] : [];
  });
  return { hasTextKeys: unlike.length > 0, rtrimKeys: commaList(rtrimKeys), unlikeKey: word(unlike.join(' OR ')) };
}

type Say = (text: string) => Quoted;

function cellGuards(load: TableLoad, target: IngestTarget, say: Say): readonly View[] {
  const marker = target.quoteLiteral(load.format.nullMarker ?? '\\N');
  return load.columns.flatMap((column, index) => {
    const cell = word(`s."c${index + 1}"`);
    const bad = misfit(column, cell);
    if (bad === null) return [];
    return [
      {
        what: sql`'cell ${index + 1}'`,
        condition: sql`(${cell} IS NULL OR (${cell} <> ${marker} AND ${bad}))`,
        message: say(`a value of column ${column.name} is not ${expected(column)}`),
      },
    ];
  });
}

/** Columns that a table may have already, of a type that would change our values on their way in (sqlite.org/datatype3.html, "Affinity"). */
function typeGuards(load: TableLoad, target: IngestTarget, say: Say): readonly View[] {
  const { name } = load.target;
  const mark = load.deletedColumn;
  const marks = mark === null || !needsDeletedColumn(load) ? [] : [markColumn(mark)];
  return [...load.columns, ...marks].flatMap((column, index) => {
    if (column.ignored) return [];
    return [
      {
        what: sql`'type ${index + 1}'`,
        whatMade: sql`'made ${index + 1}'`,
        messageMade: say(
          `column ${column.name} of the table that is there is a generated one; \`sqlextract load\` leaves it out`,
        ),
        nameText: target.quoteLiteral(column.name),
        tableNameText: target.quoteLiteral(name),
        affinities: affinitiesThatChange(column),
        message: say(
          `column ${column.name} of the table that is there has a type that would change the values (${storageType(column)} is needed)`,
        ),
      },
    ];
  });
}

/** As templates/sqlite/affinity.sql names them. Text that looks like a number becomes one, a number in a text column loses digits. */
function affinitiesThatChange(column: LoadColumn): Quoted {
  const byType = {
    INTEGER: "('REAL')",
    REAL: "('TEXT')",
    TEXT: "('INTEGER', 'REAL', 'NUMERIC')",
    BLOB: "('')",
  };
  return word(byType[storageType(column)]);
}
