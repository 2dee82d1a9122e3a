import type { FlagValues } from '../config/flag-values.ts';
import type { Settings } from '../config/settings.ts';
import type { IngestTarget } from '../ingest/target.ts';
import type { FileFormat } from '../formats/format.ts';
import { FORMAT_NAMES, formatByName } from '../formats/registry.ts';
import type { ColumnType } from '../model/column-type.ts';
import { describeColumnType } from '../model/column-type.ts';
import type { ColumnSchema, TableSchema } from '../model/table.ts';
import { displayName } from '../model/table.ts';
import type { TypeLine } from '../sources/source.ts';
import { checkFlags } from './check-flags.ts';
import { namedTarget } from './ingest-plan-of.ts';
import { selectedTables } from './inspect-source.ts';
import { sourceOf } from './open-source.ts';
import { sourceTypes } from './source-types.ts';

/** What becomes of types on their way: source, file, target. `--json` prints it as it is. */
export interface TargetTypes {
  readonly source: string;
  readonly target: string;
  readonly flavor: string | null;
  /** Formats that the target's own client reads. `load` reads Parquet for all that it reaches. */
  readonly reads: readonly string[];
  /** What becomes of texts that hold U+0000: by the target's own client, from files of either format, and by `load`. */
  readonly nul: IngestTarget['capabilities']['nul'];
  /** Of every type of the source, without a connection; empty when tables were named. */
  readonly types: readonly TypePath[];
  readonly tables: readonly {
    readonly table: string;
    readonly columns: readonly (TypePath & { readonly column: string })[];
  }[];
}

export interface TypePath {
  readonly native: string;
  /** The canonical type, or `refused`. */
  readonly becomes: string;
  /** By the format's name; null where it depends on the cells, or nothing is written. */
  readonly written: Readonly<Record<string, string | null>>;
  /** As it stands in CREATE TABLE; null: refused, or there is nothing to load. */
  readonly target: string | null;
  /** What is converted or lost, and where. */
  readonly notes: readonly string[];
  /** Why the target, or the source, cannot; null when both can. */
  readonly refused: string | null;
}

/** `described`: of the columns of the tables that the settings name, read from the catalog; else of the source's types. */
export async function targetTypes(settings: Settings, flags: FlagValues, described: boolean): Promise<TargetTypes> {
  const { driver, source } = await sourceOf(settings);
  checkFlags(settings, driver);
  const { target, flavor } = await namedTarget(settings, flags);
  const reads = Object.keys(target.capabilities.reads).toSorted();
  const common = { source: driver.name, target: target.title, flavor, reads, nul: target.capabilities.nul };
  if (!described) {
    const { types } = await sourceTypes(driver);
    const lines = driver.typeLines();
    const paths = types.map(({ native, becomes, written }, index): TypePath => {
      const line = lines[index] as TypeLine;
      return { native, becomes, written, ...ofType(line, target, flavor) };
    });
    return { ...common, types: paths, tables: [] };
  }
  const formats = await Promise.all(FORMAT_NAMES.map(formatByName));
  await using session = await driver.open(source, 'coordinator');
  const selected = await selectedTables(settings, session);
  const tables = selected.map(({ table }) => ({
    table: displayName(table),
    columns: table.columns.map((column) => ofColumn(column, table, formats, target, flavor)),
  }));
  return { ...common, types: [], tables };
}

type Fate = Pick<TypePath, 'target' | 'notes' | 'refused'>;

function ofType(line: TypeLine, target: IngestTarget, flavor: string | null): Fate {
  const notes = line.note === undefined ? [] : [line.note];
  if (line.type === null) return { target: null, notes, refused: 'the source refuses it' };
  const column = { name: 'x', nativeType: line.native, type: line.type, nullable: true };
  const { target: sql, ...fate } = fateOf(column, false, target, flavor);
  const named = line.becomes?.includes('(p,s)') === true ? withLetters(sql, line.type) : sql;
  const open = line.becomes !== undefined && line.becomes !== describeColumnType(line.type) && named === sql;
  return { ...fate, target: open ? null : named, notes: [...notes, ...fate.notes] };
}

/** The numbers of an example stand for those of the declaration. */
function withLetters(sql: string | null, type: ColumnType): string | null {
  if (sql === null || type.kind !== 'decimal') return sql;
  return sql.replace(new RegExp(`\\(\\s*${type.precision}\\s*,\\s*${type.scale}\\s*\\)`), '(p,s)');
}

function ofColumn(
  column: ColumnSchema,
  table: TableSchema,
  formats: readonly FileFormat[],
  target: IngestTarget,
  flavor: string | null,
): TypePath & { readonly column: string } {
  const writtenBy = (by: FileFormat): string => (by.refuses(column) === null ? by.describe(column) : 'refused');
  const fate = fateOf(column, table.primaryKey.includes(column.name), target, flavor);
  return {
    column: column.name,
    native: column.nativeType,
    becomes: describeColumnType(column.type),
    written: Object.fromEntries(formats.map((by) => [by.name, writtenBy(by)])),
    ...fate,
    notes: [...(column.note === undefined ? [] : [column.note]), ...fate.notes, ...measurable(column, target)],
  };
}

function measurable({ exact }: ColumnSchema, { capabilities }: IngestTarget): readonly string[] {
  if (exact === undefined || capabilities.numbers === null) return [];
  return ['--measure makes a decimal of it, when its values have few enough digits'];
}

function fateOf(source: ColumnSchema, isKey: boolean, target: IngestTarget, flavor: string | null): Fate {
  const type = target.columnType({ source, measuredBytes: null, isKey }, flavor);
  if (type.kind === 'refusal') return { target: null, notes: [type.hint], refused: type.reason };
  return { target: type.sql, notes: type.note === null ? [] : [`${target.title}: ${type.note}`], refused: null };
}
