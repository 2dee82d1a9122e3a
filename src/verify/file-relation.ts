import type { Manifest } from '../model/manifest.ts';
import type { ColumnSchema } from '../model/table.ts';
import { csvCell, duckdbType } from './cell-types.ts';
import { type FileReader, sqlName, sqlPath, sqlText } from './duckdb-reader.ts';

/** A column as the queries over one file see it. */
export interface ReadColumn {
  readonly column: ColumnSchema;
  /** The cell as it is in the file; NULL only where the file says NULL. */
  readonly raw: string;
  /** The cell as its planned type; NULL also where it is no value of that type. */
  readonly typed: string;
}

/** One file as SQL: FROM this, with these columns. */
export interface FileRelation {
  readonly from: string;
  readonly columns: readonly ReadColumn[];
}

export interface SchemaColumn {
  readonly name: string;
  /** Null where the format has no types. */
  readonly type: string | null;
}

/** What of a manifest says how its files are read. */
type Readable = Pick<Manifest, 'schema' | 'format' | 'totals'>;

export function relationOf(manifest: Readable, path: string): FileRelation {
  const { columns } = manifest.schema;
  if (manifest.format.name === 'parquet') {
    const cells = columns.map((column) => ({ column, raw: sqlName(column.name), typed: sqlName(column.name) }));
    return { from: parquet(path), columns: cells };
  }
  const cells = columns.map((column, index) => {
    const raw = `c${index}`;
    return { column, raw, typed: csvCell(column.type, raw) };
  });
  return { from: csv(manifest, path, true), columns: cells };
}

/** What the file itself says its columns are. */
export async function readSchema(
  reader: FileReader,
  manifest: Manifest,
  path: string,
): Promise<readonly SchemaColumn[]> {
  if (manifest.format.name === 'parquet') {
    const rows = await reader.query(`DESCRIBE SELECT * FROM ${parquet(path)}`);
    return rows.map(([name, type]) => ({ name: name ?? '', type: type ?? null }));
  }
  const [header] = await reader.query(`SELECT * FROM ${csv(manifest, path, false)} LIMIT 1`);
  return (header ?? []).map((name) => ({ name: name ?? '', type: null }));
}

/** What it must say. */
export function expectedSchema(manifest: Manifest): readonly SchemaColumn[] {
  const typed = manifest.format.name === 'parquet';
  return manifest.schema.columns.map(({ name, type }) => ({ name, type: typed ? duckdbType(type) : null }));
}

/** Without hive_partitioning=false a folder called `day=1` above the file would add a column. */
function parquet(path: string): string {
  return `read_parquet(${sqlPath(path)}, hive_partitioning = false, union_by_name = false)`;
}

const LEAST_LINE_BYTES = 2_000_000;

/**
 * All cells as text. One thread reads a file (a quoted line end can stand anywhere), several files are read side by side. The longest
 * possible line follows from the longest cells of the manifest, each byte of which may be a doubled quote or two hex digits.
 */
function csv(manifest: Readable, path: string, header: boolean): string {
  const { dialect = {}, compression, nullMarker } = manifest.format;
  const longest = manifest.totals.maxBytes.reduce((sum, bytes) => sum + 2 * bytes + 64, 0);
  const columns = manifest.schema.columns.map((_, index) => `'c${index}': 'VARCHAR'`).join(', ');
  const options = [
    'auto_detect = false',
    `header = ${header}`,
    `delim = ${sqlText(textOr(dialect['delimiter'], ','))}`,
    `quote = ${sqlText(textOr(dialect['quote'], '"'))}`,
    `escape = ${sqlText(textOr(dialect['escape'], '"'))}`,
    "new_line = '\\n'",
    `nullstr = ${sqlText(nullMarker ?? '')}`,
    `allow_quoted_nulls = ${dialect['nullQuoted'] === true}`,
    `columns = {${columns}}`,
    `compression = ${sqlText(compression)}`,
    `max_line_size = ${Math.max(LEAST_LINE_BYTES, longest)}`,
    'parallel = false',
    'strict_mode = true',
    'null_padding = false',
    "encoding = 'utf-8'",
    'hive_partitioning = false',
  ];
  return `read_csv(${sqlPath(path)}, ${options.join(', ')})`;
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
