import { createHash } from 'node:crypto';
import { displayName } from '../../model/table.ts';
import type { IngestPlan, LoadColumn, TableLoad } from '../ingest-plan.ts';
import { windowConditions } from '../load-window.ts';
import { commaList, Quoted, sql, word } from '../quoted.ts';
import type { View } from '../render.ts';
import { textOf } from '../render.ts';
import { LEDGER } from '../ledger-sql.ts';
import { tableView } from '../script-view.ts';
import type { IngestTarget } from '../target.ts';
import type { SqlServerColumn, StagedColumn } from './sqlserver-columns.ts';
import { sqlServerColumn } from './sqlserver-columns.ts';
import { objectId, quoteIdentifier, quoteLiteral } from './sqlserver-quote.ts';
import { rejectsView } from './sqlserver-rejects.ts';

const FILES_A_STATEMENT = 100;

/** What the templates of SQL Server are given. `driver`: the files come through `load`, not by BULK INSERT. */
export function sqlServerView(load: TableLoad, plan: IngestPlan, target: IngestTarget, driver: boolean): View {
  const columnOf = (column: LoadColumn): SqlServerColumn => sqlServerColumn(column, load.format, driver);
  const base = tableView(load, plan, target, { columnSql: columnOf });
  const cells = load.columns.map((column, index): StagedColumn => {
    return { column, at: columnOf(column), stage: word(`c${index + 1}`) };
  });
  const { schema, name } = load.target;
  const aside = (kind: string): Quoted => objectId(schema, `_sqlextract_${load.tag}_${kind}`);
  return {
    ...base,
    // `load` has asked before
    itself: base['mayBeSource'] === true && !driver,
    inserts: insertViews(base, cells, base['byKey'] === true),
    stageColumns: commaList(cells.map(({ at, stage }) => sql`${stage} ${at.stageType} NULL`)),
    typedCells: commaList(cells.map(({ at, stage }) => sql`${typedCell(at, sql`s.${stage}`)} AS ${stage}`)),
    fileCount: load.files.length,
    filesByHundreds: inHundreds(base['files'] as readonly View[]).map((files) => ({ files })),
    tableObject: objectId(schema, name),
    ledgerObject: objectId(schema, LEDGER),
    stageObject: aside('stage'),
    stageFilesObject: aside('files'),
    schemaText: quoteLiteral(schema ?? ''),
    createSchema: quoteLiteral(`CREATE SCHEMA ${String(quoteIdentifier(schema ?? ''))}`),
    lockName: quoteLiteral(lockName(load)),
    messageLock: message(load, 'the lock of the table was not granted; nothing was changed'),
    messageWaits: message(load, 'waits for another load of the table'),
    messageMisfit: message(
      load,
      'nothing was changed: the table would not keep the values of the files as they are in ',
    ),
    ...keyViews(cells),
    ...rejectsView(load, plan, cells, driver),
    ...statementTexts(load, base, cells),
    ...windowViews(load, cells),
    messageLoaded: message(load, `run ${load.source.run} is loaded already; nothing was done`),
    tableText: quoteLiteral(load.ledger.table),
  };
}

function message({ target: { schema, name } }: TableLoad, text: string): Quoted {
  return quoteLiteral(`sqlextract: ${displayName({ schema: schema ?? '', name })}: ${text}`);
}

/** Texts of keys are compared by code point, whatever the database's collation is. */
function typedCell(at: SqlServerColumn, cell: Quoted): Quoted {
  return at.isText ? sql`${at.value(cell)} COLLATE Latin1_General_100_BIN2` : at.value(cell);
}

function insertViews(base: View, cells: readonly StagedColumn[], byKey: boolean): readonly View[] {
  return (base['inserts'] as readonly View[]).map((view) => {
    const cell = cells[Number(view['number']) - 1];
    if (cell === undefined) throw new Error('a column of the view is none of the plan');
    const { at, column, stage } = cell;
    const value = byKey ? sql`s.${stage}` : at.value(sql`s.${stage}`);
    return {
      ...view,
      quotedText: quoteLiteral(String(quoteIdentifier(column.name))),
      valueText: quoteLiteral(String(value)),
      keptBy: word(at.keptBy),
      scale: at.scale,
    };
  });
}

/**
 * `=` on keys that cannot be NULL, INTERSECT (which takes two NULLs for the same) on those that can. DATALENGTH beside a text, since `=`
 * overlooks blanks at the end.
 */
function keyViews(cells: readonly StagedColumn[]): View {
  const keys = cells.filter(({ column }) => column.isKey);
  const same = keys.map(({ column, at, stage }) => {
    const name = sql`t.${quoteIdentifier(column.name)}`;
    const ours = at.isText ? sql`${name} COLLATE Latin1_General_100_BIN2` : name;
    const lengths = at.isText ? sql` AND DATALENGTH(${name}) = DATALENGTH(s.${stage})` : word('');
    if (!column.source.nullable) return sql`${ours} = s.${stage}${lengths}`;
    const list = (value: Quoted, plain: Quoted): Quoted => (at.isText ? sql`${value}, DATALENGTH(${plain})` : value);
    return sql`EXISTS (SELECT ${list(ours, name)} INTERSECT SELECT ${list(sql`s.${stage}`, sql`s.${stage}`)})`;
  });
  const partition = keys.flatMap(({ at, stage }) => (at.isText ? [stage, sql`DATALENGTH(${stage})`] : [stage]));
  return { sameKey: word(same.join(' AND ')), partition: commaList(partition) };
}

/** Beginnings and ends of the statements that are put together on the server, as constants. */
function statementTexts({ mode }: TableLoad, base: View, cells: readonly StagedColumn[]): View {
  const table = textOf(base, 'table');
  const same = textOf(keyViews(cells), 'sameKey');
  const wholeTable = mode === 'replace' || mode === 'full-refresh';
  const from = base['byKey'] === true ? '[#_sqlextract_rows]' : textOf(base, 'stage');
  const missing = ` WHERE NOT EXISTS (SELECT 1 FROM ${table} AS t WITH (UPDLOCK, HOLDLOCK) WHERE ${same})`;
  return {
    insertHead: quoteLiteral(`INSERT INTO ${table}${wholeTable ? ' WITH (TABLOCK)' : ''} (`),
    insertTail: quoteLiteral(` FROM ${from} AS s${mode === 'merge' ? missing : ''}`),
    updateTail: quoteLiteral(` FROM ${table} AS t JOIN [#_sqlextract_rows] AS s ON ${same}`),
    identityOn: quoteLiteral(`SET IDENTITY_INSERT ${table} ON; `),
    identityOff: quoteLiteral(` SET IDENTITY_INSERT ${table} OFF;`),
  };
}

function windowViews({ window }: TableLoad, cells: readonly StagedColumn[]): View {
  const cell = cells.find(({ column }) => column.name === window?.column);
  if (window === null || cell === undefined) return { inTable: word(''), inFiles: word('') };
  return {
    ...windowConditions(window, {
      column: quoteIdentifier(window.column),
      cell: cell.at.value(sql`s.${cell.stage}`),
      bound: (text) => cell.at.fromText(quoteLiteral(text)),
    }),
  };
}

function inHundreds<T>(list: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(list.length / FILES_A_STATEMENT);
  return Array.from({ length: count }, (_, index) =>
    list.slice(index * FILES_A_STATEMENT, (index + 1) * FILES_A_STATEMENT),
  );
}

/** One lock a table; names of locks have at most 255 characters. */
function lockName({ target }: TableLoad): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([target.schema, target.name]))
    .digest('hex');
  return `sqlextract:${hash.slice(0, 32)}`;
}
