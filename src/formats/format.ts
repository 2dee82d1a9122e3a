import type { ColumnType } from '../model/column-type.ts';
import type { ColumnDigits } from '../model/digits.ts';
import type { NulTexts } from '../model/nul-texts.ts';
import type { ColumnSchema, TableSchema } from '../model/table.ts';
import type { RowBatch } from '../model/row-batch.ts';
import type { ByteSink } from '../model/byte-sink.ts';

/**
 * The contract of a file format.
 *
 * How to add one: write `formats/<name>.ts` with a `FileFormat`, add one line to `registry.ts`, and run
 * `tests/conformance/format.suite.ts` over it (every column type, empty, one row, all NULL, read back by DuckDB).
 * Every file of a table must have the identical schema, also an empty one.
 */
export interface FileFormat {
  readonly name: FormatName;
  readonly compressions: readonly Compression[];
  readonly defaultCompression: Compression;
  /** Without the leading dot: `parquet`, `csv.gz`. */
  extension(compression: Compression): string;
  /** What the column becomes in the file, for people: `DECIMAL(12,2)`, `digits`. */
  describe(column: ColumnSchema): string;
  /** The same of a type alone, for TYPES.md and `inspect --types`: `DECIMAL(p,s)`. */
  describes(type: DescribedType): string;
  /** How to read the text, for the manifest; null where the format describes itself. */
  readonly dialect: Readonly<Record<string, DialectValue>> | null;
  /** Why this column cannot be written, asked before the run starts; null when it can. */
  refuses(column: ColumnSchema): string | null;
  /** Why the set of columns cannot be written (two names that differ by case only); null when it can. */
  refusesTable(table: TableSchema): string | null;
  /** Why the NULL marker cannot be told from a value; null when it can, or when the format has no use for one. */
  refusesMarker(marker: string, columns: number): string | null;
  open(schema: TableSchema, out: ByteSink, options: FormatOptions): Promise<ChunkEncoder>;
}

/** A column type, or a decimal of any precision and scale. */
export type DescribedType = ColumnType | { readonly kind: 'decimal'; readonly precision: 'p'; readonly scale: 's' };

export type DialectValue = string | boolean | number | readonly string[];
export type FormatName = 'parquet' | 'csv';
export type Compression = 'zstd' | 'snappy' | 'gzip' | 'none';

export interface FormatOptions {
  readonly compression: Compression;
  /** The NULL marker of CSV; ignored by other formats. */
  readonly nullMarker: string;
  /** Upper bound of a row group's memory, bytes. */
  readonly rowGroupBytes: number;
  /** Written into the file where the format has a place for it: table, run, tool version. No secrets. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ChunkEncoder {
  /** Encodes a batch whose columns are those of the schema. Resolves when the encoder can take the next one. */
  write(batch: RowBatch): Promise<void>;
  /** Bytes given to the sink so far; lags behind what was written by at most one row group. */
  bytesOut(): number;
  /** Writes what is left. The file is valid only after it resolved. Rows in the file's own footer must equal rows written. */
  finish(): Promise<EncodedSummary>;
  /** Frees memory of an encoder that will not be finished; does nothing after `finish`. */
  abort(): void;
}

export interface EncodedSummary {
  readonly rows: number;
  readonly nullCounts: readonly number[];
  readonly maxBytes: readonly number[];
  readonly digits: ColumnDigits;
  /** Zeros for columns that are no texts. */
  readonly nulTexts: NulTexts;
  readonly nullMarkerCells: number;
}
