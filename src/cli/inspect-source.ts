import type { Settings } from '../config/settings.ts';
import { querySettings, tableSettings } from '../config/table-settings.ts';
import { describeAgain } from '../engine/describe-again.ts';
import { describeNamed } from '../engine/describe-named.ts';
import { narrowSelection } from '../engine/narrow-selection.ts';
import { selectTables } from '../engine/select-tables.ts';
import type { FileFormat, FormatName } from '../formats/format.ts';
import { FORMAT_NAMES, formatByName } from '../formats/registry.ts';
import { describeColumnType } from '../model/column-type.ts';
import type { CandidateKey, ColumnSchema, TableRef, TableSchema } from '../model/table.ts';
import type { ColumnSelection, SourceSession } from '../sources/source.ts';
import { checkFlags } from './check-flags.ts';
import { policiesOf } from './extract-request.ts';
import { sourceOf } from './open-source.ts';

/** What `inspect` found; `--json` prints it as it is. */
export type Inspection =
  | { readonly kind: 'tables'; readonly source: string; readonly tables: readonly TableRef[] }
  | {
      readonly kind: 'columns';
      readonly source: string;
      readonly format: string;
      readonly tables: readonly InspectedTable[];
    };

export interface InspectedTable
  extends Pick<TableSchema, 'schema' | 'name' | 'estimatedRows' | 'estimatedBytes' | 'remarks'> {
  readonly kind: TableRef['kind'];
  readonly columns: readonly InspectedColumn[];
  /** Best first. */
  readonly keys: readonly CandidateKey[];
  /** Why the table as a whole cannot be written in this format; null when it can. */
  readonly refused: string | null;
}

export interface InspectedColumn {
  readonly name: string;
  readonly nativeType: string;
  readonly type: string;
  readonly written: string;
  /** What each format writes, by its name; `refused` where it cannot. */
  readonly formats: Readonly<Record<string, string>>;
  readonly nullable: boolean;
  readonly note: string | null;
  /** Why the column cannot be written in this format; null when it can. */
  readonly refused: string | null;
}

/** `described`: the columns of the tables that the settings name; else the list of all tables. */
export async function inspectSource(settings: Settings, described: boolean): Promise<Inspection> {
  const { driver, source } = await sourceOf(settings);
  checkFlags(settings, driver);
  await using session = await driver.open(source, 'coordinator');
  if (!described) {
    return { kind: 'tables', source: source.displayUrl, tables: await session.listTables() };
  }
  const tables: InspectedTable[] = [];
  for (const one of await selectedTables(settings, session)) tables.push(await inspectTable(one));
  return { kind: 'columns', source: source.displayUrl, format: settings.format, tables };
}

export interface SelectedTable {
  /** With the selected columns. */
  readonly table: TableSchema;
  readonly format: FormatName;
}

/** The tables and queries that the settings name, as an extract would take them. */
export async function selectedTables(settings: Settings, session: SourceSession): Promise<readonly SelectedTable[]> {
  const patterns = { include: settings.tables, exclude: settings.excludeTables };
  const names = patterns.include.length === 0 ? [] : await selectTables(patterns, () => session.listTables());
  const found: TableSchema[] = [];
  for (const name of names) {
    const typed = typedSelection(settings, tableSettings(settings, name.schema, name.name));
    found.push(await describeNamed(session, name, typed));
  }
  const everything = { include: null, exclude: [], asText: [], policies: policiesOf(settings) };
  for (const query of settings.queries) found.push(await session.describeQuery({ ...query, selection: everything }));
  const selected: SelectedTable[] = [];
  for (const table of found) selected.push(await selectColumns(session, settings, table, found));
  return selected;
}

/** The columns that the settings of a table choose, as typed. */
export function typedSelection(
  settings: Settings,
  { columns, excludeColumns, asText }: ReturnType<typeof tableSettings>,
): ColumnSelection {
  return { include: columns, exclude: excludeColumns, asText, policies: policiesOf(settings) };
}

async function selectColumns(
  session: SourceSession,
  settings: Settings,
  table: TableSchema,
  all: readonly TableSchema[],
): Promise<SelectedTable> {
  const isQuery = table.query !== undefined;
  const found = isQuery ? querySettings(settings, table.name) : tableSettings(settings, table.schema, table.name);
  const typed = typedSelection(settings, found);
  const selection = narrowSelection(typed, table, all);
  return { table: await describeAgain(session, table, selection), format: found.format };
}

async function inspectTable({ table: schema, format: formatName }: SelectedTable): Promise<InspectedTable> {
  const format = await formatByName(formatName);
  const formats = await Promise.all(FORMAT_NAMES.map(formatByName));
  const column = (one: ColumnSchema): InspectedColumn => {
    const refused = format.refuses(one);
    const writtenBy = (by: FileFormat): string => (by.refuses(one) === null ? by.describe(one) : 'refused');
    const written = writtenBy(format);
    const type = describeColumnType(one.type);
    return {
      name: one.name,
      nativeType: one.nativeType,
      type,
      written,
      formats: Object.fromEntries(formats.map((by) => [by.name, writtenBy(by)])),
      nullable: one.nullable,
      note: one.note ?? null,
      refused,
    };
  };
  return {
    schema: schema.schema,
    name: schema.name,
    kind: schema.kind,
    estimatedRows: schema.estimatedRows,
    estimatedBytes: schema.estimatedBytes,
    remarks: schema.remarks,
    columns: schema.columns.map(column),
    keys: schema.candidateKeys,
    refused: format.refusesTable(schema),
  };
}
