import type { Settings } from '../config/settings.ts';
import { FORMAT_NAMES, formatByName } from '../formats/registry.ts';
import type { DescribedType, FileFormat } from '../formats/format.ts';
import { describeColumnType } from '../model/column-type.ts';
import type { SourceDriver, TypeLine } from '../sources/source.ts';
import { sourceOf } from './open-source.ts';

/** The type contract of a source: every native type, what it becomes, and what each format writes. `--json` prints it as it is. */
export interface SourceTypes {
  readonly driver: string;
  /** What nobody may overlook about the source; null when there is nothing of that kind. */
  readonly caveat: string | null;
  readonly formats: readonly string[];
  readonly types: readonly TypeRow[];
}

export interface TypeRow {
  readonly native: string;
  /** `decimal(p,s)`, or `refused`. */
  readonly becomes: string;
  /** By the format's name; null where it depends on the cells, or nothing is written. */
  readonly written: Readonly<Record<string, string | null>>;
  readonly note: string | null;
}

/** Of the source that the settings name; opens no connection. */
export async function typesOfSource(settings: Settings): Promise<SourceTypes> {
  const { driver } = await sourceOf(settings);
  return sourceTypes(driver);
}

export async function sourceTypes(driver: SourceDriver): Promise<SourceTypes> {
  const formats = await Promise.all(FORMAT_NAMES.map(formatByName));
  return {
    driver: driver.name,
    caveat: driver.caveat ?? null,
    formats: formats.map(({ name }) => name),
    types: driver.typeLines().map((line) => typeRow(line, formats)),
  };
}

function typeRow(line: TypeLine, formats: readonly FileFormat[]): TypeRow {
  const described = describedType(line);
  const written = formats.map((format) => [format.name, described === null ? null : format.describes(described)]);
  const plain = line.type === null ? 'refused' : describeColumnType(line.type);
  return {
    native: line.native,
    becomes: line.becomes ?? plain,
    written: Object.fromEntries(written),
    note: line.note ?? null,
  };
}

/** Null where no one type is known before the cells are. */
function describedType({ type, becomes }: TypeLine): DescribedType | null {
  if (type === null) return null;
  if (becomes === undefined || becomes === describeColumnType(type)) return type;
  return becomes === 'decimal(p,s)' ? { kind: 'decimal', precision: 'p', scale: 's' } : null;
}

/** The table that `inspect --types` and TYPES.md show: a head and rows. */
export function typeTable({ driver, formats, types }: SourceTypes): readonly (readonly string[])[] {
  const head = [driver, 'becomes', ...formats.map((format) => FORMAT_TITLES[format] ?? format), 'note'];
  const rows = types.map(({ native, becomes, written, note }) => [
    native,
    becomes,
    ...formats.map((format) => written[format] ?? '–'),
    note ?? '',
  ]);
  return [head, ...rows];
}

const FORMAT_TITLES: Readonly<Record<string, string>> = { parquet: 'Parquet', csv: 'CSV' };
